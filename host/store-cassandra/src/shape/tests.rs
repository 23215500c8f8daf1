use std::sync::Arc;

use arrow::datatypes::{Field, Schema, TimeUnit};

use super::*;
use crate::options::Options;

fn time(name: &str) -> Field {
    Field::new(name, DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into())), false)
}

fn events() -> Schema {
    Schema::new(vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("source", DataType::Utf8, false),
        Field::new("revision_us", DataType::Int64, false),
        Field::new("entity", DataType::Utf8, false),
        Field::new("kind", DataType::Utf8, false),
        time("timestamp"),
        Field::new("cell_4", DataType::UInt64, true),
        Field::new("cell_7", DataType::UInt64, true),
    ])
}

fn topic(name: &str, schema: Schema) -> Table {
    Table { topic: name.into(), partitions: 4, schema: Arc::new(schema) }
}

fn options(rest: &str) -> Options {
    serde_yaml_ng::from_str(&format!("{{nodes: [a], keyspace: ks{rest}}}")).unwrap()
}

#[test]
fn events_have_tables_by_device_vehicle_and_cell() {
    let shapes = tables(&options(""), &topic("crisis.v1.events", events())).unwrap();
    let names: Vec<&str> = shapes.iter().map(|s| s.table.as_str()).collect();
    assert_eq!(
        names,
        [
            "crisis_v1_events_by_device",
            "crisis_v1_events_by_vehicle",
            "crisis_v1_events_by_cell",
            "crisis_v1_events_by_id"
        ]
    );
    assert_eq!(
        shapes[0].create_cql("ks"),
        "CREATE TABLE IF NOT EXISTS \"ks\".\"crisis_v1_events_by_device\" (\"source\" text, \"entity\" text, \
         \"day\" date, \"timestamp\" timestamp, \"id\" text, \"revision_us\" bigint, \"kind\" text, \
         \"cell_4\" text, \"cell_7\" text, \"timestamp_us\" bigint, \
         PRIMARY KEY ((\"source\", \"entity\", \"day\"), \"timestamp\", \"id\")) WITH compaction = \
         {'class': 'TimeWindowCompactionStrategy', 'compaction_window_unit': 'DAYS', 'compaction_window_size': '3'}"
    );
    assert!(
        shapes[2].create_cql("ks").contains("PRIMARY KEY ((\"cell_7\", \"hour\"), \"timestamp\", \"id\")")
    );
    assert!(shapes[3].create_cql("ks").contains("PRIMARY KEY ((\"id\"))"));
    assert_eq!(
        shapes[3].insert_cql("ks"),
        "INSERT INTO \"ks\".\"crisis_v1_events_by_id\" (\"id\", \"source\", \"revision_us\", \"entity\", \"kind\", \
         \"timestamp\", \"cell_4\", \"cell_7\", \"timestamp_us\") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) \
         USING TIMESTAMP ? AND TTL ?"
    );
}

#[test]
fn windows_have_a_table_by_their_key() {
    let schema = Schema::new(vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("revision_us", DataType::Int64, false),
        Field::new("cell_7", DataType::UInt64, false),
        Field::new("kind", DataType::Utf8, false),
        time("window_start"),
        time("window_end"),
        Field::new("count", DataType::Int64, false),
    ]);
    let shapes = tables(&options(", days: {aggregates: null}"), &topic("crisis.v1.cells", schema)).unwrap();
    let create = shapes[0].create_cql("ks");
    assert!(create.contains("\"crisis_v1_cells_by_window\""), "{create}");
    assert!(
        create.ends_with("PRIMARY KEY ((\"cell_7\", \"kind\", \"day\"), \"window_start\", \"id\"))"),
        "kept for ever: no windows of compaction: {create}"
    );
    assert!(shapes[0].revised && shapes[0].insert_cql("ks").ends_with("USING TIMESTAMP ?"));
}

#[test]
fn what_has_no_question_is_kept_by_id() {
    let schema = Schema::new(vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("offset", DataType::Int64, false),
        Field::new("revision_us", DataType::Int64, false),
    ]);
    let shapes = tables(&options(""), &topic("dead-letters", schema)).unwrap();
    assert_eq!(shapes.len(), 1);
    assert_eq!((shapes[0].table.as_str(), shapes[0].time), ("dead_letters_by_id", 2));
}

#[test]
fn views_may_be_said() {
    let said = ", views: {events: [{table: by_kind, by: [kind], bucket: month, time: timestamp, then: [entity], \
                days: 1, only: {column: source, one_of: [usgs]}}]}";
    let shapes = tables(&options(said), &topic("crisis.v1.events", events())).unwrap();
    let create = shapes[0].create_cql("ks");
    assert!(create.contains("PRIMARY KEY ((\"kind\", \"month\"), \"entity\", \"id\")"), "{create}");
    assert!(create.contains("'HOURS', 'compaction_window_size': '1'"), "{create}");
    assert_eq!(shapes.len(), 2);
    // `events` is not the end of every topic's name.
    assert_eq!(tables(&options(said), &topic("prevents", events())).unwrap().len(), 4);
}

#[test]
fn what_a_topic_has_not_is_refused() {
    for (view, word) in [
        ("by: [nothing], time: timestamp", "`nothing`"),
        ("by: [kind], time: nothing", "`nothing`"),
        ("by: [kind], time: kind", "neither a timestamp"),
        ("by: [], time: timestamp", "one partition"),
        ("by: [kind], time: timestamp, then: [nothing]", "`nothing`"),
        ("by: [kind], time: timestamp, only: {column: cell_4, one_of: []}", "cell_4"),
    ] {
        let said = options(&format!(", views: {{events: [{{table: x, {view}}}]}}"));
        let error = tables(&said, &topic("events", events())).unwrap_err();
        assert!(matches!(error, StoreError::Differs { .. }) && error.to_string().contains(word), "{error}");
    }
}

#[test]
fn hostile_names_stay_names() {
    let evil = "a\" text); DROP TABLE x; --";
    let fields = vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("revision_us", DataType::Int64, false),
        Field::new(evil, DataType::Utf8, true),
    ];
    let shapes =
        tables(&options(""), &topic("a\"; DROP KEYSPACE b; --", Schema::new(fields.clone()))).unwrap();
    let create = shapes[0].create_cql("ks");
    assert!(create.contains("\"a\"\" text); DROP TABLE x; --\" text"), "{create}");
    assert!(
        create.starts_with("CREATE TABLE IF NOT EXISTS \"ks\".\"a___drop_keyspace_b_____by_id\" ("),
        "{create}"
    );
    for name in ["", "a\0b", "line\nbreak", &"x".repeat(300)] {
        let mut fields = fields.clone();
        fields.push(Field::new(name, DataType::Utf8, true));
        assert!(tables(&options(""), &topic("t", Schema::new(fields))).is_err(), "{name:?}");
    }
    // The bucket's column is the store's own.
    let mut fields: Vec<Field> = events().fields().iter().map(|f| f.as_ref().clone()).collect();
    fields.push(Field::new("day", DataType::Utf8, true));
    let error = tables(&options(""), &topic("t", Schema::new(fields))).unwrap_err().to_string();
    assert!(error.contains("`day`"), "{error}");
}

#[test]
fn a_long_name_is_cut_and_stays_its_own() {
    assert_eq!(table_name("Crisis.v1.events", "by_id"), "crisis_v1_events_by_id");
    assert_eq!(table_name("1", "by_id"), "t_1_by_id");
    let (a, b) = (table_name(&"long".repeat(20), "by_id"), table_name(&"long".repeat(20), "by_cell"));
    assert!(a.len() == MOST_NAME && b.len() == MOST_NAME && a != b, "{a} {b}");
    // The published value for "foobar".
    assert_eq!(fnv_1a(b"foobar"), 0x8594_4171_f739_67e8);
}
