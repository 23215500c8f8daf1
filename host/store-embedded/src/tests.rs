use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use deliver::Table;

use super::*;

fn batch(rows: &[(&str, Option<&str>, f64)]) -> RecordBatch {
    let schema = Schema::new(vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("text", DataType::Utf8, true),
        Field::new("lat", DataType::Float64, true),
        Field::new("lng", DataType::Float64, true),
    ]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.0))),
        Arc::new(StringArray::from_iter(rows.iter().map(|r| r.1))),
        Arc::new(Float64Array::from_iter_values(rows.iter().map(|r| r.2))),
        Arc::new(Float64Array::from_iter_values(rows.iter().map(|r| -r.2))),
    ];
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}

fn table(schema: &SchemaRef) -> Table {
    Table { topic: "events".into(), partitions: 1, schema: schema.clone() }
}

fn write(store: &mut EmbeddedStore, rows: &[(&str, Option<&str>, f64)], revision_us: i64, next_offset: u64) {
    let rows = batch(rows);
    store.open(&[table(&rows.schema())]).unwrap();
    let (revisions_us, offsets) = (vec![revision_us; rows.num_rows()], vec![0; rows.num_rows()]);
    let batch = Batch {
        topic: "events",
        partition: 0,
        from: 0,
        next_offset,
        rows: &rows,
        revisions_us: &revisions_us,
        offsets: &offsets,
    };
    assert_eq!(store.write(&batch).unwrap(), []);
    store.flush(false).unwrap();
}

fn ask(store: &mut EmbeddedStore, sql: &str) -> String {
    let rows = store.query(sql, 10).unwrap().rows;
    let row = |r: &Vec<Value>| r.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    rows.iter().map(row).collect::<Vec<_>>().join(";")
}

#[test]
fn the_newest_revision_stays_and_the_indices_follow_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let mut store = EmbeddedStore::open(&path).unwrap();
    write(&mut store, &[("a", Some("high water"), 1.0), ("b", None, 2.0)], 10, 2);
    write(&mut store, &[("a", Some("road closed"), 3.0)], 11, 3);
    write(&mut store, &[("a", Some("late and old"), 9.0)], 5, 4);
    // A repeat of the same delivery.
    write(&mut store, &[("a", Some("road closed"), 3.0)], 11, 4);
    assert_eq!(store.cursor("events", 0).unwrap(), Some(4));
    assert_eq!(store.cursor("events", 1).unwrap(), None);
    drop(store);
    let mut store = EmbeddedStore::open_read_only(&path).unwrap();
    assert_eq!(ask(&mut store, "select id, text, lat from events order by id"), "a,road closed,3;b,,2");
    let mut find = |words: &str| {
        ask(
            &mut store,
            &format!(
                "select id from events_text t join events e on e._row = t.rowid where t.text match '{words}'"
            ),
        )
    };
    assert_eq!(find("road"), "a");
    assert_eq!(find("water"), "", "the old text is still found");
    let box_sql = "select id from events_place p join events e on e._row = p.row \
                   where p.min_lat >= 2.5 and p.max_lat <= 3.5";
    assert_eq!(ask(&mut store, box_sql), "a");
}

#[test]
fn a_query_can_only_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    write(&mut EmbeddedStore::open(&path).unwrap(), &[("a", None, 1.0)], 1, 1);
    let mut store = EmbeddedStore::open_read_only(&path).unwrap();
    for sql in [
        "delete from events",
        "insert into events (id, _revision) values ('x', 1)",
        "attach '/tmp/x.db' as x",
        "pragma journal_mode = delete",
        "select load_extension('x')",
        "drop table events",
    ] {
        let error = store.query(sql, 10).unwrap_err();
        assert!(matches!(error, Error::Refused(_) | Error::Query(_)), "{sql}: {error}");
    }
    assert!(matches!(store.query("select nothing from events", 10), Err(Error::Query(_))));
    assert_eq!(ask(&mut store, "select count(*) from events"), "1");
}

#[test]
fn an_endless_query_is_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    drop(EmbeddedStore::open(&path).unwrap());
    let mut store = EmbeddedStore::open_read_only(&path).unwrap();
    let sql = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";
    assert!(matches!(store.query(sql, 10), Err(Error::TooLong)));
}

#[test]
fn a_changed_type_and_a_bad_name_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = EmbeddedStore::open(&folder.path().join("store.db")).unwrap();
    let mut open = |name: &str, kind| {
        let schema = Arc::new(Schema::new(vec![
            Field::new("id", DataType::Utf8, false),
            Field::new(name, kind, true),
        ]));
        store.open(&[table(&schema)]).map_err(|error| error.to_string())
    };
    open("level", DataType::Float64).unwrap();
    assert!(open("level", DataType::Utf8).unwrap_err().starts_with("VG4002"));
    assert!(open("level\" text); drop", DataType::Utf8).unwrap_err().starts_with("VG4002"));
}

#[test]
fn what_was_not_flushed_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = EmbeddedStore::open(&folder.path().join("store.db")).unwrap();
    write(&mut store, &[("a", None, 1.0)], 1, 1);
    let rows = batch(&[("b", None, 2.0)]);
    let held = Batch {
        topic: "events",
        partition: 0,
        from: 1,
        next_offset: 2,
        rows: &rows,
        revisions_us: &[2],
        offsets: &[1],
    };
    store.write(&held).unwrap();
    store.forget();
    assert_eq!(store.cursor("events", 0).unwrap(), Some(1));
    assert_eq!(ask(&mut store, "select id from events"), "a");
    store.rewind("events", 0, 0).unwrap();
    assert_eq!(store.cursor("events", 0).unwrap(), Some(0));
}
