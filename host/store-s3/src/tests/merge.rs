//! Small files become one, and the newest rows stay.

use deliver::Store as _;

use super::rows::*;
use crate::{Compacted, Merge, Options};

#[test]
fn small_files_become_one_and_the_newest_rows_stay() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    let mut store = open(&options);
    deliver(&mut store, 60, 6).unwrap();
    store.rewind(TOPIC, 0, 30).unwrap();
    deliver(&mut store, 60, 6).unwrap();
    let lake = lake(&options);
    let wanted = newest(read(&lake));
    let rows = read(&lake).len() as u64;
    let old = lake.files(TOPIC).unwrap();
    let merge = Merge { min_files: 2, ..Merge::default() };
    let done = lake.compact(TOPIC, merge).unwrap();
    let files = lake.files(TOPIC).unwrap();
    assert!(done.made > 0 && files.len() as u64 == old.len() as u64 - done.merged + done.made, "{done:?}");
    assert!(done.replaced_rows >= 30, "{done:?}");
    let found = read(&lake);
    assert_eq!(found.len() as u64, rows - done.replaced_rows);
    assert_eq!(newest(found), wanted);
    assert_eq!(lake.compact(TOPIC, merge).unwrap(), Compacted::default());
    for file in &old {
        assert!(folder.path().join(&file.path).is_file(), "a reader's file is gone");
    }
    // The cursor stays.
    assert_eq!(store.cursor(TOPIC, 0).unwrap(), Some(60));
}

#[test]
fn a_merged_file_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    deliver(&mut open(&options), 60, 2).unwrap();
    let lake = lake(&options);
    let before = lake.files(TOPIC).unwrap().len();
    let merge = Merge { min_files: 2, max_rows: 2, ..Merge::default() };
    lake.compact(TOPIC, merge).unwrap();
    let files = lake.files(TOPIC).unwrap();
    assert!(files.len() < before && files.iter().all(|file| file.rows <= 2));
    let options = Options { max_file_bytes: 1, ..options };
    let lake = self::lake(&options);
    assert_eq!(
        lake.compact(TOPIC, Merge { min_files: 2, ..Merge::default() }).unwrap(),
        Compacted::default()
    );
}

#[test]
fn a_damaged_file_is_not_merged() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    deliver(&mut open(&options), 20, 2).unwrap();
    let lake = lake(&options);
    for file in lake.files(TOPIC).unwrap() {
        let path = folder.path().join(&file.path);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[100] ^= 1;
        std::fs::write(path, bytes).unwrap();
    }
    let error = lake.compact(TOPIC, Merge { min_files: 2, ..Merge::default() }).unwrap_err();
    assert!(error.to_string().contains("damaged"), "{error}");
}
