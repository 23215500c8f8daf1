//! Rows go in, and come out by each of the questions.

use arrow::array::{Array as _, RecordBatch};
use scylla::value::{CqlDate, CqlTimestamp, CqlValue};

use super::world::{CELL, Client, DAY_S, Event, event, keyspace, number, open, options, shared, text, write};

fn day(at_us: i64) -> CqlDate {
    CqlDate(u32::try_from(at_us.div_euclid(DAY_S * 1_000_000) + (1 << 31)).unwrap())
}

fn hour(at_us: i64) -> CqlTimestamp {
    CqlTimestamp(at_us.div_euclid(3_600_000_000) * 3_600_000)
}

/// One of each kind.
fn crisis() -> [Event; 4] {
    let mut news = event("news-1", "news");
    news.cell = None;
    news.text = Some("l'eau monte".into());
    let mut vehicle = event("gps-1", "vehicle");
    vehicle.entity = "truck-4".into();
    [event("iot-1", "sensor"), vehicle, event("post-1", "post"), news]
}

#[test]
fn each_question_is_answered_by_one_partition() {
    let (address, ks) = (shared(), keyspace());
    let mut store = open(options(&address, &ks, "")).unwrap();
    let events = crisis();
    assert_eq!(write(&mut store, &events).unwrap(), []);
    let (client, at_us) = (Client::new(&address), events[0].at_us);
    let table = |name: &str| format!("{ks}.crisis_v1_events_{name}");

    let series = format!(
        "SELECT id, \"timestamp\", timestamp_us, level, cell_7, \"text\" FROM {} \
         WHERE source = ? AND entity = ? AND day = ?",
        table("by_device")
    );
    let found = client.ask(&series, ("iot", "e-1", day(at_us)));
    assert_eq!(found.len(), 1);
    assert_eq!(text(&found[0][0]), "iot-1");
    assert_eq!(found[0][1], Some(CqlValue::Timestamp(CqlTimestamp(at_us / 1_000))));
    assert_eq!(number(&found[0][2]), at_us);
    assert_eq!(found[0][3], Some(CqlValue::Double(1.5)));
    assert_eq!(text(&found[0][4]), format!("{CELL:015x}"));
    assert_eq!(found[0][5], None);

    let track = format!("SELECT id FROM {} WHERE source = ? AND entity = ? AND day = ?", table("by_vehicle"));
    assert_eq!(text(&client.ask(&track, ("iot", "truck-4", day(events[1].at_us)))[0][0]), "gps-1");

    let cell = format!("SELECT id FROM {} WHERE cell_7 = ? AND hour = ?", table("by_cell"));
    let found = client.ask(&cell, (format!("{CELL:015x}"), hour(at_us)));
    let ids: Vec<&str> = found.iter().map(|row| text(&row[0])).collect();
    // In the order of their times, whose ms they share or not.
    assert_eq!((ids.len(), ids.contains(&"post-1"), ids.contains(&"news-1")), (3, true, false), "{ids:?}");

    let by_id = format!("SELECT \"text\" FROM {} WHERE id = ?", table("by_id"));
    assert_eq!(text(&client.ask(&by_id, ("news-1",))[0][0]), "l'eau monte");
    assert!(client.ask(&by_id, ("iot-1",)).is_empty(), "only what no other table takes");
}

#[test]
fn the_same_again_changes_nothing() {
    let (address, ks) = (shared(), keyspace());
    let mut store = open(options(&address, &ks, "")).unwrap();
    let client = Client::new(&address);
    let dump = || {
        let tables = ["by_device", "by_vehicle", "by_cell", "by_id"];
        tables.map(|name| client.dump(&ks, &format!("crisis_v1_events_{name}")))
    };
    let events = crisis();
    write(&mut store, &events).unwrap();
    let first = dump();
    assert_eq!(first.each_ref().map(Vec::len), [1, 1, 3, 1]);
    for _ in 0..2 {
        write(&mut store, &events).unwrap();
    }
    // By another process too.
    write(&mut open(options(&address, &ks, "")).unwrap(), &events).unwrap();
    assert_eq!(dump(), first);
}

#[test]
fn an_older_revision_never_overwrites() {
    let (address, ks) = (shared(), keyspace());
    let mut store = open(options(&address, &ks, "")).unwrap();
    let client = Client::new(&address);
    let (mut old, mut new) = (event("iot-1", "sensor"), event("iot-1", "sensor"));
    (new.at_us, new.revision_us) = (old.at_us, old.revision_us + 1);
    (old.level, new.level) = (Some(1.0), Some(2.0));
    let level = || client.run(&format!("SELECT level FROM {ks}.crisis_v1_events_by_device"))[0][0].clone();
    for (events, expected) in [
        (vec![old.clone()], 1.0),
        (vec![new.clone()], 2.0),
        (vec![old.clone()], 2.0),
        // Within one batch too, whichever is on its way first.
        (vec![new.clone(), old.clone(), old.clone()], 2.0),
    ] {
        write(&mut store, &events).unwrap();
        assert_eq!(level(), Some(CqlValue::Double(expected)));
    }
}

#[test]
fn a_row_lives_from_its_own_time_on() {
    let (address, ks) = (shared(), keyspace());
    let mut store = open(options(&address, &ks, ", days: {series: 10, events: null}")).unwrap();
    let client = Client::new(&address);
    let mut old = event("old", "sensor");
    old.at_us -= 10 * DAY_S * 1_000_000;
    write(&mut store, &[event("new", "sensor"), old]).unwrap();
    let ttl = |table: &str| {
        client
            .run(&format!("SELECT id, ttl(level) FROM {ks}.crisis_v1_events_{table}"))
            .into_iter()
            .map(|row| (text(&row[0]).to_owned(), row[1].as_ref().and_then(CqlValue::as_int)))
    };
    let series: Vec<_> = ttl("by_device").collect();
    let [(id, Some(rest_s))] = series.as_slice() else { panic!("{series:?}") };
    // A day of its ten is over.
    assert!(id == "new" && (9 * 86_400 - 60..=9 * 86_400).contains(rest_s), "{series:?}");
    let mut for_ever: Vec<_> = ttl("by_cell").collect();
    for_ever.sort();
    assert_eq!(for_ever, [("new".to_owned(), None), ("old".to_owned(), None)]);
    assert_eq!(store.expired(), 0, "it lies in one of its tables");
}

#[test]
fn a_window_is_written_again_with_other_values() {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray, UInt64Array,
    };
    use deliver::{Batch, Store as _, Table};

    let (address, ks) = (shared(), keyspace());
    let start_us = super::world::now_us() / 60_000_000 * 60_000_000;
    let window = |count: i64, max: Option<f64>, revision_us: i64| {
        let column = |name: &str, array: ArrayRef| (name.to_owned(), array);
        let time = |us: i64| Arc::new(TimestampMicrosecondArray::from(vec![us]).with_timezone("+00:00"));
        let columns = [
            column("id", Arc::new(StringArray::from(vec!["w"]))),
            column("revision_us", Arc::new(Int64Array::from(vec![revision_us]))),
            column("cell_7", Arc::new(UInt64Array::from(vec![CELL]))),
            column("kind", Arc::new(StringArray::from(vec!["post"]))),
            column("window_start", time(start_us)),
            column("window_end", time(start_us + 60_000_000)),
            column("count", Arc::new(Int64Array::from(vec![count]))),
            column("severity_max", Arc::new(Float64Array::from(vec![max]))),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    };
    let mut store = store_cassandra::CassandraStore::new(options(&address, &ks, "")).unwrap();
    let schema = window(0, Some(0.0), 0).schema();
    let schema = Arc::new(schema.as_ref().clone());
    store.open(&[Table { topic: "crisis.v1.cells".into(), partitions: 1, schema }]).unwrap();
    let mut write = |rows: RecordBatch, revision_us: i64| {
        assert!(rows.column(7).len() == 1);
        let (revisions_us, offsets) = ([revision_us], [0]);
        let topic = "crisis.v1.cells";
        let batch = Batch {
            topic,
            partition: 0,
            from: 0,
            next_offset: 1,
            rows: &rows,
            revisions_us: &revisions_us,
            offsets: &offsets,
        };
        assert_eq!(store.write(&batch).unwrap(), []);
    };
    let client = Client::new(&address);
    let question = format!(
        "SELECT count, severity_max FROM {ks}.crisis_v1_cells_by_window WHERE cell_7 = ? AND kind = ? AND day = ?"
    );
    let found = || client.ask(&question, (format!("{CELL:015x}"), "post", day(start_us)));
    write(window(1, Some(4.0), 100), 100);
    assert_eq!(found(), [vec![Some(CqlValue::BigInt(1)), Some(CqlValue::Double(4.0))]]);
    write(window(2, None, 101), 101);
    assert_eq!(found(), [vec![Some(CqlValue::BigInt(2)), None]]);
    write(window(1, Some(4.0), 100), 100);
    assert_eq!(found(), [vec![Some(CqlValue::BigInt(2)), None]]);
}
