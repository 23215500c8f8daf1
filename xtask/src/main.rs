//! The two commands of the README, and what developers do every day.

mod debian;
mod guests;
mod test;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

const HELP: &str = "\
cargo xtask demo [ARGUMENT…]      build everything, then `vigie demo` with the arguments
cargo xtask test [--only PART]    every check; parts: fmt, deny, clippy, guests, host,
                                  services, simulation, plugins, docs, demo
cargo xtask test --chaos          all attacks on a real Kafka under load, with 100 kills of a host
cargo xtask simulate --seeds N    run N seeds under faults; --seed S runs one again
cargo xtask bench [PART]          measure; figures beside their limits; parts: boundary, native, stage, state, demo
cargo xtask bench kafka [OPTION…] the same on a Kafka broker, beside programs written by hand; --help says more
cargo xtask bench stores [OPTION…] rows per second into each store, when they are found, outages; --help says more
cargo xtask kafka                 start a Kafka broker to try things on, until Enter is pressed
cargo xtask plugins               build the core plugins only";

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    match command.as_str() {
        "demo" => demo(&rest),
        "test" => match rest.as_slice() {
            [] => test::run(None),
            [only, part] if only == "--only" => test::run(Some(part)),
            [chaos] if chaos == "--chaos" => test::chaos(),
            _ => bail!("usage:\n{HELP}"),
        },
        "simulate" => simulate(&rest),
        "bench" => match rest.split_first() {
            Some((part, options)) if part == "kafka" => bench_kafka(options),
            Some((part, options)) if part == "stores" => bench_stores(options),
            _ => bench(&rest),
        },
        "kafka" => kafka(),
        "plugins" => guests::build().map(|_| ()),
        "" | "help" | "--help" | "-h" => {
            println!("{HELP}");
            Ok(())
        }
        other => bail!("there is no `cargo xtask {other}`; there are:\n{HELP}"),
    }
}

fn demo(arguments: &[String]) -> Result<()> {
    let plugins = guests::build()?;
    eprintln!("Building vigie (the first time takes some minutes) …");
    run(cargo().args(["build", "--release", "--package", "vigie"]))?;
    run_demo(&target().join("release").join("vigie"), &plugins, arguments)
}

fn run_demo(vigie: &Path, plugins: &Path, arguments: &[String]) -> Result<()> {
    run(Command::new(vigie).arg("demo").arg("--plugins").arg(plugins).args(arguments).current_dir(root()))
}

/// In the profile of the tests, whose dependencies are built already, and optimised.
fn simulate(arguments: &[String]) -> Result<()> {
    let plugins = guests::build()?;
    // Of the package alone other features of libraries would be chosen, and all of them built once more.
    run(cargo().args(["build", "--quiet", "--locked", "--workspace"]))?;
    let mut command = Command::new(target().join("debug").join("simulation"));
    run(command.arg("--plugins").arg(plugins).args(arguments))
}

/// With an empty disk, and gone afterwards.
fn kafka() -> Result<()> {
    debian::ensure(&debian::KAFKA, services::find_tools)?;
    eprintln!("Starting Kafka (the first time it is fetched) …");
    let kafka = services::Kafka::start_for_people()?;
    println!(
        "Kafka listens. In another terminal:\n\n  export VIGIE_LOG=kafka://{}\n",
        kafka.broker().address
    );
    println!("Press Enter here to stop it; all that is in it goes with it.");
    if std::io::stdin().read_line(&mut String::new())? == 0 {
        // Nobody can press Enter: until this is killed.
        loop {
            std::thread::park();
        }
    }
    Ok(())
}

fn bench(arguments: &[String]) -> Result<()> {
    let plugins = guests::build()?;
    eprintln!("Building for release …");
    run(cargo().args(["build", "--release", "--package", "vigie", "--package", "bench"]))?;
    let native = target().join("guest-native");
    run(cargo()
        .args(["build", "--release", "--package", "bench-native"])
        .current_dir(root().join("plugins"))
        .env("CARGO_TARGET_DIR", &native))?;
    let release = target().join("release");
    let mut command = Command::new(release.join("bench"));
    command.arg(plugins).arg(release.join("vigie")).arg(native.join("release/bench-native"));
    command.args(arguments);
    run(command.current_dir(root()))
}

fn bench_kafka(options: &[String]) -> Result<()> {
    let plugins = guests::build()?;
    debian::ensure(&debian::KAFKA, services::find_tools)?;
    eprintln!("Building for release …");
    // Each alone: the program as it is released, with no features that another package asks for.
    for package in ["vigie", "bench-kafka"] {
        run(cargo().args(["build", "--release", "--locked", "--package", package]))?;
    }
    let release = target().join("release");
    let mut command = Command::new(release.join("bench-kafka"));
    command.arg("measure").arg(plugins).arg(release.join("vigie")).args(options);
    run(command.current_dir(root()))
}

fn bench_stores(options: &[String]) -> Result<()> {
    let plugins = guests::build()?;
    debian::ensure(&debian::STORES, services::find_store_tools)?;
    eprintln!("Building for release …");
    for package in ["vigie", "bench-stores"] {
        run(cargo().args(["build", "--release", "--locked", "--package", package]))?;
    }
    let release = target().join("release");
    let mut command = Command::new(release.join("bench-stores"));
    command.arg(plugins).arg(release.join("vigie")).args(options);
    run(command.current_dir(root()))
}

/// The folder of the checkout.
fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or(here.clone(), PathBuf::from)
}

/// Where cargo builds.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    // What cargo tells this program of its package: build scripts that watch it would run again, where cargo is called
    // by hand in between, and all that stands on them would be built once more.
    for (name, _) in std::env::vars_os() {
        if name
            .to_str()
            .is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
        {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command to its end, its output shown.
fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}
