//! A node that halts, dies and comes back.

use std::time::{Duration, Instant};

use ::services::Cassandra;
use deliver::StoreError;
use store_cassandra::Options;

use super::world::{Client, Event, event, keyspace, now_us, open, options, write_at, write_at_last};

const ROWS: u64 = 500;

fn events(from: u64) -> Vec<Event> {
    let rows = from..from + ROWS;
    rows.map(|n| Event {
        at_us: now_us() - 1_000_000,
        revision_us: 1_000,
        ..event(&format!("id-{n}"), "sensor")
    })
    .collect()
}

#[test]
fn nothing_is_lost_by_a_node_that_halts_or_dies() {
    let mut node = Cassandra::start().unwrap();
    let (address, ks) = (node.server.address().to_owned(), keyspace());
    let hasty = Options { request_timeout_ms: 5_000, ..options(&address, &ks, "") };
    let mut store = open(hasty).unwrap();
    let count = || {
        // Of the test's own, as the last one may be cut off.
        let rows = Client::new(&address).run(&format!("SELECT id FROM {ks}.crisis_v1_events_by_device"));
        rows.len() as u64
    };
    let first = events(0);
    write_at_last(&mut store, &first, 0);

    node.server.pause(true).unwrap();
    let (second, start) = (events(ROWS), Instant::now());
    let error = write_at(&mut store, &second, ROWS).unwrap_err();
    assert!(error.is_retry(), "{error}");
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "it waits longer than it was told: {:?}",
        start.elapsed()
    );
    node.server.pause(false).unwrap();
    write_at_last(&mut store, &second, ROWS);
    assert_eq!(count(), 2 * ROWS);

    // Killed amid a batch, and again while it is away.
    let third = events(2 * ROWS);
    std::thread::scope(|scope| {
        let written = scope.spawn(|| write_at_last(&mut store, &third, 2 * ROWS));
        std::thread::sleep(Duration::from_millis(30));
        node.server.kill();
        node.server.resume().unwrap();
        written.join().unwrap();
    });
    assert_eq!(count(), 3 * ROWS);

    // It comes back as another one.
    node.server.empty().unwrap();
    let start = Instant::now();
    let error = loop {
        match write_at(&mut store, &first, 0) {
            Err(error) if error.is_retry() && start.elapsed() < Duration::from_secs(60) => {
                std::thread::sleep(Duration::from_millis(200));
            }
            result => break result.unwrap_err(),
        }
    };
    assert!(matches!(error, StoreError::Foreign(_)), "{error}");
}

#[test]
fn nothing_is_lost_by_a_disk_that_is_full() {
    let mut node = Cassandra::start().unwrap();
    let (address, ks) = (node.server.address().to_owned(), keyspace());
    let mut store = open(options(&address, &ks, "")).unwrap();
    let large: Vec<Event> =
        events(0).into_iter().map(|event| Event { text: Some("x".repeat(100_000)), ..event }).collect();
    node.server.limit_files(Some(1 << 20)).unwrap();
    // What fits into files that are open already is taken.
    let error = (0..20).find_map(|_| write_at(&mut store, &large, 0).err());
    assert!(error.as_ref().is_some_and(StoreError::is_retry), "{error:?}");
    node.server.kill();
    node.server.resume().unwrap();
    write_at_last(&mut store, &large, 0);
    let rows = Client::new(&address).run(&format!("SELECT id FROM {ks}.crisis_v1_events_by_device"));
    assert_eq!(rows.len() as u64, ROWS);
}
