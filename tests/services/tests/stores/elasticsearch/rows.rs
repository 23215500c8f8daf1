//! Rows, revisions, cursors and tables.

use ::services::Elasticsearch;
use deliver::{Batch, Begun, Store as _, StoreError};
use serde_json::{Value, json};

use super::common::{Event, JANUARY_US, SECOND_US, TOPIC, World, batch, event, table, write};

fn world() -> World {
    World::new(&Elasticsearch::shared().unwrap())
}

#[test]
fn a_batch_that_is_given_again_changes_nothing() {
    let world = world();
    let mut store = world.open();
    let late = Event { at_us: JANUARY_US + SECOND_US, ..event("b") };
    let events = [event("a"), late];
    assert_eq!(write(&mut store, &events, 2).unwrap(), []);
    store.flush(true).unwrap();
    let before = world.search(&json!({"seq_no_primary_term": true, "version": true}))["hits"]["hits"].clone();
    // As after a crash before the cursor was written.
    let mut again = world.open();
    assert_eq!(again.cursor(TOPIC, 0).unwrap(), Some(2));
    assert_eq!(write(&mut again, &events, 2).unwrap(), []);
    again.flush(true).unwrap();
    assert_eq!(world.search(&json!({"seq_no_primary_term": true, "version": true}))["hits"]["hits"], before);
    // Each lies in the index of its own month, and both behind the alias.
    let index = |hit: &Value| hit["_index"].as_str().unwrap().rsplit_once('-').unwrap().1.to_owned();
    let mut months: Vec<String> = before.as_array().unwrap().iter().map(index).collect();
    months.sort();
    assert_eq!(months, ["2018.01", "2018.02"]);
    assert_eq!(before[0]["_version"], 5);
}

#[test]
fn an_older_revision_never_overwrites() {
    let world = world();
    let mut store = world.open();
    let revision = |revision_us, text: &str| Event { revision_us, text: text.into(), ..event("a") };
    write(&mut store, &[revision(7, "newer")], 1).unwrap();
    write(&mut store, &[revision(6, "older"), revision(7, "a repeat")], 2).unwrap();
    let text = || world.search(&json!({}))["hits"]["hits"][0]["_source"]["text"].clone();
    assert_eq!(text(), "newer");
    write(&mut store, &[revision(8, "newest"), revision(7, "older")], 3).unwrap();
    assert_eq!(text(), "newest");
}

#[test]
fn rows_that_are_never_taken_are_told_and_the_others_are_there() {
    let world = world();
    let mut store = world.open();
    let nowhere = Event { place: Some((91.0, 0.0)), ..event("b") };
    let huge = Event { id: "c".repeat(513), ..event("c") };
    let rejects = write(&mut store, &[event("a"), nowhere, huge, event("d")], 4).unwrap();
    let kinds: Vec<_> = rejects.iter().map(|reject| (reject.row, reject.kind.as_str())).collect();
    assert_eq!(kinds, [(1, "document_parsing_exception"), (2, "id_too_long")]);
    assert_eq!(world.all(), ["a", "d"]);
    store.flush(true).unwrap();
    assert_eq!(store.cursor(TOPIC, 0).unwrap(), Some(4));
}

#[test]
fn partitions_go_in_one_request_and_each_is_told_its_own_rejects() {
    let world = world();
    let mut store = world.open();
    let nowhere = |id: &str| Event { place: Some((91.0, 0.0)), ..event(id) };
    let parts = [vec![nowhere("a"), event("b")], vec![event("c")], vec![event("d"), nowhere("e")]];
    let batches: Vec<_> = parts.iter().map(|events| batch(events)).collect();
    let mut given = Vec::new();
    for (partition, rows) in (0..).zip(&batches) {
        let (revisions_us, offsets) = (&[5, 5][..rows.num_rows()], &[0, 1][..rows.num_rows()]);
        let next_offset = 7 + u64::from(partition);
        given.push(Batch { topic: TOPIC, partition, from: 0, next_offset, rows, revisions_us, offsets });
    }
    assert_eq!(store.begin(&given).unwrap(), Begun::OnTheirWay);
    let rejects = store.settle().unwrap();
    let rows: Vec<Vec<usize>> =
        rejects.iter().map(|rejects| rejects.iter().map(|reject| reject.row).collect()).collect();
    assert_eq!(rows, [vec![0], vec![], vec![1]]);
    assert_eq!(world.all(), ["b", "c", "d"]);
    store.flush(true).unwrap();
    let cursors = [0, 1, 2].map(|partition| store.cursor(TOPIC, partition).unwrap());
    assert_eq!(cursors, [Some(7), Some(8), Some(9)]);
}

#[test]
fn a_cursor_goes_back_only_where_it_is_set_back() {
    let world = world();
    let (mut first, mut second) = (world.open(), world.open());
    assert_eq!(first.id(), second.id());
    assert_eq!(first.cursor(TOPIC, 0).unwrap(), None);
    write(&mut first, &[event("a")], 10).unwrap();
    assert_eq!(first.cursor(TOPIC, 0).unwrap(), None, "it moves with a flush");
    first.flush(true).unwrap();
    // One that was away for long, and does not know.
    write(&mut second, &[event("b")], 7).unwrap();
    assert_eq!(second.cursor(TOPIC, 0).unwrap(), Some(10));
    assert!(second.flush(true).unwrap_err().is_retry());
    assert_eq!(second.cursor(TOPIC, 0).unwrap(), Some(10));
    second.rewind(TOPIC, 0, 3).unwrap();
    assert_eq!(second.cursor(TOPIC, 0).unwrap(), Some(3));
    // Whoever goes on from the former place is told to read it again.
    write(&mut first, &[event("c")], 12).unwrap();
    assert!(first.flush(true).unwrap_err().is_retry());
    assert_eq!(first.cursor(TOPIC, 0).unwrap(), Some(3));
    assert_eq!(world.open().cursor(TOPIC, 0).unwrap(), Some(3));
    second.rewind(TOPIC, 1, 8).unwrap();
    assert_eq!(second.cursor(TOPIC, 1).unwrap(), Some(8), "forwards, and where there was none");
}

#[test]
fn a_table_that_differs_is_migrated_or_refused() {
    let world = world();
    let mut store = world.open();
    write(&mut store, &[event("a")], 1).unwrap();
    let differs = |store: &mut store_elasticsearch::ElasticsearchStore, more: &[&str]| match store
        .open(&[table(more)])
    {
        Err(StoreError::Differs { why, .. }) => why,
        other => panic!("{other:?}"),
    };
    let why = differs(&mut store, &["author"]);
    assert!(why.contains("`author`") && why.contains("vigie stores migrate"), "{why}");
    let done = store.migrate(&[table(&["author"])]).unwrap();
    assert!(done.iter().any(|line| line.ends_with("2018.01 has got `author`")), "{done:?}");
    store.open(&[table(&["author"])]).unwrap();
    assert_eq!(store.migrate(&[table(&["author"])]).unwrap(), [""; 0]);
    // A column that is gone may stay there.
    store.open(&[table(&[])]).unwrap();
    // An index that somebody has made otherwise.
    let index = format!("{}-v1-2018.02", world.alias());
    let mappings = json!({"dynamic": "strict", "properties": {"id": {"type": "long"}}});
    let template = format!("_index_template/{}", world.alias());
    let kept = world.ask("GET", &template, &Value::Null)["index_templates"][0]["index_template"].clone();
    world.ask("DELETE", &template, &Value::Null);
    world.ask("PUT", &index, &json!({"mappings": mappings}));
    world.ask("PUT", &template, &kept);
    let why = differs(&mut store, &["author"]);
    assert!(why.contains("`id` has the type long"), "{why}");
    let Err(StoreError::Differs { why, .. }) = store.migrate(&[table(&["author"])]) else {
        panic!("it was mended")
    };
    assert!(why.contains("stores rewind"), "{why}");
}

#[test]
fn an_emptied_store_is_foreign_until_somebody_says_so() {
    let world = world();
    let mut store = world.open();
    write(&mut store, &[event("a")], 1).unwrap();
    store.flush(true).unwrap();
    let id = store.id().unwrap().to_owned();
    world.ask("DELETE", &format!("{}-*", world.options.prefix), &Value::Null);
    let missed = write(&mut store, &[event("b")], 2);
    assert!(matches!(missed, Err(StoreError::Away(_))), "{missed:?}");
    // The index is made again by its template, which is still there.
    write(&mut store, &[event("b")], 2).unwrap();
    let foreign =
        |result: Result<(), StoreError>| assert!(matches!(result, Err(StoreError::Foreign(_))), "{result:?}");
    foreign(store.flush(true));
    foreign(store.open(&[table(&[])]));
    foreign(world.open_again());
    // Somebody says so.
    let mut new = world.closed();
    new.migrate(&[table(&[])]).unwrap();
    new.open(&[table(&[])]).unwrap();
    assert_eq!(new.cursor(TOPIC, 0).unwrap(), None);
    assert_ne!(new.id(), Some(id.as_str()));
    // The one that is expected is not there.
    let options = store_elasticsearch::Options { store_id: Some(id), ..world.options.clone() };
    let mut expecting = store_elasticsearch::ElasticsearchStore::new(options).unwrap();
    foreign(expecting.open(&[table(&[])]));
    // As a restored backup: the marker of another index.
    let marker = format!("{}-cursors/_doc/marker", world.options.prefix);
    world.ask("PUT", &marker, &json!({"store": "another", "epoch": 1}));
    foreign(world.open_again());
    expecting.adopt(&[table(&[])]).unwrap();
    expecting.open(&[table(&[])]).unwrap();
    world.open();
}
