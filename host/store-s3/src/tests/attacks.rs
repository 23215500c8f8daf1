//! Every request fails once, with the process dying there or going on: nothing is lost or doubled.

use std::sync::Arc;

use deliver::{Store, StoreError};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;

use super::faults::{Fault, Faulty};
use super::rows::*;
use crate::objects::Objects;
use crate::{Lake, Merge, Options, S3Store};

const END: u64 = 12;
const LIMIT: i64 = 500;

/// Where the lake lies: a folder, or what behaves as a bucket.
enum Place {
    Folder(tempfile::TempDir),
    Bucket(Arc<dyn ObjectStore>),
}

impl Place {
    fn both() -> [Self; 2] {
        [Self::Folder(tempfile::tempdir().unwrap()), Self::Bucket(Arc::new(InMemory::new()))]
    }

    fn options(&self) -> Options {
        match self {
            Self::Folder(folder) => options(folder.path()),
            Self::Bucket(_) => Options { max_file_age_s: 0, ..Options::at("s3://bucket/prefix") },
        }
    }

    fn objects(&self) -> Objects {
        match self {
            // Not through to the disk each time, as the store has it: no power is cut here.
            Self::Folder(folder) => {
                let client = LocalFileSystem::new_with_prefix(folder.path()).unwrap();
                Objects::folder(Arc::new(client), folder.path().to_owned(), self.options().timeout())
            }
            Self::Bucket(client) => {
                Objects::bucket(client.clone(), Path::from("prefix"), self.options().timeout())
            }
        }
    }

    fn faulty(&self, fault: &Arc<Fault>) -> Objects {
        self.objects().through(|inner| Arc::new(Faulty { inner, fault: fault.clone() }))
    }

    fn store(&self, objects: Objects) -> S3Store {
        S3Store::new(self.options()).unwrap().with_objects(objects)
    }

    fn lake(&self) -> Lake {
        Lake::over(self.objects(), self.options()).unwrap()
    }
}

fn run(store: &mut S3Store) -> Result<(), StoreError> {
    store.open(&[table()])?;
    deliver(store, END, 4)
}

/// Runs something with its n-th request failing, for every n there is.
fn for_every_fault(mut attack: impl FnMut(Place, &Arc<Fault>, &str)) {
    for after in [false, true] {
        for number in 0..2 {
            for nth in 1.. {
                assert!(nth < LIMIT, "it never ends");
                let place = Place::both().into_iter().nth(number).unwrap();
                let fault = Fault::new(nth, after);
                attack(place, &fault, &format!("request {nth} of place {number} failed, after: {after}"));
                if !fault.happened() {
                    assert!(nth > 10, "only {nth} requests");
                    break;
                }
            }
        }
    }
}

#[test]
fn a_process_that_dies_at_any_request_loses_and_doubles_nothing() {
    for_every_fault(|place, fault, about| {
        let died = run(&mut place.store(place.faulty(fault)));
        assert_eq!(died.is_err(), fault.happened(), "{about}: {died:?}");
        run(&mut place.store(place.objects())).expect(about);
        assert_whole(&place.lake(), END, about);
    });
}

#[test]
fn a_process_that_goes_on_after_any_request_loses_and_doubles_nothing() {
    for_every_fault(|place, fault, about| {
        let mut store = place.store(place.faulty(fault));
        let opened = store.open(&[table()]);
        if let Err(error) = opened {
            assert!(error.is_retry(), "{about}: {error}");
            store = place.store(place.objects());
            store.open(&[table()]).expect(about);
        }
        while let Err(error) = deliver(&mut store, END, 4) {
            assert!(error.is_retry(), "{about}: {error}");
            store.forget();
        }
        assert_whole(&place.lake(), END, about);
    });
}

#[test]
fn merging_and_cleaning_may_fail_at_any_request() {
    for_every_fault(|place, fault, about| {
        let mut store = place.store(place.objects());
        store.open(&[table()]).unwrap();
        deliver(&mut store, 6, 3).unwrap();
        let wanted = newest(read(&place.lake()));
        let merge = Merge { min_files: 2, ..Merge::default() };
        let maintain = |lake: &Lake| {
            let merged = lake.compact(TOPIC, merge)?;
            lake.remove(std::time::Duration::ZERO)?;
            Ok::<_, StoreError>(merged)
        };
        let failing = Lake::over(place.faulty(fault), place.options()).and_then(|lake| maintain(&lake));
        assert_eq!(failing.is_err(), fault.happened(), "{about}: {failing:?}");
        assert_eq!(newest(read(&place.lake())), wanted, "{about}");
        maintain(&place.lake()).expect(about);
        assert_eq!(newest(read(&place.lake())), wanted, "{about}");
        // The store goes on with what the manifest says now.
        let mut store = place.store(place.objects());
        store.open(&[table()]).unwrap();
        deliver(&mut store, 22, 10).expect(about);
        assert_eq!(store.cursor(TOPIC, 0).unwrap(), Some(22));
    });
}

#[test]
fn a_second_writer_is_noticed_at_the_commit() {
    for place in Place::both() {
        let open = || {
            let mut store = place.store(place.objects());
            store.open(&[table()]).unwrap();
            store
        };
        let (mut first, mut second) = (open(), open());
        write(&mut first, 0, 0, 10).unwrap();
        write(&mut second, 0, 0, 20).unwrap();
        second.flush(true).unwrap();
        let error = first.flush(true).unwrap_err();
        assert!(error.is_retry() && error.to_string().contains("another writer"), "{error}");
        let error = write(&mut first, 0, 10, 20).unwrap_err();
        assert!(error.to_string().contains("begin at the cursor"), "{error}");
        assert_eq!(first.cursor(TOPIC, 0).unwrap(), Some(20));
        for store in [&mut first, &mut second] {
            deliver(store, 30, 7).unwrap();
        }
        assert_whole(&place.lake(), 30, "two writers");
    }
}

#[test]
fn what_was_merged_meanwhile_does_not_stop_the_writer() {
    for place in Place::both() {
        let mut store = place.store(place.objects());
        run(&mut store).unwrap();
        write(&mut store, 0, END, END + 5).unwrap();
        let merged = place.lake().compact(TOPIC, Merge { min_files: 2, ..Merge::default() }).unwrap();
        assert!(merged.made > 0);
        store.flush(true).unwrap();
        assert_eq!(store.cursor(TOPIC, 0).unwrap(), Some(END + 5));
        let offsets: Vec<i64> =
            read(&place.lake()).iter().filter(|r| r.partition == 0).map(|r| r.offset).collect();
        assert!(offsets.contains(&i64::try_from(END + 4).unwrap()));
    }
}

#[test]
fn a_folder_compares_as_a_bucket_does() {
    let runtime = crate::store::runtime().unwrap();
    for place in Place::both() {
        let objects = place.objects();
        runtime.block_on(async {
            let put = |text: &'static str, read| {
                let objects = objects.clone();
                async move { objects.replace("a/b", bytes::Bytes::from(text), read).await }
            };
            let first = put("1", None).await.unwrap();
            assert!(matches!(put("2", None).await, Err(crate::fault::Fault::Conflict)));
            let second = put("3", Some(&first)).await.unwrap();
            assert!(matches!(put("4", Some(&first)).await, Err(crate::fault::Fault::Conflict)));
            objects.delete("a/b").await.unwrap();
            assert!(matches!(put("5", Some(&second)).await, Err(crate::fault::Fault::Conflict)));
            assert!(objects.get("a/b").await.unwrap().is_none());
        });
    }
}

#[test]
fn of_many_writers_one_at_a_time_replaces_a_folders_object() {
    let folder = tempfile::tempdir().unwrap();
    let objects = options(folder.path()).objects().unwrap();
    let runtime = crate::store::runtime().unwrap();
    runtime.block_on(objects.replace("n", bytes::Bytes::from("0"), None)).unwrap();
    let count = |_| {
        let objects = objects.clone();
        std::thread::spawn(move || {
            let runtime = crate::store::runtime().unwrap();
            for _ in 0..20 {
                loop {
                    let (text, version) = runtime.block_on(objects.get("n")).unwrap().unwrap();
                    let next = std::str::from_utf8(&text).unwrap().parse::<u32>().unwrap() + 1;
                    let put = objects.replace("n", bytes::Bytes::from(next.to_string()), Some(&version));
                    if runtime.block_on(put).is_ok() {
                        break;
                    }
                }
            }
        })
    };
    let threads: Vec<_> = (0..4).map(count).collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let (text, _) = runtime.block_on(objects.get("n")).unwrap().unwrap();
    assert_eq!(text.as_ref(), b"80");
}
