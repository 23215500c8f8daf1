//! Builds the core plugins for wasm32 and wraps them as components.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};
use wit_component::ComponentEncoder;

use crate::{debian, root, target};

const TARGET: &str = "wasm32-unknown-unknown";
const PLUGINS: [&str; 6] = ["mask-pii", "locate", "enrich", "aggregate", "dedupe", "flood-alarm"];
/// Guests that only tests and benchmarks run; they do not lie among the core plugins.
const TEST_GUESTS: [&str; 7] =
    ["bench-hand", "bench-fixed", "bench-text", "hostile", "fuse", "sieve", "split"];
const DEBIAN: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld"];
const LINKERS: [&str; 3] = ["wasm-ld", "wasm-ld-22", "rust-lld"];

/// Builds all core plugins; gives the folder that holds `NAME.wasm` for each.
pub fn build() -> Result<PathBuf> {
    let mut command = toolchain()?;
    let work = target().join("guest");
    let flags = [
        // Every WebAssembly engine has 128-bit vectors; scanning text needs them.
        "-Ctarget-feature=+simd128".to_owned(),
        format!("--remap-path-prefix={}=/registry", cargo_home().join("registry/src").display()),
        format!("--remap-path-prefix={}=/vigie", root().display()),
    ];
    command
        .args(["--release", "--quiet", "--target", TARGET])
        .args(PLUGINS.iter().chain(&TEST_GUESTS).flat_map(|p| ["--package", p]))
        .current_dir(root().join("plugins"))
        .env("CARGO_TARGET_DIR", &work)
        // The encoded form, because a path may have a space in it.
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    eprintln!("Building the core plugins for {TARGET} …");
    crate::run(&mut command)?;
    let folder = target().join("plugins");
    let tests = folder.join("tests");
    std::fs::create_dir_all(&tests)?;
    let all = PLUGINS.iter().map(|name| (name, &folder)).chain(TEST_GUESTS.iter().map(|name| (name, &tests)));
    for (plugin, folder) in all {
        let module = work.join(TARGET).join("release").join(format!("{}.wasm", plugin.replace('-', "_")));
        let core = std::fs::read(&module).with_context(|| module.display().to_string())?;
        let component = ComponentEncoder::default().validate(true).module(&core)?.encode()?;
        write_if_changed(&folder.join(format!("{plugin}.wasm")), &component)?;
    }
    lock(&folder)?;
    Ok(folder)
}

/// Trusts the core plugins that were just built here; what else the lock has stays.
fn lock(folder: &Path) -> Result<()> {
    let path = folder.join("plugins.lock");
    let old = std::fs::read_to_string(&path).unwrap_or_default();
    let others = old.lines().filter(|line| !PLUGINS.iter().any(|p| line.starts_with(&format!("{p}:"))));
    let mut lines: Vec<String> = others.map(Into::into).collect();
    for plugin in PLUGINS {
        let bytes = std::fs::read(folder.join(format!("{plugin}.wasm")))?;
        // In quotes: digits with an `e` among them could be a number to YAML.
        lines.push(format!("{plugin}: \"{}\"", hex::encode(Sha256::digest(bytes))));
    }
    lines.sort();
    write_if_changed(&path, (lines.join("\n") + "\n").as_bytes())
}

/// rustup's target where it is there or may be fetched, otherwise Debian's packages and std from source.
fn toolchain() -> Result<Command> {
    if rustup_has() || (fetch_allowed() && rustup_adds() && rustup_has()) {
        let mut command = Command::new("cargo");
        command.arg("build");
        return Ok(command);
    }
    debian::ensure(&DEBIAN, || if debian_has() { Ok(()) } else { bail!("{}", advice()) })?;
    let Some(linker) = linker() else { bail!("{}", advice()) };
    let mut command = Command::new("/usr/bin/cargo");
    command
        .args(["build", "-Zbuild-std=std,panic_abort"])
        // Without these, cargo would find rustup's compiler first on the PATH.
        .env("RUSTC", "/usr/bin/rustc")
        .env("RUSTDOC", "/usr/bin/rustdoc")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
    for variable in ["RUSTUP_TOOLCHAIN", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER", "CARGO", "RUSTFLAGS"] {
        command.env_remove(variable);
    }
    Ok(command)
}

fn fetch_allowed() -> bool {
    std::env::var("GUEST_RUSTUP_FETCH").as_deref() != Ok("0")
}

fn rustup_has() -> bool {
    let printed = Command::new("rustc").args(["--print", "sysroot"]).current_dir(root()).output();
    printed.is_ok_and(|out| {
        let sysroot = String::from_utf8_lossy(&out.stdout).trim().to_owned();
        Path::new(&sysroot).join("lib/rustlib").join(TARGET).join("lib").is_dir()
    })
}

fn rustup_adds() -> bool {
    let mut command = Command::new("timeout");
    command.args(["60", "rustup", "--quiet", "target", "add", TARGET]).current_dir(root());
    command.output().is_ok_and(|out| out.status.success())
}

fn debian_has() -> bool {
    Path::new("/usr/bin/cargo").exists()
        && Command::new("/usr/bin/rustc").args(["--print", "sysroot"]).output().is_ok_and(|out| {
            let sysroot = String::from_utf8_lossy(&out.stdout).trim().to_owned();
            Path::new(&sysroot).join("lib/rustlib/src/rust/library/Cargo.lock").exists()
        })
        && linker().is_some()
}

fn linker() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    LINKERS.iter().flat_map(|name| folders.iter().map(move |f| f.join(name))).find(|p| p.exists())
}

fn advice() -> String {
    format!(
        "plugins need the standard library of {TARGET}: run `rustup target add {TARGET}`, or on Debian \
         `apt-get install {}`",
        DEBIAN.join(" ")
    )
}

fn cargo_home() -> PathBuf {
    std::env::var_os("CARGO_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cargo"),
        PathBuf::from,
    )
}

fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<()> {
    if std::fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    std::fs::write(path, bytes).with_context(|| path.display().to_string())
}
