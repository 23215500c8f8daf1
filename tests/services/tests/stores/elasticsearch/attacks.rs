//! The server goes away, halts, takes no writes, and comes back.

use ::services::Elasticsearch;
use deliver::{Store as _, StoreError};
use serde_json::json;
use store_elasticsearch::{ElasticsearchStore, Options};

use super::common::{TOPIC, World, event, table, write};

#[test]
fn what_a_server_misses_while_it_is_away_is_taken_afterwards() {
    let mut node = Elasticsearch::start().unwrap();
    let mut world = World::new(&node.url());
    let mut store = world.open();
    write(&mut store, &[event("a")], 1).unwrap();
    store.flush(true).unwrap();
    let id = store.id().map(ToOwned::to_owned);

    node.server.kill();
    let away = |error: &StoreError| assert!(matches!(error, StoreError::Away(_)), "{error}");
    let error = write(&mut store, &[event("b")], 2).unwrap_err();
    away(&error);
    assert!(
        error.to_string().ends_with("nothing listens at `url`") || error.to_string().contains("broke"),
        "{error}"
    );
    away(&store.open(&[table(&[])]).unwrap_err());
    node.server.resume().unwrap();
    store.open(&[table(&[])]).unwrap();
    assert_eq!(store.id().map(ToOwned::to_owned), id);
    assert_eq!(store.cursor(TOPIC, 0).unwrap(), Some(1), "as it was before the crash");
    write(&mut store, &[event("b")], 2).unwrap();

    // Halted, its connections stay open: only time tells.
    world.options.timeout_s = 1;
    let mut hasty = ElasticsearchStore::new(Options { timeout_s: 2, ..world.options.clone() }).unwrap();
    hasty.open(&[table(&[])]).unwrap();
    node.server.pause(true).unwrap();
    let error = write(&mut hasty, &[event("c")], 3).unwrap_err();
    node.server.pause(false).unwrap();
    assert_eq!(error.to_string(), "VG4010: the store does not answer: no answer within 2 s");
    assert_eq!(write(&mut hasty, &[event("c")], 3).unwrap(), []);

    // As a full disk makes it.
    let blocks = |blocked: bool| json!({"index.blocks.read_only_allow_delete": if blocked { json!(true) } else { json!(null) }});
    world.ask("PUT", &format!("{}/_settings", world.alias()), &blocks(true));
    let error = write(&mut hasty, &[event("d")], 4).unwrap_err();
    away(&error);
    assert!(error.to_string().contains("make room"), "{error}");
    world.ask("PUT", &format!("{}/_settings", world.alias()), &blocks(false));
    assert_eq!(write(&mut hasty, &[event("d")], 4).unwrap(), []);
    assert_eq!(world.all(), ["a", "b", "c", "d"]);

    node.server.empty().unwrap();
    let error = store.open(&[table(&[])]).unwrap_err();
    assert!(matches!(error, StoreError::Foreign(_)), "{error}");
}
