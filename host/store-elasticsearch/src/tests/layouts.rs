use std::sync::Arc;

use arrow::datatypes::{DataType, Field as ArrowField, Schema as ArrowSchema};
use deliver::{StoreError, Table};
use event::{Kind, Schema};
use serde_json::{Value, json};

use super::{field, schema, table};
use crate::compare::{self, Difference};
use crate::layout::Layout;
use crate::month::Span;
use crate::options::Options;
use crate::probe::Server;
use crate::templates::{Found, Template};
use crate::{names, places};

fn options() -> Options {
    Options::new("http://127.0.0.1:9200")
}

fn server() -> Server {
    Server { analyzers: vec!["english".into()], has_shapes: true }
}

fn layout_of(fields: &[(&str, Kind)], server: &Server) -> Result<Layout, StoreError> {
    let fields = [("id", Kind::Utf8)].iter().chain(fields);
    let schema = Schema { fields: fields.map(|(name, kind)| field(name, *kind, false)).collect() };
    Layout::new(&Table { schema: schema.arrow(), ..table() }, &options(), server)
}

#[test]
fn each_column_has_a_mapping_and_places_and_parents_are_made() {
    let layout = Layout::new(&table(), &options(), &server()).unwrap();
    assert_eq!(layout.table, "crisis_v1_events");
    let wanted = json!({
        "id": {"type": "keyword"},
        "revision_us": {"type": "long"},
        "timestamp": {"type": "date_nanos"},
        "kind": {"type": "keyword"},
        "text": {"type": "text", "analyzer": "standard", "fields": {"english": {"type": "text", "analyzer": "english"}}},
        "lat": {"type": "double", "index": false},
        "lng": {"type": "double", "index": false},
        "position": {"type": "geo_point"},
        "cell_7": {"type": "keyword"},
        "cell_2": {"type": "keyword"},
        "cell_4": {"type": "keyword"},
        "cell_6": {"type": "keyword"},
    });
    assert_eq!(Value::Object(layout.fields), wanted);
    assert_eq!(layout.time, Some(2));
}

#[test]
fn what_the_server_lacks_is_kept_otherwise() {
    let plain = Server::default();
    let mapping =
        |server: &Server, name: &str, kind| layout_of(&[(name, kind)], server).unwrap().fields[name].clone();
    assert_eq!(mapping(&plain, "text", Kind::Utf8), json!({"type": "text", "analyzer": "standard"}));
    assert_eq!(mapping(&server(), "shape", Kind::Utf8), json!({"type": "geo_shape"}));
    let kept = json!({"type": "keyword", "index": false, "doc_values": false});
    assert_eq!(mapping(&plain, "shape", Kind::Utf8), kept);
    assert_eq!(mapping(&plain, "sketch", Kind::Binary), kept);
}

#[test]
fn a_cell_that_is_a_column_is_not_made_again() {
    let cells = [("cell_7", Kind::Uint64), ("cell_4", Kind::Uint64), ("home_cell_5", Kind::Uint64)];
    let layout = layout_of(&cells, &server()).unwrap();
    let mut made: Vec<&str> = layout.parents.iter().map(|parent| parent.name.as_str()).collect();
    made.sort_unstable();
    assert_eq!(made, ["cell_2", "cell_6", "home_cell_2", "home_cell_4"]);
    // Without a resolution in its name, or as a number, it is only a keyword or a number.
    let layout = layout_of(&[("cell", Kind::Uint64), ("cell_9", Kind::Int64)], &server()).unwrap();
    assert!(layout.parents.is_empty());
}

#[test]
fn points_are_made_of_both_halves() {
    let columns = [("lat", Kind::Float64), ("from_lat", Kind::Float64), ("from_lng", Kind::Float64)];
    let schema = Schema { fields: columns.map(|(name, kind)| field(name, kind, false)).into() };
    let places: Vec<String> = places::of(&schema.arrow()).into_iter().map(|place| place.name).collect();
    assert_eq!(places, ["from_position"]);
    assert!(places::is_coordinate("lng") && !places::is_coordinate("flat"));
}

#[test]
fn windows_and_revisions_take_the_place_of_event_time() {
    let time = |columns: &[(&str, Kind)]| layout_of(columns, &server()).unwrap().time;
    assert_eq!(time(&[("window_start", Kind::Timestamp)]), Some(1));
    assert_eq!(time(&[("window_start", Kind::Timestamp), ("timestamp", Kind::Timestamp)]), Some(2));
    assert_eq!(time(&[("timestamp", Kind::Int64)]), None);
}

#[test]
fn what_cannot_be_a_field_is_refused_by_name() {
    let why = |columns: &[(&str, Kind)]| match layout_of(columns, &server()) {
        Err(StoreError::Differs { why, .. }) => why,
        _ => panic!("it was taken"),
    };
    assert!(why(&[("a.b", Kind::Utf8)]).contains("`a.b`"));
    assert!(why(&[("_source", Kind::Utf8)]).contains("`_source`"));
    let taken = [("lat", Kind::Float64), ("lng", Kind::Float64), ("position", Kind::Utf8)];
    assert!(why(&taken).contains("`position`"));
    let of = |data_type| {
        let id = ArrowField::new("id", DataType::Utf8, false);
        let schema = Arc::new(ArrowSchema::new(vec![id, ArrowField::new("list", data_type, true)]));
        Layout::new(&Table { schema, ..table() }, &options(), &server())
            .map(|layout| layout.fields["list"].clone())
    };
    assert!(of(DataType::Int32).is_err());
    let list = |item| DataType::List(Arc::new(ArrowField::new("item", item, true)));
    assert_eq!(of(list(DataType::Utf8)).unwrap(), json!({"type": "keyword"}));
    assert!(of(list(DataType::UInt64)).is_err(), "the encoder writes numbers there");
    let without = Schema { fields: schema().fields.into_iter().skip(1).collect() };
    assert!(Layout::new(&Table { schema: without.arrow(), ..table() }, &options(), &server()).is_err());
}

#[test]
fn names_are_those_that_a_cluster_takes() {
    assert_eq!(names::table("crisis.v1.dead-letters").unwrap(), "crisis_v1_dead_letters");
    for topic in ["Events", "cursors", "", "a/b", "a*"] {
        assert!(names::table(topic).is_err(), "{topic}");
    }
    assert!(
        names::is_prefix("vigie-2")
            && !names::is_prefix("2")
            && !names::is_prefix("a*")
            && !names::is_prefix("")
    );
}

#[test]
fn a_month_ends_at_its_last_microsecond() {
    let january = Span::of(super::JANUARY_US).unwrap();
    assert_eq!(january.name, "2018.01");
    assert!(january.has(super::JANUARY_US) && !january.has(super::FEBRUARY_US));
    assert_eq!(Span::of(super::FEBRUARY_US).unwrap().name, "2018.02");
    assert_eq!(Span::of(0).unwrap().name, "1970.01");
    assert_eq!(Span::of(-1).unwrap().name, "1969.12");
    assert_eq!(Span::of(i64::MAX), None);
    assert_eq!(Span::of(i64::MIN), None);
}

#[test]
fn differences_are_told_apart() {
    let wanted = json!({"a": {"type": "keyword"}, "t": {"type": "text", "analyzer": "standard",
        "fields": {"english": {"type": "text", "analyzer": "english"}}}});
    let wanted = wanted.as_object().unwrap();
    let with = |field: &str, mapping: Value| {
        let mut found = Value::Object(wanted.clone());
        found[field] = mapping;
        compare::fields(&found, wanted)
    };
    assert_eq!(compare::fields(&Value::Object(wanted.clone()), wanted), Difference::None);
    assert_eq!(with("more", json!({"type": "long"})), Difference::None);
    // What holds anyway may be left out.
    let english = json!({"english": {"type": "text", "analyzer": "english"}});
    assert_eq!(with("t", json!({"type": "text", "fields": english})), Difference::None);
    let Difference::Missing(missing) = with("t", json!({"type": "text", "analyzer": "standard"})) else {
        panic!("a language can be added")
    };
    assert_eq!(Value::Object(missing), json!({"t": wanted["t"]}));
    for found in [json!({"type": "long"}), json!({"type": "keyword", "index": false})] {
        assert!(matches!(with("a", found), Difference::Other(_)));
    }
    let german = json!({"english": {"type": "text", "analyzer": "german"}});
    assert!(matches!(with("t", json!({"type": "text", "fields": german})), Difference::Other(_)));
    assert!(matches!(compare::fields(&Value::Null, wanted), Difference::Missing(_)));
}

#[test]
fn a_template_is_compared_with_what_was_put() {
    let fields = json!({"a": {"type": "keyword"}}).as_object().cloned().unwrap();
    let template = Template::new("v-t".into(), "v-t-v1-*".into(), vec!["v-t".into()], &options(), fields);
    let found = json!({"index_patterns": ["v-t-v1-*"], "priority": 500, "composed_of": [], "template": {
        "settings": {"index": {"number_of_shards": "1", "number_of_replicas": "1", "refresh_interval": "1000ms"}},
        "mappings": {"dynamic": "strict", "properties": {"a": {"type": "keyword"}}},
        "aliases": {"v-t": {}}}});
    assert!(matches!(template.compare(&found), Found::AsWanted));
    for (place, value) in [
        ("/index_patterns", json!(["*"])),
        ("/priority", json!(1)),
        ("/template/settings/index/number_of_shards", json!("2")),
        ("/template/mappings/dynamic", json!("true")),
        ("/template/mappings/properties/a/type", json!("text")),
        ("/template/aliases", json!({})),
    ] {
        let mut found = found.clone();
        *found.pointer_mut(place).unwrap() = value;
        assert!(matches!(template.compare(&found), Found::Otherwise(_)), "{place}");
    }
}

#[test]
fn options_that_cannot_be_are_refused_and_hold_no_secret() {
    let read =
        |more: &str| serde_json::from_str::<Options>(&format!("{{\"url\": \"https://h:9200\"{more}}}"));
    read("").unwrap().check().unwrap();
    assert!(read(", \"password\": \"x\"").is_err(), "a secret as a value");
    for more in [
        ", \"prefix\": \"A\"",
        ", \"timeout_s\": 0",
        ", \"max_bulk_bytes\": 1",
        ", \"concurrency\": 0",
        ", \"shards\": 0",
        ", \"cell_parents\": [16]",
        ", \"user\": \"u\"",
        ", \"password_file\": \"p\"",
        ", \"text_analyzers\": [\"a b\"]",
        ", \"user\": \"u\", \"password_file\": \"p\", \"api_key_file\": \"k\"",
    ] {
        assert!(read(more).unwrap().check().is_err(), "{more}");
    }
    for url in ["", "h:9200", "ftp://h", "https://u:s3cret@h:9200"] {
        let error = Options::new(url).check().unwrap_err().to_string();
        assert!(error.contains("VG4015") && !error.contains("s3cret"), "{error}");
    }
    let clear = Options { api_key_file: Some("k".into()), ..Options::new("http://far.example:9200") };
    assert!(clear.check().unwrap_err().to_string().contains("in the clear"));
}
