//! Programs that people read a lake with: DuckDB and pyarrow.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use ::services::{S3, python};
use deliver::Store as _;
use serde_json::{Value, json};
use store_s3::{Lake, Merge, S3Store};

use super::world::{self, TOPIC, World, at_us, deliver, has_place, id, in_folder, table};

const READERS: &str = include_str!("../../../python/readers.txt");
const SCRIPT: &str = include_str!("read_lake.py");

fn ask(lake: &Lake, s3: Option<&S3>) -> Value {
    let files: Vec<String> = lake.files(TOPIC).unwrap().iter().map(|file| lake.address(file)).collect();
    let access = s3.map(|s3| {
        let host = s3.endpoint.rsplit('/').next();
        json!({"key": s3.key, "secret": s3.secret, "endpoint": host})
    });
    let readers = python::packages("readers", READERS).unwrap();
    let mut python = Command::new("python3");
    python.args(["-c", SCRIPT]).env("PYTHONPATH", readers).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut python = python.spawn().unwrap();
    serde_json::to_writer(python.stdin.take().unwrap(), &json!({"files": files, "s3": access})).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "the reader failed");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What a reader must find of the offsets before one: rows in files, ids, their newest revisions added, places.
fn wanted(rows: u64, end: u64) -> Value {
    let newest: BTreeMap<String, u64> = (0..end).map(|offset| (id(offset), offset)).collect();
    let revisions: i64 = newest.values().map(|offset| at_us(*offset)).sum();
    let places = newest.values().filter(|offset| has_place(**offset)).count();
    json!([rows, newest.len(), revisions.to_string(), places])
}

fn assert_read(found: &Value, wanted: &Value) {
    assert_eq!(&found["pyarrow"], wanted);
    let geo = &found["geo"];
    assert_eq!(geo["version"], "1.1.0");
    assert_eq!(geo["columns"]["geometry"]["encoding"], "WKB");
}

fn in_a_folder(folder: &Path) -> (S3Store, Lake) {
    let options = in_folder(folder);
    let mut store = S3Store::new(options.clone()).unwrap();
    store.open(&[table()]).unwrap();
    (store, Lake::open(options).unwrap())
}

#[test]
fn duckdb_and_pyarrow_read_what_the_manifest_names() {
    let folder = tempfile::tempdir().unwrap();
    let (mut store, lake) = in_a_folder(folder.path());
    deliver(&mut store, 300).unwrap();
    let found = ask(&lake, None);
    assert_read(&found, &wanted(300, 300));
    assert_eq!(found["duckdb"], wanted(300, 300));
    // Ten minutes from each to the next.
    assert_eq!(found["hours"], 50);
    assert_eq!(found["bloom"], lake.files(TOPIC).unwrap().len());

    // Rows that nobody committed are not there, and merged ones are.
    world::write(&mut store, 300, 310, 20).unwrap();
    let merged = lake.compact(TOPIC, Merge { min_files: 2, ..Merge::default() }).unwrap();
    assert!(merged.made > 0);
    let found = ask(&lake, None);
    assert_read(&found, &wanted(300 - merged.replaced_rows, 300));
    assert_eq!(found["duckdb"], wanted(300 - merged.replaced_rows, 300));
}

#[test]
fn pyarrow_reads_the_bucket() {
    let s3 = S3::shared().unwrap();
    let world = World::new(&s3);
    deliver(&mut world.open(), 300).unwrap();
    assert_read(&ask(&world.lake(), Some(&s3)), &wanted(300, 300));
}
