//! What lies in the lake.

use std::time::Duration;

use deliver::StoreError;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Compression;
use parquet::file::metadata::PageIndexPolicy;

use super::rows::*;
use crate::{Cleaned, Lake, Merge, Options};

#[test]
fn files_are_made_to_be_scanned() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { row_group_rows: 4, ..options(folder.path()) };
    deliver(&mut open(&options), 60, 60).unwrap();
    let file = &lake(&options).files(TOPIC).unwrap()[0];
    let bytes = bytes::Bytes::from(std::fs::read(folder.path().join(&file.path)).unwrap());
    let options = parquet::arrow::arrow_reader::ArrowReaderOptions::new()
        .with_page_index_policy(PageIndexPolicy::Required);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(bytes.clone(), options).unwrap();
    let metadata = builder.metadata();
    assert!(metadata.num_row_groups() > 0 && metadata.page_index().is_some());
    for group in metadata.row_groups() {
        assert!(group.num_rows() <= 4);
        for column in group.columns() {
            assert!(matches!(column.compression(), Compression::ZSTD(_)));
            let name = column.column_path().string();
            assert_eq!(column.statistics().is_some(), name != "geometry", "{name}");
            let is_id = name == "id";
            assert_eq!(column.bloom_filter_offset().is_some(), is_id, "{}", column.column_path());
        }
    }
    let about = metadata.file_metadata().key_value_metadata().unwrap();
    let geo = about.iter().find(|pair| pair.key == "geo").and_then(|pair| pair.value.clone()).unwrap();
    let geo: serde_json::Value = serde_json::from_str(&geo).unwrap();
    assert_eq!(geo["version"], "1.1.0");
    assert_eq!(geo["primary_column"], "geometry");
    assert_eq!(geo["columns"]["geometry"]["encoding"], "WKB");
    assert_eq!(geo["columns"]["geometry"]["bbox"].as_array().unwrap().len(), 4);
}

#[test]
fn only_what_nobody_sees_is_removed_and_only_after_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    deliver(&mut open(&options), 30, 5).unwrap();
    let lake = lake(&options);
    let orphan = folder.path().join("crisis.v1.events/kind=post/0-0-9-0123456789abcdef.parquet");
    std::fs::copy(folder.path().join(&lake.files(TOPIC).unwrap()[0].path), &orphan).unwrap();
    std::fs::write(orphan.with_extension("parquet#1"), "half").unwrap();
    std::fs::write(folder.path().join("README"), "whose this is").unwrap();
    let wanted = newest(read(&lake));
    let merged = lake.compact(TOPIC, Merge { min_files: 2, ..Merge::default() }).unwrap();
    assert!(merged.merged > 0);
    assert!(matches!(lake.clean(Duration::from_secs(60)), Err(StoreError::Failed(_))));
    assert_eq!(lake.clean(Duration::from_secs(3600)).unwrap(), Cleaned::default());
    std::thread::sleep(Duration::from_millis(5));
    let cleaned = lake.remove(Duration::ZERO).unwrap();
    assert_eq!(cleaned, Cleaned { orphans: 2, retired: merged.merged });
    assert_eq!(lake.remove(Duration::ZERO).unwrap(), Cleaned::default());
    assert!(!orphan.exists() && folder.path().join("README").exists());
    assert_eq!(newest(read(&lake)), wanted);
}

#[test]
fn there_is_no_lake_where_no_mark_is() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Lake::open(options(folder.path())), Err(StoreError::Foreign(_))));
}
