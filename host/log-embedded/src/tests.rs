use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use super::*;

struct File(TempDir);

impl File {
    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("log.db")
    }
}

impl log_suite::World for File {
    fn connect(&self, _: &str) -> Box<dyn Log> {
        Box::new(EmbeddedLog::open(&self.path()).unwrap())
    }
}

fn world() -> File {
    File(tempfile::tempdir().unwrap())
}

log_suite::suite!(world());

#[test]
fn offsets_have_no_gaps_and_the_file_is_its_owners() {
    let file = world();
    let mut log = EmbeddedLog::open(&file.path()).unwrap();
    log.create_topic("events", 1).unwrap();
    for end in 1..4 {
        let value = "a".into();
        let output = Output { topic: "events".into(), partition: 0, timestamp_us: 7, key: "".into(), value };
        log.commit_step(Step::of("group", &[], &[output], &[])).unwrap();
        assert_eq!(log.end_offset("events", 0).unwrap(), end);
    }
    let records = log.read("events", 0, 0, Most::ALL).unwrap();
    assert!((0..).zip(&records).all(|(offset, r)| r.offset == offset && r.timestamp_us == 7));
    assert_eq!(fs::metadata(file.path()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn another_versions_file_is_refused() {
    let file = world();
    let log = EmbeddedLog::open(&file.path()).unwrap();
    log.connection.pragma_update(None, "user_version", VERSION + 1).unwrap();
    drop(log);
    let error = EmbeddedLog::open(&file.path()).err().unwrap();
    assert!(error.to_string().starts_with("VG3005"), "{error}");
}
