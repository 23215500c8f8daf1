//! The sandbox against a guest that breaks the contract in every way it can (`plugins/hostile`,
//! built by `cargo xtask plugins`), and against components that are none.

// The exemption of tests from these lints does not reach the functions that tests share.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema};
use plugin::{Compiler, Component, Error, KeyedRows, Limits, Nothing, Outcome, Plugin, Sandbox, Stateful};

/// Small, so that every attack ends soon.
const LIMITS: Limits = Limits {
    memory_bytes: 16 << 20,
    time_per_batch_ms: 50,
    fuel_per_call: 20_000_000,
    rows_per_row: 16,
    output_bytes: 4 << 20,
    state_bytes_per_key: 64 << 10,
};

const FUEL: &str = "VG2101";
const MEMORY: &str = "VG2102";
const TRAP: &str = "VG2103";
const CONTRACT: &str = "VG2104";
const ROWS: &str = "VG2105";

fn sandbox() -> &'static Sandbox {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    SANDBOX.get_or_init(|| Sandbox::new().unwrap())
}

/// `VIGIE_PLUGINS`, or where `cargo xtask plugins` puts them: beside the folder of this test's profile.
fn plugins() -> PathBuf {
    std::env::var_os("VIGIE_PLUGINS").map_or_else(
        || std::env::current_exe().unwrap().ancestors().nth(3).unwrap().join("plugins"),
        PathBuf::from,
    )
}

fn hostile() -> &'static Component {
    static HOSTILE: OnceLock<Component> = OnceLock::new();
    HOSTILE.get_or_init(|| {
        let path = plugins().join("tests/hostile.wasm");
        let bytes = std::fs::read(&path);
        let bytes = bytes.unwrap_or_else(|e| panic!("{}: {e}; run `cargo xtask plugins`", path.display()));
        sandbox().load("hostile", &bytes).unwrap()
    })
}

fn schema() -> Schema {
    Schema::new(vec![Field::new("text", DataType::Utf8, false)])
}

fn configure(attack: &str, limits: Limits) -> Result<Plugin, Error> {
    Plugin::configure(hostile(), limits, &format!(r#"{{"do": "{attack}"}}"#), &schema(), Arc::new(Nothing))
}

fn start(attack: &str) -> Plugin {
    configure(attack, LIMITS).unwrap()
}

fn batch(texts: &[String]) -> RecordBatch {
    let column: ArrayRef = Arc::new(StringArray::from_iter_values(texts));
    RecordBatch::try_new(Arc::new(schema()), vec![column]).unwrap()
}

/// An outcome in a form that can be compared.
#[derive(Clone, Debug, Default, PartialEq)]
struct Said {
    /// The input row and text of every output row.
    rows: Vec<(u32, String)>,
    /// Row, code and reason.
    rejects: Vec<(u32, &'static str, String)>,
    seen: u64,
}

impl Said {
    fn of(outcome: Outcome) -> Self {
        let texts: &StringArray = outcome.columns[0].as_string();
        assert_eq!(texts.len(), outcome.rows.len());
        assert!(outcome.columns.iter().all(|c| c.len() == outcome.rows.len() && c.null_count() == 0));
        let texts = texts.iter().map(|text| text.unwrap().to_owned());
        Self {
            rows: outcome.rows.iter().copied().zip(texts).collect(),
            rejects: outcome
                .rejects
                .into_iter()
                .map(|(row, v)| (row, v.code, v.reason.to_string()))
                .collect(),
            seen: outcome.counts[0],
        }
    }

    /// Adds what another batch said, whose first row is row `offset` of this one.
    fn append(&mut self, other: Self, offset: u32) {
        self.rows.extend(other.rows.into_iter().map(|(row, text)| (row + offset, text)));
        self.rejects.extend(other.rejects.into_iter().map(|(row, code, why)| (row + offset, code, why)));
        self.seen += other.seen;
    }
}

fn run(plugin: &mut Plugin, texts: &[String]) -> Said {
    Said::of(plugin.run(&batch(texts)).unwrap())
}

/// Good rows of several lengths and alphabets, some refused and some dropped, with bad ones among them.
fn rows(count: usize, bad: &[usize]) -> Vec<String> {
    let good = |row: usize| match row % 7 {
        3 => "refuse".to_owned(),
        5 => "drop".to_owned(),
        6 => String::new(),
        _ => format!("Łódź {row} 水"),
    };
    (0..count).map(|row| if bad.contains(&row) { "bad".into() } else { good(row) }).collect()
}

/// What an honest plugin of the same shape says of the rows without the bad ones, under their old numbers.
fn without_bad(attack: &str, texts: &[String]) -> Said {
    let honest = attack.split_once(':').map_or("nothing".to_owned(), |(shape, _)| format!("{shape}:nothing"));
    let (old, good): (Vec<u32>, Vec<String>) =
        (0..).zip(texts).filter(|(_, text)| *text != "bad").map(|(row, text)| (row, text.clone())).unzip();
    let said = run(&mut start(&honest), &good);
    Said {
        rows: said.rows.into_iter().map(|(row, text)| (old[row as usize], text)).collect(),
        rejects: said.rejects.into_iter().map(|(row, c, why)| (old[row as usize], c, why)).collect(),
        seen: said.seen,
    }
}

/// The attack costs the bad rows, with this code, and nothing else.
fn costs_only(attack: &str, code: &str, texts: &[String], said: &Said) {
    let (bad, others): (Vec<_>, Vec<_>) =
        said.rejects.iter().cloned().partition(|(row, ..)| texts[*row as usize] == "bad");
    let expected = without_bad(attack, texts);
    assert_eq!(bad.len(), texts.iter().filter(|t| *t == "bad").count(), "{attack}: {said:?}");
    assert!(bad.iter().all(|(_, given, _)| *given == code), "{attack}: {bad:?} instead of {code}");
    assert!(said.rejects.is_sorted_by_key(|(row, ..)| *row), "{attack}: {said:?}");
    assert_eq!(Said { rejects: others, ..said.clone() }, expected, "{attack}");
}

/// One attack at several batch sizes and places; then twice, and at several cuts.
fn attack(attack: &str, code: &str) {
    for (count, bad) in [(1, 0), (8, 0), (8, 4), (8, 7), (100, 0), (100, 50), (100, 99)] {
        let mut plugin = start(attack);
        let texts = rows(count, &[bad]);
        let said = run(&mut plugin, &texts);
        costs_only(attack, code, &texts, &said);
        assert!(plugin.discarded > 0, "{attack}");
        // The plugin goes on working, on the good and on the bad.
        let good = rows(20, &[]);
        assert_eq!(run(&mut plugin, &good), without_bad(attack, &good), "{attack}");
        if count == 8 {
            assert_eq!(run(&mut plugin, &texts), said, "{attack}: another verdict in a second run");
        }
    }
    cuts(attack, code);
}

/// Two bad rows, at every cut of a small batch: the cut changes nothing.
fn cuts(attack: &str, code: &str) {
    let texts = rows(10, &[2, 7]);
    let whole = run(&mut start(attack), &texts);
    costs_only(attack, code, &texts, &whole);
    for size in [1, 3, 4, 7] {
        let mut plugin = start(attack);
        let mut joined = Said::default();
        for (part, offset) in texts.chunks(size).zip((0..).step_by(size)) {
            joined.append(run(&mut plugin, part), offset);
        }
        assert_eq!(joined, whole, "{attack}: another verdict in batches of {size}");
    }
}

#[test]
fn an_honest_guest_is_echoed() {
    let texts = rows(8, &[]);
    let said = run(&mut start("nothing"), &texts);
    let left: Vec<u32> = said.rows.iter().map(|(row, _)| *row).collect();
    assert_eq!(left, [0, 1, 2, 4, 5, 6, 7]);
    assert!(said.rows.iter().all(|(row, text)| *text == texts[*row as usize]));
    assert_eq!(said.rejects, [(3, "VG2100", "it asked to be refused".to_owned())]);
    assert_eq!(said.seen, 8);
    let of = |attack| run(&mut start(attack), &texts).rows.iter().map(|(row, _)| *row).collect::<Vec<_>>();
    assert_eq!(of("filter:nothing"), [0, 1, 2, 4, 6, 7]);
    assert_eq!(of("flat-map:nothing"), [0, 0, 1, 1, 2, 2, 4, 4, 6, 6, 7, 7]);
}

#[test]
fn endless_loops_cost_one_row_by_fuel() {
    attack("loop", FUEL);
    attack("fill", FUEL);
}

#[test]
fn memory_costs_one_row() {
    for name in ["allocate", "allocate-once", "grow-memory", "grow-memory-at-once"] {
        attack(name, MEMORY);
    }
}

#[test]
fn traps_cost_one_row() {
    for name in ["panic", "abort", "recurse"] {
        attack(name, TRAP);
    }
}

#[test]
fn wrong_rejects_cost_one_row() {
    for name in ["unordered", "doubled", "beyond", "furthest", "unknown"] {
        attack(&format!("rejects-{name}"), CONTRACT);
    }
}

#[test]
fn wrong_columns_cost_one_row() {
    let names = [
        "columns-none",
        "columns-more",
        "kind",
        "blob-invalid-utf8",
        "blob-character-cut",
        "counts-none",
        "counts-more",
        "rows",
        "validity-short",
        "validity-long",
        "missing",
        "boolean-two",
    ];
    for name in names {
        attack(name, CONTRACT);
    }
}

#[test]
fn wrong_texts_cost_one_row() {
    let names = [
        "length-short",
        "length-long",
        "ends-decrease",
        "ends-beyond",
        "ends-furthest",
        "ends-short",
        "character-cut",
        "invalid-utf8",
        "output",
    ];
    for name in names {
        attack(name, CONTRACT);
    }
}

#[test]
fn wrong_rows_cost_one_row() {
    for shape in ["filter", "flat-map"] {
        for name in ["none", "beyond", "furthest", "shorter"] {
            attack(&format!("{shape}:{name}"), CONTRACT);
        }
        attack(&format!("{shape}:many"), ROWS);
    }
}

/// Rows that decrease do so only among others: alone, a filter has doubled its row, and a flat map has
/// done nothing wrong.
#[test]
fn decreasing_rows_are_not_taken() {
    let texts = rows(8, &[4]);
    costs_only("filter:decrease", ROWS, &texts, &run(&mut start("filter:decrease"), &texts));
    let mut plugin = start("flat-map:decrease");
    let said = run(&mut plugin, &texts);
    assert!(plugin.discarded > 0 && said.rows.is_sorted_by_key(|(row, _)| *row), "{said:?}");
    assert_eq!(said.rows.iter().filter(|(row, _)| *row == 4).count(), 3, "{said:?}");
    assert_eq!(said.seen, 8);
}

/// Rows that are alike bad, side by side and apart, are all found.
#[test]
fn many_bad_rows_are_all_found() {
    let bad: Vec<usize> = (0..100).filter(|row| row % 9 == 0 || (40..44).contains(row)).collect();
    for (name, code) in [("abort", TRAP), ("kind", CONTRACT), ("grow-memory", MEMORY)] {
        let texts = rows(100, &bad);
        costs_only(name, code, &texts, &run(&mut start(name), &texts));
    }
    let texts = vec!["bad".to_owned(); 20];
    costs_only("abort", TRAP, &texts, &run(&mut start("abort"), &texts));
}

/// What piles up in an instance over many calls is no row's fault.
#[test]
fn a_leak_costs_instances_but_no_row() {
    let mut plugin = start("leak");
    let texts = rows(10, &[]);
    let expected = without_bad("leak", &texts);
    for _ in 0..60 {
        assert_eq!(run(&mut plugin, &texts), expected);
    }
    assert!(plugin.discarded > 1);
}

/// The clock only decides who has to look: with hardly any time and enough fuel, no row is condemned.
#[test]
fn time_condemns_nothing() {
    let limits = Limits { time_per_batch_ms: 1, fuel_per_call: 100_000_000_000, ..LIMITS };
    let mut plugin = configure("slow", limits).unwrap();
    let texts = rows(8, &[4]);
    let said = run(&mut plugin, &texts);
    assert!(plugin.discarded > 0, "the clock never ran out");
    assert_eq!(said.seen, 8);
    assert_eq!(said.rejects.len(), 1, "{said:?}");
    let limits = Limits { fuel_per_call: 1_000_000, ..limits };
    let said = run(&mut configure("slow", limits).unwrap(), &texts);
    assert!(said.rejects.iter().any(|(row, code, _)| (*row, *code) == (4, FUEL)), "{said:?}");
}

/// The same of `configure`, where time running out would end the pipeline.
#[test]
fn time_fails_no_configuration() {
    let limits = Limits { time_per_batch_ms: 1, fuel_per_call: 100_000_000_000, ..LIMITS };
    let mut plugin = configure("configure-slow", limits).unwrap();
    let texts = rows(8, &[]);
    assert_eq!(run(&mut plugin, &texts), without_bad("configure-slow", &texts));
}

/// A depth that the fast engine bears must not be too deep once a neighbour calls the counting one.
#[test]
fn a_trapping_neighbour_changes_no_verdict_on_depth() {
    let bears = |depth: u32| {
        let mut plugin = start(&format!("recurse-to-{depth}"));
        let said = run(&mut plugin, &["bad".into()]);
        said.rejects.is_empty() && plugin.discarded == 0
    };
    let (mut borne, mut too_deep) = (1, 1 << 20);
    assert!(bears(borne) && !bears(too_deep));
    while too_deep - borne > 1 {
        let middle = (borne + too_deep) / 2;
        if bears(middle) { borne = middle } else { too_deep = middle }
    }
    let mut plugin = start(&format!("recurse-to-{borne}"));
    let said = run(&mut plugin, &["bad".into(), "trap".into()]);
    assert_eq!(said.rows, [(0, "bad".to_owned())], "at a depth of {borne}: {said:?}");
    assert_eq!(said.rejects.len(), 1);
}

/// Counters are the guest's numbers: their sum must not overflow.
#[test]
fn huge_counts_do_not_overflow() {
    let texts: Vec<String> = ["a", "trap", "b", "c"].map(String::from).into();
    let said = run(&mut start("counts-huge"), &texts);
    assert_eq!((said.rows.len(), said.rejects.len(), said.seen), (3, 1, u64::MAX));
}

/// There is no row to condemn.
#[test]
fn an_empty_batch_is_no_row_s_fault() {
    for attack in ["nothing", "empty-batch", "filter:nothing", "boolean-two"] {
        assert_eq!(run(&mut start(attack), &[]), Said::default(), "{attack}");
    }
}

#[test]
fn a_failing_configure_is_an_error_of_the_step() {
    let said = |attack: &str| configure(attack, LIMITS).map(|_| ()).unwrap_err().to_string();
    assert_eq!(
        said("configure-problem"),
        "VG2003: hostile refuses its configuration: do: this is what it was asked to say"
    );
    for attack in ["configure-trap", "configure-loop", "configure-allocate"] {
        let error = said(attack);
        assert!(error.starts_with("VG2004: hostile failed in configure: "), "{error}");
        assert_eq!(error, said(attack));
    }
}

/// Two plugins of one sandbox: an attack on one is not felt by the other.
#[test]
fn a_neighbouring_plugin_feels_nothing() {
    let (mut bad, mut good) = (start("allocate"), start("nothing"));
    let texts = rows(8, &[3]);
    let honest = run(&mut good, &texts);
    for _ in 0..3 {
        costs_only("allocate", MEMORY, &texts, &run(&mut bad, &texts));
        assert_eq!(run(&mut good, &texts), honest);
    }
    assert_eq!(good.discarded, 0);
}

#[test]
fn what_is_no_component_is_refused() {
    let module = wat::parse_str("(module)").unwrap();
    for bytes in [&b""[..], b"no component", b"\0asm", &module] {
        let error = sandbox().load("none", bytes).map(|_| ()).unwrap_err();
        assert!(matches!(error, Error::NotAComponent { .. }), "{error}");
        assert!(error.to_string().starts_with("VG2001: none is not a plugin component: "), "{error}");
    }
}

#[test]
fn an_import_outside_the_contract_is_named() {
    for import in ["wasi:clocks/wall-clock@0.2.0", "vigie:plugin/clock@0.1.0", "vigie:plugin/logs@0.1.0"] {
        let bytes = wat::parse_str(format!(r#"(component (import "{import}" (instance)))"#)).unwrap();
        let error = sandbox().load("importer", &bytes).map(|_| ()).unwrap_err().to_string();
        assert!(error.starts_with(&format!("VG2002: importer imports {import}, ")), "{error}");
    }
    let function = wat::parse_str(r#"(component (import "now" (func)))"#).unwrap();
    let error = sandbox().load("importer", &function).map(|_| ()).unwrap_err().to_string();
    assert!(error.starts_with("VG2002: importer imports now, "), "{error}");
}

/// The package's name alone is no way in, and what a plugin has to export must be there.
#[test]
fn a_component_of_another_contract_does_not_start() {
    let components = [
        "(component)",
        r#"(component (import "vigie:plugin/log@7.0.0" (instance (export "write" (func)))))"#,
        r#"(component (import "vigie:plugin/log@0.1.0" (instance (export "erase" (func)))))"#,
    ];
    for text in components {
        let component = sandbox().load("other", &wat::parse_str(text).unwrap()).unwrap();
        let error = Plugin::configure(&component, LIMITS, "{}", &schema(), Arc::new(Nothing))
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("VG2004: other failed while starting: "), "{error}");
    }
}

/// A plugin that reads and writes nothing: all that its functions give is zeros. Rust cannot write
/// one with a table that grows.
fn zeros(definitions: &str, transform: &str) -> Component {
    let module = format!(
        r#"(module
            (memory (export "memory") 1)
            {definitions}
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024)
            (func (export "configure") (param i32 i32 i32 i32 i32 i32 i32) (result i32) i32.const 32768)
            (func (export "transform") (param i32 i32 i32) (result i32) {transform} i32.const 32768))"#
    );
    let mut module = wat::parse_str(module).unwrap();
    let mut contract = wit_parser::Resolve::default();
    let (package, _) = contract.push_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../../wit")).unwrap();
    let world = contract.select_world(&[package], Some("transform")).unwrap();
    let encoding = wit_component::StringEncoding::UTF8;
    wit_component::embed_component_metadata(&mut module, &contract, world, encoding).unwrap();
    let encoder = wit_component::ComponentEncoder::default().validate(true).module(&module).unwrap();
    sandbox().load("zeros", &{ encoder }.encode().unwrap()).unwrap()
}

fn verdicts(component: &Component) -> Vec<(u32, &'static str)> {
    let mut plugin = Plugin::configure(component, LIMITS, "{}", &schema(), Arc::new(Nothing)).unwrap();
    let outcome = plugin.run(&batch(&rows(3, &[]))).unwrap();
    outcome.rejects.iter().map(|(row, verdict)| (*row, verdict.code)).collect()
}

#[test]
fn tables_count_as_memory() {
    let table = "(table $t 1 funcref)";
    assert_eq!(verdicts(&zeros(table, "")), []);
    let grow = |by: u32| format!("(drop (table.grow $t (ref.null func) (i32.const {by})))");
    assert_eq!(verdicts(&zeros(table, &grow(1_000))), []);
    let all = [(0, MEMORY), (1, MEMORY), (2, MEMORY)];
    assert_eq!(verdicts(&zeros(table, &grow(9_000_000))), all);
    let slowly = format!("(loop {} br 0)", grow(1_000));
    assert_eq!(verdicts(&zeros(table, &slowly)), all);
    // Two tables, each of which would fit alone.
    let two = "(table $t 1 funcref) (table 1200000 funcref)";
    assert_eq!(verdicts(&zeros(two, &grow(1_200_000))), all);
}

#[test]
fn an_instance_that_begins_too_large_does_not_start() {
    for definitions in ["(table 9000000 funcref)", "(memory 60000)", "(memory 200) (memory 200)"] {
        let component = zeros(definitions, "");
        let error = Plugin::configure(&component, LIMITS, "{}", &schema(), Arc::new(Nothing))
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("VG2004: zeros failed while starting: "), "{error}");
        assert!(error.contains("more memory than the step allows"), "{error}");
    }
}

#[test]
fn an_endless_start_function_does_not_start() {
    let component = zeros("(func $s (loop br 0)) (start $s)", "");
    let error = Plugin::configure(&component, LIMITS, "{}", &schema(), Arc::new(Nothing))
        .map(|_| ())
        .unwrap_err()
        .to_string();
    assert_eq!(error, "VG2004: zeros failed while starting: wasm trap: all fuel consumed by WebAssembly");
}

#[test]
fn a_row_that_makes_the_state_of_its_key_too_large_is_refused() {
    let bytes = std::fs::read(plugins().join("dedupe.wasm")).unwrap();
    let dedupe = sandbox().load("dedupe", &bytes).unwrap();
    let texts: StringArray = (0..64).map(|row| Some(format!("report {row}"))).collect();
    let times = TimestampMicrosecondArray::from_iter_values(0..64).with_timezone("+00:00");
    let columns: [(&str, ArrayRef); 2] = [("timestamp", Arc::new(times)), ("text", Arc::new(texts))];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let fold = |state_bytes_per_key| {
        let limits = Limits { state_bytes_per_key, ..Limits::default() };
        let (config, key) = (r#"{"by": "text", "within_s": 600}"#, ["entity".to_owned()]);
        let mut plugin =
            Stateful::configure(&dedupe, limits, config, &batch.schema(), &key, false, Arc::new(Nothing))
                .unwrap();
        let rows =
            KeyedRows { batch: &batch, key_of_row: &[0; 64], keys: &[], kept: plugin.fields().none(1) };
        plugin.fold(rows).unwrap()
    };
    let enough = fold(64 << 10);
    assert_eq!((enough.origins.len(), enough.rejects.len()), (64, 0));
    let few = fold(256);
    assert!(!few.origins.is_empty() && !few.rejects.is_empty());
    assert_eq!(few.origins.len() + few.rejects.len(), 64, "each row is given or refused");
    assert!(few.rejects.iter().all(|(_, verdict)| verdict.code == "VG2107"));
    // What was refused has left nothing behind: the first rows have room, the last ones not.
    assert_eq!(few.rejects[0].0 as usize, few.origins.len());
}

/// What a sandbox says that has this script for a compiler.
fn compiled_by(script: &str) -> String {
    let program = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/compilers").join(script);
    let compiler = Compiler { program, time_ms: 1500, memory_bytes: 64 << 20 };
    let sandbox = Sandbox::new().unwrap().with_compiler(compiler);
    let bytes = std::fs::read(plugins().join("flood-alarm.wasm")).unwrap();
    match sandbox.load("flood-alarm", &bytes) {
        Err(Error::NotAComponent { why, .. }) => why,
        other => panic!("{:?}", other.err()),
    }
}

#[test]
fn a_compilation_is_bounded_and_its_failure_is_nobody_elses() {
    assert_eq!(compiled_by("endless.sh"), "compiling it takes longer than 1500 ms");
    assert_eq!(compiled_by("greedy.sh"), "compiling it takes more than 64 MiB");
    assert!(compiled_by("wordy.sh").contains("signal"), "ended by the pipe that nobody reads any more");
    assert_eq!(compiled_by("rubbish.sh"), "its compiled code is of another version");
    assert!(compiled_by("failing.sh").starts_with("an attack on the compiler (exit status: 3"));
    assert!(compiled_by("none.sh").starts_with("the compiler cannot be started"));
}
