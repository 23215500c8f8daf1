//! Pipelines that would leak: each is refused before it starts, with the field or what else would
//! carry the label, the way it took, and the mend.

use std::fs;

use crate::{root, said, vigie};

/// Each pipeline in `pipelines/leaking` is refused in the words of the file beside it.
/// `VIGIE_WRITE_GOLDEN=1 cargo xtask test --only host` writes those files: read what changed.
#[test]
fn leaking_pipelines_are_refused_in_these_words() {
    let data = tempfile::tempdir().unwrap();
    let mut files = 0;
    for entry in fs::read_dir(root().join("pipelines/leaking")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let file = format!("pipelines/leaking/{}", path.file_name().unwrap().to_string_lossy());
        let output = vigie(data.path(), &["check", &file]).output().unwrap();
        let said = said(&output);
        assert!(!output.status.success() && said.contains("VG0103"), "{file}: {said}");
        let golden = path.with_extension("txt");
        if std::env::var_os("VIGIE_WRITE_GOLDEN").is_some() {
            fs::write(&golden, &said).unwrap();
        }
        assert_eq!(said, fs::read_to_string(&golden).unwrap(), "{file}");
        files += 1;
    }
    assert!(files >= 7, "only {files} leaking pipelines");
}

/// The demo's pipeline with some things changed, and what must be said of it by a command.
fn refused_by(command: &str, changes: &[(&str, &str)], parts: &[&str]) {
    let data = tempfile::tempdir().unwrap();
    let mut yaml = fs::read_to_string(root().join("pipelines/field-reports.yaml")).unwrap();
    for (from, to) in changes {
        assert!(yaml.contains(from), "`{from}` is not in the pipeline");
        yaml = yaml.replacen(from, to, 1);
    }
    let file = data.path().join("leaking.yaml");
    fs::write(&file, yaml.replace("../data", &root().join("data").to_string_lossy())).unwrap();
    let output = vigie(data.path(), &[command, file.to_str().unwrap()]).output().unwrap();
    let said = said(&output);
    assert!(!output.status.success(), "{command} accepts a leak: {said}");
    for part in ["VG0103", "mend:"].iter().chain(parts) {
        assert!(said.contains(part), "{part} is missing in: {said}");
    }
    assert!(!data.path().join("store.db").exists(), "a store was made for a pipeline that leaks");
}

fn refused(from: &str, to: &str, parts: &[&str]) {
    refused_by("check", &[(from, to)], parts);
}

#[test]
fn an_author_that_no_step_masks() {
    let parts = ["`author`", "`personal`", "`events`", "path: schema"];
    for command in ["check", "run"] {
        refused_by(command, &[("      author: pseudonym\n", "")], &parts);
    }
}

#[test]
fn masked_text_in_a_topic_that_takes_no_residue() {
    let from = "clearance: [location, pseudonym, residual]";
    refused(
        from,
        "clearance: [location, pseudonym]",
        &["`text`", "`residual`", "mask makes `personal` `residual`"],
    );
}

#[test]
fn a_pseudonym_in_a_topic_that_takes_none() {
    let from = "clearance: [location, pseudonym, residual]";
    refused(from, "clearance: [location, residual]", &["`author`", "mask makes `personal` `pseudonym`"]);
}

#[test]
fn a_cell_is_still_a_location() {
    let from = "clearance: [location, residual, pseudonym]";
    refused(from, "clearance: [residual, pseudonym]", &["`location`", "topic `cells`", "locate("]);
}

#[test]
fn state_holds_what_was_folded_into_it() {
    let parts = ["the state of step `unique`", "`pseudonym`", "`clearance: {state: …}`"];
    refused("state: [location, pseudonym, residual]", "state: [location, residual]", &parts);
}

#[test]
fn refused_rows_are_a_sink_too() {
    let parts = ["refused rows", "`personal`", "`dead-letters.rows`"];
    refused("dead_letter_rows: [personal, ", "dead_letter_rows: [", &parts);
}

#[test]
fn a_store_is_a_sink_too_and_so_are_the_rows_that_it_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stores.yaml");
    let check = |clearance: &str, pipeline: &str| {
        let lake = folder.path().join("lake");
        let stores = format!("stores: {{lake: {{s3: {{url: 'file://{}'}}, {clearance}}}}}", lake.display());
        std::fs::write(&file, stores).unwrap();
        let mut command = crate::vigie(folder.path(), &["check", pipeline, "--stores"]);
        crate::said(&command.arg(&file).output().unwrap())
    };
    let pipeline = "pipelines/field-reports.yaml";
    let all = "clearance: [location, pseudonym, residual]";
    assert!(check(all, pipeline).contains("fit to run"), "{}", check(all, pipeline));
    for (clearance, parts) in [
        (
            "clearance: [location, pseudonym]",
            ["VG0103", "`residual`", "store `lake`", "add `residual` to the store's clearance"],
        ),
        ("clearance: []", ["VG0103", "topic `events`", "store `lake`", "path: schema"]),
        ("topics: [nowhere]", ["VG0101", "store `lake`", "`nowhere`", "no step"]),
    ] {
        let said = check(clearance, pipeline);
        assert!(parts.iter().all(|part| said.contains(part)), "{clearance}: {said}");
    }
    // Nothing of it has a label.
    assert!(check("topics: [dead-letters]", pipeline).contains("fit to run"));
    // What the store may hold its dead letters must be able to hold.
    let narrow = folder.path().join("narrow.yaml");
    let yaml = std::fs::read_to_string(crate::root().join(pipeline)).unwrap();
    let yaml = yaml.replace(
        "dead_letter_rows: [personal, location, pseudonym, residual]",
        "dead_letter_rows: [personal, location]",
    );
    let yaml = yaml.replace("../data", crate::root().join("data").to_str().unwrap());
    std::fs::write(&narrow, yaml).unwrap();
    let said = check(all, narrow.to_str().unwrap());
    assert!(said.contains("`dead-letters.rows`, if store `lake` refuses a row"), "{said}");
}

#[test]
fn which_rows_there_are_shows_what_they_were_chosen_by() {
    // The time is a secret. Counts have no time in them, but dedupe chose by it what is counted.
    let cleared = "clearance: [location, pseudonym, residual]";
    let changes = [
        (
            "{name: timestamp, kind: timestamp, required: true}",
            "{name: timestamp, kind: timestamp, required: true, labels: [secret]}",
        ),
        ("dead_letter_rows: [", "dead_letter_rows: [secret, "),
        ("state: [", "state: [secret, "),
        (cleared, "clearance: [secret, location, pseudonym, residual]"),
        (cleared, "clearance: [secret, location, pseudonym, residual]"),
    ];
    refused_by("check", &changes, &["`secret`", "`cells`", "the choice of rows"]);
}
