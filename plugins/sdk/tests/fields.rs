//! Every type that a field may have, in and out; and the log.
// The exemption of tests from these lints does not reach the functions that tests share.
#![allow(clippy::unwrap_used)]

use std::cell::RefCell;
use std::rc::Rc;

use serde::Deserialize;
use vigie::testing::{Host, InputColumn, Value, column, run, set_host};
use vigie::{Kind, Problem, Reads, Reject, Timestamp, Transform, Turn, Writes};

#[derive(Deserialize)]
struct Config {}

/// Gives back what it reads.
struct Echo;

/// As it is read and as it is written.
#[derive(Reads, Writes)]
struct Fields<'a> {
    flag: bool,
    int: i64,
    uint: u64,
    float: f64,
    time: Timestamp,
    text: &'a str,
    owned: String,
    bytes: Vec<u8>,
    maybe_flag: Option<bool>,
    maybe_int: Option<i64>,
    maybe_uint: Option<u64>,
    maybe_float: Option<f64>,
    maybe_time: Option<Timestamp>,
    maybe_text: Option<&'a str>,
    maybe_owned: Option<String>,
    maybe_bytes: Option<Vec<u8>>,
}

impl Transform for Echo {
    type Config = Config;
    type Reads = Fields<'static>;
    type Writes = Fields<'static>;
    const REASONS: &'static [&'static str] = &["the greatest number"];
    const MESSAGES: &'static [&'static str] = &["nothing", "a flag was seen"];

    fn configure(_: Config) -> Result<Self, Vec<Problem>> {
        Ok(Self)
    }

    fn event<'a>(&'a mut self, event: Fields<'a>, turn: &mut Turn) -> Result<Fields<'a>, Reject> {
        if event.flag {
            turn.log(1, 1);
        }
        if event.uint == u64::MAX { Err(Reject(0)) } else { Ok(event) }
    }
}

/// Each field with three values: the optional ones have none in the second row.
fn fields() -> Vec<(InputColumn, &'static str, Kind, [Value; 3])> {
    fn required<T: vigie::testing::Cell + Clone>(name: &str, values: [T; 3]) -> (InputColumn, [Value; 3]) {
        (column(name, values.clone()), values.map(Into::into))
    }
    fn optional<T: vigie::testing::Cell + Clone>(name: &str, [a, _, c]: [T; 3]) -> (InputColumn, [Value; 3]) {
        required(name, [Some(a), None, Some(c)])
    }
    let flags = [true, false, true];
    let (ints, uints, floats) = ([i64::MIN, 0, 7], [0, 1, u64::MAX - 1], [-0.5, f64::MIN_POSITIVE, 1e300]);
    let times = [-1, 0, 1].map(Timestamp);
    let (texts, bytes) = (["é", "", "longer text"], [vec![0, 255], vec![], vec![1]]);
    let owned = texts.map(String::from);
    let mut all = Vec::new();
    let mut add = |(column, values), name, kind| all.push((column, name, kind, values));
    add(required("flag", flags), "flag", Kind::Boolean);
    add(required("int", ints), "int", Kind::Int64);
    add(required("uint", uints), "uint", Kind::Uint64);
    add(required("float", floats), "float", Kind::Float64);
    add(required("time", times), "time", Kind::Timestamp);
    add(required("text", texts), "text", Kind::Utf8);
    add(required("owned", owned.clone()), "owned", Kind::Utf8);
    add(required("bytes", bytes.clone()), "bytes", Kind::Binary);
    add(optional("maybe_flag", flags), "maybe_flag", Kind::Boolean);
    add(optional("maybe_int", ints), "maybe_int", Kind::Int64);
    add(optional("maybe_uint", uints), "maybe_uint", Kind::Uint64);
    add(optional("maybe_float", floats), "maybe_float", Kind::Float64);
    add(optional("maybe_time", times), "maybe_time", Kind::Timestamp);
    add(optional("maybe_text", texts), "maybe_text", Kind::Utf8);
    add(optional("maybe_owned", owned), "maybe_owned", Kind::Utf8);
    add(optional("maybe_bytes", bytes), "maybe_bytes", Kind::Binary);
    all
}

/// The fields with another column in place of the one of this name.
fn with(other: InputColumn, name: &str) -> Vec<InputColumn> {
    let columns = fields().into_iter().filter(|(_, of, ..)| *of != name).map(|(column, ..)| column);
    columns.chain([other]).collect()
}

#[test]
fn every_type_comes_out_as_it_went_in() {
    let fields = fields();
    let input: Vec<InputColumn> = fields.iter().map(|(column, ..)| column.clone()).collect();
    let outcome = run::<Echo>("{}", &input).unwrap();
    assert_eq!(outcome.plan.reads, outcome.plan.writes);
    for (_, name, kind, values) in fields {
        let planned = outcome.plan.reads.iter().find(|field| field.name == name).unwrap();
        assert_eq!((planned.kind, planned.optional), (kind, name.starts_with("maybe")), "{name}");
        assert_eq!(outcome.column(name).unwrap(), values, "{name}");
    }
}

#[test]
fn a_refused_row_has_a_slot_in_every_column() {
    let outcome = run::<Echo>("{}", &with(column("uint", [0, u64::MAX, 2]), "uint")).unwrap();
    assert_eq!(outcome.rejects(), [(1, "the greatest number")]);
    for (_, name, _, [first, _, third]) in fields().into_iter().filter(|(_, name, ..)| *name != "uint") {
        let given = outcome.column(name).unwrap();
        assert_eq!((given.first(), given.get(2)), (Some(&first), Some(&third)), "{name}");
    }
}

#[test]
fn a_field_of_another_kind_is_a_problem_with_its_name() {
    let problems = run::<Echo>("{}", &with(column("int", ["1", "2", "3"]), "int")).unwrap_err();
    assert_eq!(problems.iter().map(|p| p.path.as_str()).collect::<Vec<_>>(), ["int"]);
}

struct Log(Rc<RefCell<Vec<(u32, u64)>>>);

impl Host for Log {
    fn log(&mut self, message: u32, events: u64) {
        self.0.borrow_mut().push((message, events));
    }
}

#[test]
fn a_log_line_is_declared_and_seen() {
    let lines = Rc::new(RefCell::new(Vec::new()));
    set_host(Log(lines.clone()));
    let input: Vec<InputColumn> = fields().into_iter().map(|(column, ..)| column).collect();
    let outcome = run::<Echo>("{}", &input).unwrap();
    assert_eq!(*lines.borrow(), [(1, 1), (1, 1)]);
    assert_eq!(outcome.plan.messages, ["nothing", "a flag was seen"]);
}
