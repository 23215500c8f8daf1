//! State of every type, timers, and what a stateful plugin declares by default.
// The exemption of tests from these lints does not reach the functions that tests share.
#![allow(clippy::unwrap_used)]

use serde::Deserialize;
use vigie::testing::{InputColumn, Keyed, Value, column};
use vigie::{Gives, KeyTurn, Order, Problem, Reads, Reject, State, Stateful, Timestamp, Writes};

#[derive(Deserialize)]
struct Config {}

#[derive(Reads)]
struct Event {
    number: Option<i64>,
}

/// What is kept of the last event with a number.
#[derive(Clone, Debug, Default, PartialEq, State)]
struct Last {
    flag: bool,
    int: i64,
    uint: u64,
    float: f64,
    time: Timestamp,
    text: String,
    bytes: Vec<u8>,
    maybe_float: Option<f64>,
    maybe_text: Option<String>,
}

impl Last {
    fn of(number: i64) -> Self {
        let even = number % 2 == 0;
        Self {
            flag: even,
            int: number,
            uint: number.unsigned_abs(),
            float: number as f64 / 2.0,
            time: Timestamp(number),
            text: number.to_string(),
            bytes: number.to_le_bytes().into(),
            maybe_float: even.then_some(0.5),
            maybe_text: even.then(|| "even".into()),
        }
    }

    fn values(self) -> Vec<Value> {
        vec![
            self.flag.into(),
            self.int.into(),
            self.uint.into(),
            self.float.into(),
            self.time.into(),
            self.text.into(),
            self.bytes.into(),
            self.maybe_float.into(),
            self.maybe_text.into(),
        ]
    }
}

/// Remembers the last number, gives the one before, and forgets a key for 0.
struct Remember;

impl Stateful for Remember {
    type Config = Config;
    type Reads = Event;
    type State = Last;
    type Writes = Before;
    const REASONS: &'static [&'static str] = &["no number"];
    const GIVES: Gives = Gives::Rows;

    fn configure(_: Config) -> Result<Self, Vec<Problem>> {
        Ok(Self)
    }

    fn event(&mut self, last: &mut Last, event: Event, turn: &mut KeyTurn) -> Result<Option<Before>, Reject> {
        let number = event.number.ok_or(Reject(0))?;
        let known = *last != Last::default();
        let before = Before { text: known.then(|| last.text.clone()) };
        *last = Last::of(number);
        turn.set_timer(Timestamp(number + 100));
        if number == 0 {
            turn.forget();
        }
        Ok(Some(before))
    }
}

#[derive(Writes)]
struct Before {
    text: Option<String>,
}

fn numbers(numbers: &[Option<i64>]) -> [InputColumn; 2] {
    let times = numbers.iter().map(|_| Timestamp(0));
    [column("number", numbers.iter().copied()), column("timestamp", times)]
}

fn remember() -> Keyed<Remember> {
    Keyed::configure("{}", false, &numbers(&[])).unwrap()
}

#[test]
fn rows_come_in_the_order_of_event_time_if_nothing_is_said() {
    let keyed = remember();
    assert_eq!((keyed.plan.order, keyed.plan.gives), (Order::EventTime, Gives::Rows));
    assert_eq!(keyed.plan.state_version, 1);
    assert!(keyed.plan.reads.iter().any(|field| field.name == "timestamp"), "the order needs the time");
}

#[test]
fn state_of_every_type_is_kept_for_each_of_many_keys() {
    let mut keyed = remember();
    let keys: Vec<String> = (10..30).map(|key| key.to_string()).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let first: Vec<Option<i64>> = (10..30).map(Some).collect();
    let given = keyed.fold(&keys, &numbers(&first)).given;
    assert!(given.iter().all(|(_, values)| *values == [Value::Null]));
    let given = keyed.fold(&keys, &numbers(&vec![Some(7); 20])).given;
    for (key, (of, values)) in keys.iter().zip(given) {
        assert_eq!((*key, values), (of.as_str(), vec![Value::Text((*key).into())]));
        assert_eq!(keyed.state(key).unwrap(), Last::of(7).values());
        assert_eq!(keyed.timer(key), Some(107));
    }
    keyed.fold(&["12"], &numbers(&[Some(12)]));
    assert_eq!(keyed.state("12").unwrap(), Last::of(12).values());
}

#[test]
fn a_forgotten_key_and_one_without_a_taken_row_have_no_state() {
    let mut keyed = remember();
    keyed.fold(&["a", "b"], &numbers(&[Some(1), Some(2)]));
    let result = keyed.fold(&["a", "b", "c"], &numbers(&[Some(0), Some(3), None]));
    assert_eq!(result.rejects, [(2, "no number".into())]);
    assert_eq!((keyed.state("a"), keyed.timer("a")), (None, None));
    assert_eq!(keyed.state("b").unwrap(), Last::of(3).values());
    assert_eq!(keyed.state("c"), None);
}
