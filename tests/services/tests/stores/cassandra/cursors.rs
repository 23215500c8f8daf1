//! Cursors move with a flush, never back but by a rewind; a store knows itself.

use deliver::{Store as _, StoreError};

use super::world::{Client, TOPIC, event, keyspace, open, options, shared, table, write, write_at};

#[test]
fn a_cursor_moves_with_a_flush() {
    let (address, ks) = (shared(), keyspace());
    let mut store = open(options(&address, &ks, "")).unwrap();
    assert_eq!(store.cursor(TOPIC, 0).unwrap(), None);
    write_at(&mut store, &[event("a", "sensor"), event("b", "sensor")], 40).unwrap();
    assert_eq!(store.cursor(TOPIC, 0).unwrap(), None, "not before the rejects are put away");
    store.flush(false).unwrap();
    assert_eq!((store.cursor(TOPIC, 0).unwrap(), store.cursor(TOPIC, 1).unwrap()), (Some(42), None));
    write_at(&mut store, &[event("c", "sensor")], 42).unwrap();
    store.forget();
    store.flush(true).unwrap();
    assert_eq!(store.cursor(TOPIC, 0).unwrap(), Some(42));
    assert_eq!(open(options(&address, &ks, "")).unwrap().cursor(TOPIC, 0).unwrap(), Some(42));
}

#[test]
fn a_zombie_moves_no_cursor_back() {
    let (address, ks) = (shared(), keyspace());
    let mut zombie = open(options(&address, &ks, "")).unwrap();
    let mut owner = open(options(&address, &ks, "")).unwrap();
    let write = |store: &mut store_cassandra::CassandraStore, from| {
        write_at(store, &[event("a", "sensor")], from).unwrap();
        store.flush(true).unwrap();
    };
    write(&mut zombie, 9);
    write(&mut owner, 99);
    write(&mut zombie, 10);
    assert_eq!(owner.cursor(TOPIC, 0).unwrap(), Some(100));
    owner.rewind(TOPIC, 0, 5).unwrap();
    // It is further on, and knows of no rewind.
    write(&mut zombie, 1_000);
    assert_eq!(owner.cursor(TOPIC, 0).unwrap(), Some(5));
    write(&mut owner, 5);
    assert_eq!(zombie.cursor(TOPIC, 0).unwrap(), Some(6), "it looks, and has the new epoch");
    owner.rewind(TOPIC, 0, 1_000).unwrap();
    assert_eq!(owner.cursor(TOPIC, 0).unwrap(), Some(1_000), "forwards too");
    // Deleted by hand, as of now: a cursor comes from a later time.
    Client::new(&address)
        .run(&format!("DELETE FROM {ks}.vigie_cursors WHERE topic = '{TOPIC}' AND partition = 0"));
    assert_eq!(owner.cursor(TOPIC, 0).unwrap(), Some(1_000));
}

#[test]
fn a_store_that_is_another_one_is_refused() {
    let (address, ks) = (shared(), keyspace());
    let mut store = open(options(&address, &ks, "")).unwrap();
    write(&mut store, &[event("a", "sensor")]).unwrap();
    let id = store.id().unwrap().to_owned();
    let expecting = |id: &str| open(options(&address, &ks, &format!(", store_id: \"{id}\"")));
    assert_eq!(expecting(&id).unwrap().id(), Some(id.as_str()));
    let refused = |error: StoreError| {
        assert!(matches!(error, StoreError::Foreign(_)) && error.to_string().contains("accept"), "{error}");
    };
    refused(expecting("00000000-0000-0000-0000-000000000000").err().unwrap());
    let client = Client::new(&address);
    client.run(&format!("TRUNCATE {ks}.vigie_store"));
    refused(expecting(&id).err().unwrap());
    client.run(&format!("DROP KEYSPACE {ks}"));
    // Under a program that runs: every row is refused, and no row is to blame.
    refused(write(&mut store, &[event("b", "sensor")]).unwrap_err());
    refused(expecting(&id).err().unwrap());
    refused(store.open(&[table()]).unwrap_err());
    // Nobody expects it: it begins anew.
    assert_ne!(open(options(&address, &ks, "")).unwrap().id(), Some(id.as_str()));
}
