//! Policies decide, and say which of them did.

use std::fs;
use std::path::Path;

use crate::{root, said, succeed, vigie};

/// `vigie`'s words about the default policies with something changed in a file of theirs.
fn with(file: &str, from: &str, to: &str, arguments: &[&str]) -> (bool, String) {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("policies");
    fs::create_dir(&folder).unwrap();
    for entry in fs::read_dir(root().join("policies")).unwrap() {
        let path = entry.unwrap().path();
        let mut text = fs::read_to_string(&path).unwrap();
        if path.ends_with(file) {
            assert!(text.contains(from), "`{from}` is not in {file}");
            text = text.replacen(from, to, 1);
        }
        fs::write(folder.join(path.file_name().unwrap()), text).unwrap();
    }
    run(&folder, data.path(), arguments)
}

fn run(policies: &Path, data: &Path, arguments: &[&str]) -> (bool, String) {
    let output = vigie(data, arguments).arg("--policies").arg(policies).output().unwrap();
    (output.status.success(), said(&output))
}

const CHECK: [&str; 2] = ["check", "pipelines/field-reports.yaml"];

#[track_caller]
fn refused((success, said): (bool, String), parts: &[&str]) {
    assert!(!success, "{said}");
    for part in parts {
        assert!(said.contains(part), "{part} is missing in: {said}");
    }
}

#[test]
fn the_default_policies_pass_their_cases() {
    let data = tempfile::tempdir().unwrap();
    let said = succeed(&mut vigie(data.path(), &["policy", "test"]));
    assert!(said.contains("mask-pii as configured") && !said.contains("FAILED"), "{said}");
}

#[test]
fn a_case_with_another_answer_fails() {
    refused(with("cases.yaml", "expect: permit", "expect: deny", &["policy", "test"]), &["VG0026", "FAILED"]);
}

#[test]
fn another_configuration_of_mask_pii_needs_a_permit_of_its_own() {
    let changed = with("field-reports.cedar", "bc5c147b", "00000000", &CHECK);
    refused(changed, &["VG0103", "`author`", "takes nothing off", "bc5c147b", "no policy permits it"]);
}

#[test]
fn a_permit_that_names_no_configuration_counts_for_nothing() {
    let changed =
        with("field-reports.cedar", "context.config == ", "context.config != \"\" || \"\" == ", &CHECK);
    refused(changed, &["VG0103", "whatever the configuration", "context.config"]);
}

#[test]
fn an_import_that_nobody_grants_is_refused() {
    let changed = with("core.cedar", "Vigie::Import::\"lookup\"", "Vigie::Import::\"nothing\"", &CHECK);
    refused(changed, &["VG0104", "`enrich`", "`lookup`", "no policy permits it"]);
}

#[test]
fn policies_that_permit_what_must_be_denied_are_not_taken() {
    let changed = with("sinks.cedar", "forbid (principal", "permit (principal", &CHECK);
    refused(changed, &["VG0025", "no-personal-data"]);
}

#[test]
fn wrong_policies_are_refused() {
    let id = "@id(\"all-may-log\")\n";
    for (from, to, says) in [
        (id, "", "without `@id"),
        ("Vigie::Import::\"log\"", "Vigie::Topic::\"log\"", "VG0024"),
        ("permit (", "permit ((", "VG0024"),
        (
            id,
            "@id(\"open\") permit (principal, action, resource);\n@id(\"all-may-log\")\n",
            "everything to everybody",
        ),
    ] {
        refused(with("core.cedar", from, to, &CHECK), &["VG0024", says]);
    }
    let data = tempfile::tempdir().unwrap();
    refused(run(&data.path().join("none"), data.path(), &CHECK), &["VG0023", "--policies"]);
}
