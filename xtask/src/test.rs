//! `cargo xtask test`: every check of the project, part by part, each with its time.

use std::time::Instant;

use anyhow::{Result, bail};

use crate::{cargo, debian, guests, root, run as command, target};

type Part = (&'static str, fn() -> Result<()>);

const PARTS: [Part; 10] = [
    ("fmt", fmt),
    ("deny", deny),
    ("clippy", clippy),
    ("guests", build_guests),
    ("plugins", plugins),
    ("host", host),
    ("services", services),
    ("simulation", simulation),
    ("docs", docs),
    ("demo", demo),
];

/// Runs all parts, or one of them.
pub fn run(only: Option<&str>) -> Result<()> {
    let chosen: Vec<&Part> = PARTS.iter().filter(|(name, _)| only.is_none_or(|o| o == *name)).collect();
    if chosen.is_empty() {
        bail!("there is no such part; there are: {}", PARTS.map(|(name, _)| name).join(", "));
    }
    for (name, part) in chosen {
        eprintln!("── {name}");
        let start = Instant::now();
        part()?;
        eprintln!("── {name}: passed in {:.0} s", start.elapsed().as_secs_f64());
    }
    Ok(())
}

fn fmt() -> Result<()> {
    command(cargo().args(["fmt", "--all", "--check"]))?;
    command(cargo().args(["fmt", "--all", "--check"]).current_dir(root().join("plugins")))
}

/// Licences, banned crates and registries of all dependencies: `deny.toml`.
fn deny() -> Result<()> {
    const VERSION: &str = "0.20.2";
    let tools = target().join("tools");
    let program = tools.join("bin").join("cargo-deny");
    if !program.exists() {
        eprintln!("Building cargo-deny (once) …");
        command(
            cargo()
                // It runs for seconds: quick to compile matters more.
                .args([
                    "install",
                    "cargo-deny",
                    "--version",
                    VERSION,
                    "--locked",
                    "--quiet",
                    "--debug",
                    "--root",
                ])
                .arg(&tools)
                .env("CARGO_TARGET_DIR", tools.join("build")),
        )?;
        // The program is enough; its build folder is large.
        std::fs::remove_dir_all(tools.join("build"))?;
    }
    for manifest in ["Cargo.toml", "plugins/Cargo.toml"] {
        let mut check = std::process::Command::new(&program);
        check.arg("--log-level").arg("error").arg("--manifest-path").arg(root().join(manifest));
        check.arg("--config").arg(root().join("deny.toml")).args(["check", "licenses", "bans", "sources"]);
        command(&mut check)?;
    }
    Ok(())
}

fn clippy() -> Result<()> {
    let lint = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    command(cargo().args(lint))?;
    command(
        cargo()
            .args(lint)
            .current_dir(root().join("plugins"))
            .env("CARGO_TARGET_DIR", target().join("guest-native")),
    )
}

fn build_guests() -> Result<()> {
    guests::build().map(|_| ())
}

/// The plugins' own tests, compiled natively.
fn plugins() -> Result<()> {
    command(
        cargo()
            .args(["test", "--workspace", "--locked"])
            .current_dir(root().join("plugins"))
            .env("CARGO_TARGET_DIR", target().join("guest-native")),
    )
}

fn host() -> Result<()> {
    let folder = guests::build()?;
    // The package `services` has a part of its own, as it needs Java.
    let test = ["test", "--workspace", "--exclude", "services", "--locked"];
    command(cargo().args(test).env("VIGIE_PLUGINS", folder))
}

/// Vigie on real services, which the tests fetch and start.
fn services() -> Result<()> {
    // Of the whole workspace, as the features of libraries are chosen by what is built together.
    command(on_services()?.args(["test", "--workspace", "--locked", "--test", "kafka"]))?;
    debian::ensure(&debian::STORES, services::find_store_tools)?;
    command(cargo().args(["test", "--workspace", "--locked", "--test", "stores"]))?;
    let parts = ["fetch::", "go::", "java::", "minio::", "process::"];
    command(cargo().args(["test", "--workspace", "--locked", "--lib", "--"]).args(parts))
}

/// All attacks on Kafka, one after the other, with a host killed as often as takes about half an hour; what they
/// say is shown, with their seeds.
pub fn chaos() -> Result<()> {
    let attack = ["--", "--nocapture", "--test-threads", "1", "attacks::"];
    let test = ["test", "--workspace", "--locked", "--test", "kafka"];
    command(on_services()?.args(test).args(attack).env("VIGIE_TEST_KILLS", "100"))
}

/// Cargo, where all is there that tests on services need: Java, the plugins, and the program, which they run.
fn on_services() -> Result<std::process::Command> {
    let folder = guests::build()?;
    debian::ensure(&debian::KAFKA, services::find_tools)?;
    command(cargo().args(["build", "--quiet", "--locked", "--workspace"]))?;
    let mut cargo = cargo();
    cargo.env("VIGIE_PLUGINS", folder);
    Ok(cargo)
}

/// As many seeds as two cores run in about a minute.
fn simulation() -> Result<()> {
    crate::simulate(&["--seeds".into(), "2000".into()])
}

fn docs() -> Result<()> {
    command(
        cargo()
            .args(["doc", "--workspace", "--no-deps", "--locked", "--quiet"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}

/// What the README's first command runs, from nothing, then again to see that it continues. With the program of the tests: to
/// build everything once more for release takes longer than all else here.
fn demo() -> Result<()> {
    let plugins = guests::build()?;
    command(cargo().args(["build", "--quiet", "--locked", "--workspace"]))?;
    let vigie = target().join("debug").join("vigie");
    let data = target().join("demo-test");
    if data.exists() {
        std::fs::remove_dir_all(&data)?;
    }
    let arguments = ["--data-dir".to_owned(), data.display().to_string()];
    crate::run_demo(&vigie, &plugins, &arguments)?;
    crate::run_demo(&vigie, &plugins, &arguments)
}
