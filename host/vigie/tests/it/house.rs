//! The house's rules.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::root;

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs" || e == "toml") {
            found.push(path);
        }
    }
}

fn host_sources() -> Vec<PathBuf> {
    let mut found = Vec::new();
    sources(&root().join("host"), &mut found);
    found
}

#[test]
fn every_error_code_has_its_page_and_every_page_its_code() {
    let mut codes = BTreeSet::new();
    let mut all = host_sources();
    sources(&root().join("tests/services/src"), &mut all);
    for path in all.iter().filter(|p| p.extension().is_some_and(|e| e == "rs")) {
        if path.strip_prefix(root()).unwrap().components().skip(1).any(|c| c.as_os_str() == "tests") {
            continue;
        }
        let text = fs::read_to_string(path).unwrap();
        for (at, _) in text.match_indices("VG") {
            let code: String = text[at..].chars().take(6).collect();
            if code.len() == 6 && code[2..].bytes().all(|b| b.is_ascii_digit()) {
                codes.insert(code);
            }
        }
    }
    let pages: BTreeSet<String> = fs::read_dir(root().join("docs/errors"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let without_page: Vec<_> = codes.difference(&pages).collect();
    let without_code: Vec<_> = pages.difference(&codes).collect();
    assert!(without_page.is_empty(), "no page in docs/errors for {without_page:?}");
    assert!(without_code.is_empty(), "pages of codes that nobody gives: {without_code:?}");
}

#[test]
fn each_big_library_is_known_to_one_crate() {
    let allowed: [(&str, &[&str]); 13] = [
        ("wasmtime", &["plugin"]),
        ("rusqlite", &["log-embedded", "store-embedded"]),
        ("rdkafka", &["log-kafka"]),
        ("sonic-rs", &["event"]),
        // A store for maps finds the parents of cells.
        ("h3o", &["reference", "store-elasticsearch"]),
        ("geo", &["reference"]),
        ("cedar-policy", &["policy"]),
        ("prometheus-client", &["observe"]),
        ("httparse", &["observe"]),
        ("scylla", &["store-cassandra"]),
        ("elasticsearch", &["store-elasticsearch"]),
        ("object_store", &["store-s3"]),
        ("parquet", &["store-s3"]),
    ];
    for path in host_sources().iter().filter(|p| p.ends_with("Cargo.toml")) {
        let crate_name = path.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        let manifest = fs::read_to_string(path).unwrap();
        for (library, knows) in allowed {
            let named = manifest.lines().any(|l| l.starts_with(library));
            assert!(!named || knows.contains(&&*crate_name), "{crate_name} must not name {library}");
        }
    }
}

#[test]
fn dependencies_point_up_the_chain_only() {
    // A crate may name only crates that stand before it.
    let order = [
        "event",
        "log",
        "simulate",
        "plugin",
        "policy",
        "reference",
        "state",
        "log-embedded",
        "log-kafka",
        "deliver",
        "store-embedded",
        "store-cassandra",
        "store-elasticsearch",
        "store-s3",
        "pipeline",
        "observe",
        "vigie",
    ];
    for (at, crate_name) in order.iter().enumerate() {
        let manifest = fs::read_to_string(root().join("host").join(crate_name).join("Cargo.toml")).unwrap();
        for later in &order[at + 1..] {
            let named = manifest.lines().any(|l| l.starts_with(&format!("{later}.workspace")));
            assert!(!named, "{crate_name} must not name {later}");
        }
    }
}

#[test]
fn every_plugin_passes_its_cases_in_the_sandbox() {
    let data = tempfile::tempdir().unwrap();
    let mut tested = 0;
    for entry in fs::read_dir(root().join("plugins")).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        // The SDK is no plugin, and the hostile guest breaks the contract on purpose.
        let is_plugin = folder.join("Cargo.toml").exists() && !name.starts_with("sdk") && name != "hostile";
        if is_plugin {
            let cases = format!("plugins/{name}/cases.yaml");
            let said = crate::succeed(&mut crate::vigie(data.path(), &["plugin", "test", &name, &cases]));
            assert!(said.contains("0 failed"), "{said}");
            tested += 1;
        }
    }
    assert!(tested >= 5, "only {tested} plugins were found");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let data = tempfile::tempdir().unwrap();
    let mut command = crate::vigie(data.path(), &["check", "pipelines/field-reports.yaml"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", crate::said(&output));
}

#[test]
fn the_published_schemas_of_files_are_the_programs() {
    let data = tempfile::tempdir().unwrap();
    for file in ["pipeline", "stores"] {
        let command = format!("{file}-schema");
        let printed = crate::succeed(&mut crate::vigie(data.path(), &[&command]));
        let published = fs::read_to_string(root().join(format!("docs/{file}.schema.json"))).unwrap();
        assert_eq!(printed, published, "write it anew: vigie {command} > docs/{file}.schema.json");
        assert!(printed.contains("\"additionalProperties\": false"));
    }
}

#[test]
fn a_plugin_may_leave_events_out_or_make_several_of_one() {
    let data = tempfile::tempdir().unwrap();
    let built = std::env::var_os("VIGIE_PLUGINS").map_or_else(
        || Path::new(env!("CARGO_BIN_EXE_vigie")).ancestors().nth(2).unwrap().join("plugins"),
        PathBuf::from,
    );
    let tests = built.join("tests");
    for (name, cases) in [("sieve", "2 case"), ("split", "1 case")] {
        let file = format!("plugins/tests/{name}/cases.yaml");
        let arguments = ["plugin", "test", name, &file, "--plugins"];
        let said = crate::succeed(crate::vigie(data.path(), &arguments).arg(&tests));
        assert!(said.contains(cases) && said.contains("0 failed"), "{said}");
    }
}

#[test]
fn the_guide_shows_the_first_plugin_as_it_is() {
    let guide = fs::read_to_string(root().join("plugins/README.md")).unwrap();
    for file in ["src/lib.rs", "cases.yaml"] {
        let shown = fs::read_to_string(root().join("plugins/flood-alarm").join(file)).unwrap();
        assert!(guide.contains(&shown), "plugins/README.md must show flood-alarm/{file} word for word");
    }
}

#[test]
fn every_command_in_the_docs_runs() {
    let data = tempfile::tempdir().unwrap();
    crate::succeed(&mut crate::vigie(data.path(), &["demo", "--events", "500"]));
    let program = env!("CARGO_BIN_EXE_vigie");
    let mut ran = 0;
    for page in ["README.md", "plugins/README.md", "docs/pipeline-file.md"] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
        for line in blocks.flat_map(str::lines).filter(|line| line.starts_with("target/release/vigie ")) {
            let line = line.replace("target/release/vigie", program);
            let mut shell = std::process::Command::new("sh");
            shell.args(["-c", &line]).current_dir(root()).env("VIGIE_DATA_DIR", data.path());
            if std::env::var_os("VIGIE_PLUGINS").is_none() {
                let built = Path::new(program).ancestors().nth(2).unwrap().join("plugins");
                shell.env("VIGIE_PLUGINS", built);
            }
            let said = crate::succeed(&mut shell);
            assert!(!said.trim().is_empty(), "{page}: {line} says nothing");
            ran += 1;
        }
    }
    assert!(ran >= 8, "only {ran} commands were found");
}

#[test]
fn the_page_of_limits_has_the_programs_own_numbers() {
    let page = fs::read_to_string(root().join("docs/pipeline-file.md")).unwrap();
    let limits = plugin::Limits::default();
    let rows = [
        ("memory_mib", limits.memory_bytes >> 20),
        ("time_per_batch_ms", usize::try_from(limits.time_per_batch_ms).unwrap()),
        ("fuel_per_call", usize::try_from(limits.fuel_per_call).unwrap()),
        ("rows_per_row", limits.rows_per_row),
        ("output_mib", limits.output_bytes >> 20),
        ("state_bytes_per_key", limits.state_bytes_per_key),
    ];
    for (key, default) in rows {
        let row = format!("| `{key}` | {default} |");
        assert!(page.contains(&row), "docs/pipeline-file.md has no row {row}");
    }
}
