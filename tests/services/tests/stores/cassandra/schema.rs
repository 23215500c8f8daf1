//! Tables that are not as wanted.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use deliver::{Store as _, StoreError, Table};
use store_cassandra::CassandraStore;

use super::world::{Client, TOPIC, event, keyspace, open, options, schema, shared, table, write};

fn differs(error: StoreError, word: &str) {
    assert!(matches!(error, StoreError::Differs { .. }) && error.to_string().contains(word), "{error}");
}

#[test]
fn what_is_missing_is_migrated() {
    let (address, ks) = (shared(), keyspace());
    open(options(&address, &ks, "")).unwrap();
    let mut fields: Vec<Field> = schema().fields().iter().map(|f| f.as_ref().clone()).collect();
    // A word of CQL, and what somebody may try.
    fields.push(Field::new("select", DataType::Int64, true));
    fields.push(Field::new("x\" text); DROP TABLE y; --", DataType::Utf8, true));
    let wider = Table { topic: TOPIC.into(), partitions: 2, schema: Arc::new(Schema::new(fields)) };
    let mut store = CassandraStore::new(options(&address, &ks, "")).unwrap();
    differs(store.open(std::slice::from_ref(&wider)).unwrap_err(), "vigie stores migrate");
    let done = store.migrate(std::slice::from_ref(&wider)).unwrap();
    assert!(done.len() == 4 && done.iter().all(|cql| cql.starts_with("ALTER TABLE")), "{done:?}");
    assert_eq!(store.migrate(std::slice::from_ref(&wider)).unwrap(), [""; 0]);
    store.open(&[wider]).unwrap();
    // One that knows less works on.
    write(&mut open(options(&address, &ks, "")).unwrap(), &[event("a", "sensor")]).unwrap();

    let other = Table { topic: "crisis.v1.others".into(), partitions: 1, schema: schema() };
    differs(store.open(&[table(), other]).unwrap_err(), "there is no such table");
}

#[test]
fn two_migrations_at_a_time_end_well() {
    let (address, ks) = (shared(), keyspace());
    // As the program does where the store says so.
    let migrate = || loop {
        match CassandraStore::new(options(&address, &ks, "")).unwrap().migrate(&[table()]) {
            Err(error) if error.is_retry() => std::thread::sleep(std::time::Duration::from_millis(200)),
            done => return done.map(drop),
        }
    };
    let id = std::thread::scope(|scope| {
        let both = [scope.spawn(migrate), scope.spawn(migrate)];
        for one in both {
            one.join().unwrap().unwrap();
        }
        open(options(&address, &ks, "")).unwrap().id().unwrap().to_owned()
    });
    assert_eq!(open(options(&address, &ks, "")).unwrap().id(), Some(id.as_str()));
}

#[test]
fn another_type_or_key_is_refused_and_left_alone() {
    let (address, ks) = (shared(), keyspace());
    let client = Client::new(&address);
    for (cql, word) in [
        ("(id text PRIMARY KEY, level text)", "`level` is text, and would have to be double"),
        ("(id text, entity text, PRIMARY KEY (id, entity))", "its key is (id, entity)"),
    ] {
        client.run(&format!(
            "CREATE KEYSPACE IF NOT EXISTS {ks} WITH replication = \
             {{'class': 'SimpleStrategy', 'replication_factor': 1}}"
        ));
        client.run(&format!("DROP TABLE IF EXISTS {ks}.crisis_v1_events_by_id"));
        client.run(&format!("CREATE TABLE {ks}.crisis_v1_events_by_id {cql}"));
        let mut store = CassandraStore::new(options(&address, &ks, "")).unwrap();
        differs(store.migrate(&[table()]).unwrap_err(), word);
    }
}

#[test]
fn a_table_that_was_dropped_blames_no_row() {
    let (address, ks) = (shared(), keyspace());
    let mut store = open(options(&address, &ks, "")).unwrap();
    write(&mut store, &[event("a", "sensor")]).unwrap();
    Client::new(&address).run(&format!("DROP TABLE {ks}.crisis_v1_events_by_device"));
    differs(write(&mut store, &[event("b", "sensor")]).unwrap_err(), "no such table");
    store.migrate(&[table()]).unwrap();
    store.open(&[table()]).unwrap();
    assert_eq!(write(&mut store, &[event("b", "sensor")]).unwrap(), []);
}
