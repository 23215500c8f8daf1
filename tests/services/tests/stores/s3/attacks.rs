//! The server dies, halts, is full, is emptied, and has no bucket.

use std::time::{Duration, Instant};

use ::services::Minio;
use deliver::{Store as _, StoreError};

use super::world::{TOPIC, World, deliver, write};

fn assert_away(error: &StoreError) {
    assert!(matches!(error, StoreError::Away(_)), "{error}");
}

#[test]
fn a_server_that_dies_or_halts_costs_time_only() {
    let mut minio = Minio::start().unwrap();
    let mut world = World::new(&minio.s3());
    world.options.timeout_s = 2;
    let mut store = world.open();
    deliver(&mut store, 100).unwrap();

    minio.server.kill();
    let error = deliver(&mut store, 200).unwrap_err();
    assert_away(&error);
    store.forget();
    minio.server.resume().unwrap();
    deliver(&mut store, 200).unwrap();

    // Between the rows and their commit.
    write(&mut store, 200, 230, 20).unwrap();
    minio.server.kill();
    assert_away(&store.flush(true).unwrap_err());
    minio.server.resume().unwrap();
    deliver(&mut store, 300).unwrap();

    // Halted, its connections stay open: only time tells.
    write(&mut store, 300, 330, 20).unwrap();
    minio.server.pause(true).unwrap();
    let begun = Instant::now();
    assert_away(&store.flush(true).unwrap_err());
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    minio.server.pause(false).unwrap();
    deliver(&mut store, 400).unwrap();
    assert_eq!(store.cursor(TOPIC, 0).unwrap(), Some(400));
    assert_eq!(world.rows(), 400);
}

#[test]
fn what_a_full_disk_did_not_take_is_taken_later() {
    let minio = Minio::start().unwrap();
    let world = World::new(&minio.s3());
    let mut store = world.open();
    deliver(&mut store, 50).unwrap();
    // Its own files are larger, and so is this one.
    minio.server.limit_files(Some(64 << 10)).unwrap();
    write(&mut store, 50, 60, 100_000).unwrap();
    let error = store.flush(true).unwrap_err();
    assert_away(&error);
    minio.server.limit_files(None).unwrap();
    deliver(&mut store, 100).unwrap();
    assert_eq!(world.rows(), 100);
}

#[test]
fn a_server_that_was_emptied_is_not_the_one_written_to() {
    let mut minio = Minio::start().unwrap();
    let world = World::new(&minio.s3());
    let mut store = world.open();
    deliver(&mut store, 50).unwrap();
    minio.server.empty().unwrap();
    write(&mut store, 50, 60, 20).unwrap();
    let error = store.flush(true).unwrap_err();
    assert!(matches!(error, StoreError::Foreign(_)), "{error}");
    let error = store.open(&[super::world::table()]).unwrap_err();
    assert!(matches!(error, StoreError::Foreign(_)), "{error}");
}

#[test]
fn a_bucket_that_is_missing_is_named_as_the_reason() {
    let minio = Minio::start().unwrap();
    let mut world = World::new(&minio.s3());
    world.options.url = "s3://not-there/lake".into();
    let error = world.try_open().err().unwrap();
    assert!(matches!(error, StoreError::Failed(_)), "{error}");
    assert_eq!(
        error.to_string(),
        "VG4015: the store cannot be used: there is no such bucket; make it, or correct `url`"
    );
}

#[test]
fn a_large_file_is_put_in_parts() {
    let world = World::new(&::services::S3::shared().unwrap());
    let mut store = world.open();
    for from in [0, 3] {
        write(&mut store, from, from + 3, 12_000_000).unwrap();
        store.flush(true).unwrap();
    }
    let files = world.lake().files(TOPIC).unwrap();
    assert!(files.len() == 6 && files.iter().all(|file| file.bytes > 8 << 20), "they are not large");
    // Digests are compared when files are read to be merged.
    let merge = store_s3::Merge { small_bytes: u64::MAX, min_files: 2, ..Default::default() };
    let merged = world.lake().compact(TOPIC, merge).unwrap();
    assert_eq!((merged.merged, merged.made), (6, 3));
    assert_eq!(world.rows(), 6 - merged.replaced_rows);
}
