use std::sync::Arc;

use arrow::array::UInt64Array;
use arrow::datatypes::{Field as ArrowField, Schema};
use event::{Field, Kind};

use super::*;

const ROOM: usize = 64 << 20;
/// A row's bits: it has state, a timer, and values for both fields.
const NOTHING: u64 = 0;
const BARE: u64 = 0b1101;
const TIMED: u64 = 0b1111;

fn shape() -> Shape {
    let field = |kind| Field { name: "of".into(), kind, required: false, labels: Default::default() };
    let key = Schema::new(vec![ArrowField::new("key", Kind::Uint64.arrow(), true)]);
    Shape { key: Arc::new(key), state: vec![field(Kind::Int64), field(Kind::Utf8)], version: 1 }
}

fn table(room: usize) -> Table {
    Table::new("table".into(), shape(), room).unwrap()
}

fn groups(table: &Table, keys: impl IntoIterator<Item = u64>) -> Groups {
    table.group(&[Arc::new(UInt64Array::from_iter_values(keys))]).unwrap()
}

/// For each key its own number and text, and a timer at it.
fn kept(bits: u64, keys: impl IntoIterator<Item = u64>) -> Kept {
    let mut kept = Kept::default();
    for key in keys {
        let from = kept.bytes.len() as u64;
        kept.bytes.extend(key.to_string().bytes());
        kept.words.extend([bits, key, key, from << 32 | kept.bytes.len() as u64]);
    }
    kept
}

fn set(table: &mut Table, bits: u64, keys: std::ops::Range<u64>, at_us: i64) -> Vec<i64> {
    let (groups, at) = (groups(table, keys.clone()), vec![at_us; keys.clone().count()]);
    table.set(&groups, &kept(bits, keys), &at, &vec![1; at.len()]).unwrap()
}

fn committed(table: &mut Table) -> Vec<KeyValue> {
    let mut all = std::collections::BTreeMap::new();
    for StateChange { key, value, .. } in table.take_changes() {
        match value {
            Some(value) => all.insert(key.into(), value.into()),
            None => all.remove(&*key),
        };
    }
    all.into_iter().collect()
}

/// So many that some share the bits of their hash that are looked at first.
#[test]
fn every_key_gets_its_own_back_and_those_without_state_nothing() {
    let mut table = table(ROOM);
    set(&mut table, TIMED, 0..5_000, 0);
    let all = groups(&table, 0..10_000);
    let mut expected = kept(TIMED, 0..5_000);
    expected.words.resize(10_000 * 4, 0);
    assert_eq!(table.kept(&all), expected);
    let mut back = self::table(ROOM);
    back.restore(&committed(&mut table)).unwrap();
    assert_eq!((back.kept(&all), back.len()), (expected, 5_000));
    assert_eq!(back.bytes, table.bytes);
}

/// What a table has is what the log has for it, also when changes of before come once more behind it.
#[test]
fn changes_may_come_again_and_the_table_says_what_is_committed() {
    let mut table = table(ROOM);
    let mut changes = Vec::new();
    for (bits, keys) in [(TIMED, 0..300), (NOTHING, 50..100), (TIMED, 60..70), (NOTHING, 0..20)] {
        set(&mut table, bits, keys, 7);
        changes.push(table.take_changes());
    }
    let log = |changes: &[Vec<StateChange>]| {
        let mut all = std::collections::BTreeMap::new();
        for StateChange { key, value, .. } in changes.iter().flatten().cloned() {
            all.insert(key, value);
        }
        all.into_iter()
            .filter_map(|(key, value)| Some((key.into(), value?.into())))
            .collect::<Vec<KeyValue>>()
    };
    let says = |table: &Table| {
        let mut all = Vec::new();
        table.committed(&mut |key, value| all.push((key.to_vec(), value.to_vec())));
        all.sort();
        all
    };
    assert_eq!(says(&table), log(&changes));
    for from in 0..changes.len() {
        let mut back = self::table(ROOM);
        back.restore(&says(&table)).unwrap();
        for change in changes[from..].iter().flatten() {
            back.apply(&change.key, change.value.as_deref()).unwrap();
        }
        assert_eq!((says(&back), back.bytes, &back.timers), (says(&table), table.bytes, &table.timers));
    }
}

#[test]
fn rows_are_grouped_in_the_order_of_keys_and_otherwise_as_they_came() {
    let groups = groups(&table(ROOM), [7, 1 << 60, 7, 0, 1 << 60, 7]);
    assert_eq!(groups.order.values(), &[3, 0, 2, 5, 1, 4]);
    assert_eq!((groups.key_of_row.as_slice(), groups.keys()), (&[0, 1, 1, 1, 2, 2][..], 3));
    assert_eq!(groups.rows_of(1), 1..4);
}

#[test]
fn timers_are_due_in_the_order_of_time_and_key_and_move() {
    let mut table = table(ROOM);
    set(&mut table, TIMED, 0..3, 0);
    // Key 1 has none any more.
    set(&mut table, BARE, 1..2, 0);
    assert!(table.due(-1).is_none());
    let due = table.due(9).unwrap();
    assert_eq!((due.at_us, due.groups.keys()), (0, 1));
    set(&mut table, NOTHING, 0..1, 0);
    let due = table.due(9).unwrap();
    assert_eq!((due.at_us, due.groups.key(0)), (2, groups(&table, [2]).key(0)));
}

#[test]
fn revisions_never_fall_not_even_of_a_key_that_was_forgotten() {
    let mut table = table(ROOM);
    assert_eq!(set(&mut table, BARE, 0..1, 50), [50]);
    assert_eq!(set(&mut table, BARE, 0..1, 40), [51]);
    assert_eq!(set(&mut table, NOTHING, 0..1, 0), [52]);
    let mut back = self::table(ROOM);
    back.restore(&committed(&mut table)).unwrap();
    assert_eq!(set(&mut back, BARE, 0..1, 0), [53]);
}

#[test]
fn too_much_state_is_refused_and_damaged_state_is_not_taken_back() {
    let mut small = table(100);
    let groups = groups(&small, 0..9);
    let full = small.set(&groups, &kept(BARE, 0..9), &[0; 9], &[1; 9]);
    assert!(matches!(full, Err(Error::Full { most_bytes: 100, .. })));
    let mut state = committed(&mut small);
    state.last_mut().unwrap().1.pop();
    assert!(matches!(table(ROOM).restore(&state), Err(Error::Damaged { .. })));
    let mut other = shape();
    other.state.pop();
    let mut other = Table::new("table".into(), other, ROOM).unwrap();
    assert!(matches!(other.restore(&state), Err(Error::Shape { .. })));
}
