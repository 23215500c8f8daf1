//! Rows into a folder.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use deliver::{Batch, Store, StoreError, Table};

use super::rows::*;
use crate::{Options, S3Store};

#[test]
fn rows_come_back_from_folders_by_kind_and_hour() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    deliver(&mut open(&options), 60, 25).unwrap();
    let lake = lake(&options);
    assert_whole(&lake, 60, "first");
    let files = lake.files(TOPIC).unwrap();
    let path = &files.iter().find(|f| f.path.contains("kind=a%2Fb")).expect("no such kind").path;
    assert!(path.starts_with("crisis.v1.events/kind=a%2Fb/date=2026-03-01/hour=0"), "{path}");
    assert!(folder.path().join(path).is_file());
    assert_eq!(lake.cursors(TOPIC).unwrap(), [(0, 60), (1, 60)]);
}

#[test]
fn a_batch_written_again_changes_nothing() {
    let mut state = 6_u64;
    let mut below = |most: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % most
    };
    for _ in 0..4 {
        let folder = tempfile::tempdir().unwrap();
        let options = options(folder.path());
        let mut store = open(&options);
        let mut next = 0;
        while next < 60 {
            // Anything from the start on up to a little more than there is.
            let from = below(next + 1);
            let to = from + 1 + below(next + 12 - from);
            for partition in 0..PARTITIONS {
                write(&mut store, partition, from, to).unwrap();
            }
            next = next.max(to);
            match below(3) {
                0 => store.flush(true).unwrap(),
                1 => {
                    store = open(&options);
                    next = store.cursor(TOPIC, 0).unwrap().unwrap_or(0);
                }
                _ => {}
            }
        }
        store.flush(true).unwrap();
        assert_whole(&lake(&options), next, "repeats");
    }
}

#[test]
fn rows_are_held_until_they_are_due() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { max_file_age_s: 3600, ..options(folder.path()) };
    let mut store = open(&options);
    write(&mut store, 0, 0, 10).unwrap();
    store.flush(false).unwrap();
    assert_eq!(store.cursor(TOPIC, 0).unwrap(), None);
    assert!(store.held_bytes() > 0);
    store.forget();
    assert!(matches!(write(&mut store, 0, 10, 20), Err(StoreError::Away(_))), "it goes on behind a gap");
    assert_eq!(store.cursor(TOPIC, 0).unwrap(), None);
    write(&mut store, 0, 0, 10).unwrap();
    store.flush(true).unwrap();
    assert_eq!(store.cursor(TOPIC, 0).unwrap(), Some(10));
    assert_eq!(store.held_bytes(), 0);
    // Records that are no rows move the cursor as well.
    write(&mut store, 0, 10, 10).unwrap();
    let rows = RecordBatch::new_empty(schema());
    let (revisions_us, offsets) = (&[][..], &[][..]);
    let batch =
        Batch { topic: TOPIC, partition: 0, from: 10, next_offset: 15, rows: &rows, revisions_us, offsets };
    store.write(&batch).unwrap();
    store.flush(true).unwrap();
    assert_eq!(store.cursor(TOPIC, 0).unwrap(), Some(15));
}

#[test]
fn open_files_and_held_bytes_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { max_file_age_s: 3600, max_open_files: 3, ..options(folder.path()) };
    let mut store = open(&options);
    // Ten hours of three kinds.
    for partition in 0..PARTITIONS {
        write(&mut store, partition, 0, 60).unwrap();
    }
    assert_eq!(store.cursor(TOPIC, 0).unwrap(), None, "a write moves no cursor");
    store.flush(true).unwrap();
    assert_whole(&lake(&options), 60, "few open files");

    let folder = tempfile::tempdir().unwrap();
    let options = Options { max_file_age_s: 3600, max_held_bytes: 1, ..self::options(folder.path()) };
    let mut store = open(&options);
    for partition in 0..PARTITIONS {
        write(&mut store, partition, 0, 60).unwrap();
    }
    assert_eq!(store.held_bytes(), 0);
    store.flush(false).unwrap();
    assert_whole(&lake(&options), 60, "little memory");
}

#[test]
fn a_rewind_delivers_again_and_the_newest_row_still_counts() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    let mut store = open(&options);
    deliver(&mut store, 40, 10).unwrap();
    let wanted = newest(read(&lake(&options)));
    store.rewind(TOPIC, 1, 20).unwrap();
    assert_eq!(store.cursor(TOPIC, 1).unwrap(), Some(20));
    deliver(&mut store, 40, 10).unwrap();
    let lake = lake(&options);
    assert_eq!(read(&lake).len(), 100);
    assert_eq!(newest(read(&lake)), wanted);
    store.rewind(TOPIC, 1, 99).unwrap();
    assert_eq!(lake.cursors(TOPIC).unwrap(), [(0, 40), (1, 99)]);
}

#[test]
fn a_kind_that_no_folder_can_be_named_for_is_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(&options(folder.path()));
    let rows = row_batch(0, &[0, 1, 2]);
    let long = "é".repeat(60);
    let kinds: ArrayRef = Arc::new(StringArray::from(vec!["post", long.as_str(), "post"]));
    let mut columns = rows.columns().to_vec();
    columns[1] = kinds;
    let rows = RecordBatch::try_new(schema(), columns).unwrap();
    let (revisions_us, offsets) = (&[1, 2, 3][..], &[0, 1, 2][..]);
    let batch =
        Batch { topic: TOPIC, partition: 0, from: 0, next_offset: 3, rows: &rows, revisions_us, offsets };
    let rejects = store.write(&batch).unwrap();
    assert_eq!(rejects.len(), 1);
    assert_eq!((rejects[0].row, rejects[0].kind.as_str()), (1, "kind_too_long"));
    assert!(!rejects[0].message.contains('é'));
    store.flush(true).unwrap();
    assert_eq!(read(&lake(&options(folder.path()))).len(), 2);
}

fn with(fields: Vec<Field>) -> Table {
    Table { topic: "things".into(), partitions: 1, schema: Arc::new(Schema::new(fields)) }
}

#[test]
fn a_column_may_be_added_but_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    let (id, number) = (Field::new("id", DataType::Utf8, false), Field::new("n", DataType::Int64, true));
    let write = |store: &mut S3Store, table: &Table, offset: u64| {
        let columns = table.schema.fields().iter().map(|f| arrow::array::new_null_array(f.data_type(), 1));
        let mut columns: Vec<ArrayRef> = columns.collect();
        columns[0] = Arc::new(StringArray::from(vec!["a"]));
        let rows = RecordBatch::try_new(table.schema.clone(), columns).unwrap();
        let batch = Batch {
            topic: "things",
            partition: 0,
            from: offset,
            next_offset: offset + 1,
            rows: &rows,
            revisions_us: &[START_US],
            offsets: &[offset],
        };
        store.write(&batch).unwrap();
        store.flush(true).unwrap();
    };
    let open = |table: &Table| {
        let mut store = S3Store::new(options.clone()).unwrap();
        store.open(std::slice::from_ref(table)).map(|()| store)
    };
    let (one, two) = (with(vec![id.clone()]), with(vec![id.clone(), number]));
    write(&mut open(&one).unwrap(), &one, 0);
    write(&mut open(&two).unwrap(), &two, 1);
    // One less is no matter either, but it is not forgotten.
    write(&mut open(&one).unwrap(), &one, 2);
    let changed = with(vec![id, Field::new("n", DataType::Utf8, true)]);
    let error = open(&changed).err().unwrap();
    assert!(matches!(&error, StoreError::Differs { why, .. } if why.contains("column n")), "{error}");
    let files = lake(&options).files("things").unwrap();
    assert_eq!(files.len(), 3);
    assert!(files[0].path.starts_with("things/date=2026-03-01/hour=00/0-0-0-"), "{}", files[0].path);
    assert_eq!(files[0].schema_digest, files[2].schema_digest);
    assert_ne!(files[0].schema_digest, files[1].schema_digest);
}

#[test]
fn a_lake_that_is_not_the_one_written_to_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    let mut store = open(&options);
    deliver(&mut store, 10, 10).unwrap();
    let store_id = store.id().unwrap().to_owned();
    let opened = |expected: Option<&str>| {
        let options = Options { store_id: expected.map(Into::into), ..options.clone() };
        S3Store::new(options).unwrap().open(&[table()])
    };
    let foreign = |opened| matches!(opened, Err(StoreError::Foreign(_)));
    opened(Some(&store_id)).unwrap();
    assert!(foreign(opened(Some("00"))), "begun anew");

    let mark = folder.path().join("_vigie/store.json");
    let kept = std::fs::read(&mark).unwrap();
    std::fs::remove_file(&mark).unwrap();
    assert!(foreign(opened(None)), "files without a mark");
    std::fs::write(&mark, String::from_utf8(kept).unwrap().replace(&store_id, "00")).unwrap();
    assert!(foreign(opened(None)), "manifests of another lake");

    // Emptied while it is open, and after.
    std::fs::remove_dir_all(folder.path()).unwrap();
    std::fs::create_dir(folder.path()).unwrap();
    write(&mut store, 0, 10, 20).unwrap();
    assert!(foreign(store.flush(true)), "the manifest is gone");
    std::fs::remove_dir_all(folder.path()).unwrap();
    assert!(foreign(store.open(&[table()])), "opened again");
    assert!(foreign(opened(Some(&store_id))), "emptied");
    opened(None).unwrap();
}

#[test]
fn settings_that_cannot_be_meant_are_refused() {
    let refused = |options: Options| {
        let mut store = S3Store::new(options).unwrap();
        let error = store.open(&[]).unwrap_err();
        assert!(matches!(error, StoreError::Failed(_)), "{error}");
    };
    for url in ["/tmp", "file://relative", "s3://", "ftp://x/y", "s3://bucket/../x"] {
        refused(Options::at(url));
    }
    refused(Options { row_group_rows: 0, ..Options::at("s3://bucket") });
    refused(Options { ca_file: Some("/nowhere/ca.pem".into()), ..Options::at("s3://bucket") });
    let folder = tempfile::tempdir().unwrap();
    let sse = Some(crate::Encryption { kms_key: "key".into() });
    refused(Options { sse, ..options(folder.path()) });
    let text =
        r#"{"url": "s3://b", "credentials": {"access_key_id_file": "a", "secret_access_key_file": "b"}}"#;
    let options: Options = serde_json::from_str(text).unwrap();
    assert_eq!((options.max_file_bytes, options.max_file_age_s), (128 << 20, 60));
    assert!(serde_json::from_str::<Options>(r#"{"url": "s3://b", "secret": "x"}"#).is_err());
}
