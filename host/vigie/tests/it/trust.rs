//! A plugin's name stands for bytes that somebody trusted.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{said, succeed, vigie};

/// A folder with copies of the built plugins and their lock.
fn copied() -> (tempfile::TempDir, PathBuf) {
    let built = std::env::var_os("VIGIE_PLUGINS").map_or_else(
        || Path::new(env!("CARGO_BIN_EXE_vigie")).ancestors().nth(2).unwrap().join("plugins"),
        PathBuf::from,
    );
    let data = tempfile::tempdir().unwrap();
    let plugins = data.path().join("plugins");
    fs::create_dir(&plugins).unwrap();
    for entry in fs::read_dir(built).unwrap().map(Result::unwrap).filter(|e| e.path().is_file()) {
        fs::copy(entry.path(), plugins.join(entry.file_name())).unwrap();
    }
    (data, plugins)
}

#[test]
fn other_bytes_under_a_trusted_name_do_not_run() {
    let (data, plugins) = copied();
    let folder = plugins.to_str().unwrap();
    let check = ["--plugins", folder, "check", "pipelines/field-reports.yaml"];
    succeed(&mut vigie(data.path(), &check));
    // Another plugin in the place of the one that may take labels off.
    fs::copy(plugins.join("flood-alarm.wasm"), plugins.join("mask-pii.wasm")).unwrap();
    let output = vigie(data.path(), &check).output().unwrap();
    assert!(!output.status.success() && said(&output).contains("VG0021: the bytes of plugin `mask-pii`"));
}

#[test]
fn a_plugin_that_nobody_trusts_can_be_tested_and_trusted_but_not_run() {
    let (data, plugins) = copied();
    let folder = plugins.to_str().unwrap();
    fs::remove_file(plugins.join("plugins.lock")).unwrap();
    let vigie = |arguments: &[&str]| vigie(data.path(), &[&["--plugins", folder], arguments].concat());
    succeed(&mut vigie(&["plugin", "test", "flood-alarm", "plugins/flood-alarm/cases.yaml"]));
    let output = vigie(&["check", "pipelines/field-reports.yaml"]).output().unwrap();
    assert!(said(&output).contains("VG0021: nobody has trusted plugin `mask-pii`"), "{}", said(&output));
    for name in ["mask-pii", "locate", "enrich", "dedupe", "aggregate"] {
        succeed(&mut vigie(&["plugin", "trust", name]));
    }
    succeed(&mut vigie(&["check", "pipelines/field-reports.yaml"]));
    fs::write(plugins.join("plugins.lock"), "[no map").unwrap();
    let output = vigie(&["check", "pipelines/field-reports.yaml"]).output().unwrap();
    assert!(said(&output).contains("VG0022"), "{}", said(&output));
}

#[test]
fn what_others_put_into_the_cache_is_not_run() {
    let data = tempfile::tempdir().unwrap();
    let cache = data.path().join("cache");
    let check = || {
        let mut command = vigie(data.path(), &["check", "pipelines/field-reports.yaml"]);
        command.env("VIGIE_CACHE_DIR", &cache);
        succeed(&mut command)
    };
    let entries = || -> Vec<(PathBuf, Vec<u8>)> {
        let mut paths: Vec<_> = fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    };
    let said = check();
    let kept = entries();
    assert_eq!(kept.len(), 5, "an entry for each plugin");
    // Every entry with some of its code changed, and one cut short.
    for (number, (path, bytes)) in kept.iter().enumerate() {
        let mut bytes = bytes.clone();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0xff;
        bytes.truncate(if number == 0 { 10 } else { bytes.len() });
        fs::write(path, bytes).unwrap();
    }
    assert_eq!(check(), said);
    assert_eq!(entries().len(), 5, "compiled anew, and kept again");
    assert!(entries().iter().zip(&kept).all(|((_, new), (_, old))| new.len() == old.len()));
    // Another installation's secret: its entries are as good as none.
    fs::remove_file(data.path().join("cache.key")).unwrap();
    assert_eq!(check(), said);
}
