use event::{Field, Kind};
use plugin::{Flow, Order};

use super::*;

const NARROW: &str = r#"
@id("narrow")
permit (
  principal == Vigie::Plugin::"enrich",
  action == Vigie::Action::"narrow",
  resource == Vigie::Pipeline::"test"
) when { context.config == "known" };
"#;

fn field(name: &str) -> Field {
    Field { name: name.into(), kind: Kind::Utf8, required: false, labels: BTreeSet::new() }
}

/// Writes a country from a position, and a word from a text.
fn plan() -> Plan {
    let flow = |read: &str, write: &str| Flow { reads: vec![read.into()], writes: vec![write.into()] };
    Plan {
        reads: vec![field("position"), field("text")],
        writes: vec![field("country"), field("word"), field("other")],
        shape: Shape::OneToOne,
        flows: vec![flow("position", "country"), flow("text", "word")],
        clears: Vec::new(),
        reasons: Vec::new(),
        messages: Vec::new(),
        counters: Vec::new(),
        lookups: Vec::new(),
        state: Vec::new(),
        state_version: 0,
        order: Order::Any,
        gives: Gives::Rows,
    }
}

/// The labels of what the plan writes, where the step has this configuration.
fn written(config: &str) -> Vec<Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("narrow.cedar"), NARROW).unwrap();
    let policies = Policies::read(folder.path()).unwrap();
    let (pipeline, tables) = (Pipeline::parse(crate::MINIMAL).unwrap(), Tables::default());
    let written = Written::default();
    let check = Check { pipeline: &pipeline, tables: &tables, policies: &policies, written: &written };
    let labelled = |label: &str| FieldFlow { labels: [label.to_owned()].into(), path: Vec::new() };
    let mut fields = Fields::new();
    fields.insert("position".into(), labelled("location"));
    fields.insert("text".into(), labelled("residual"));
    let configured = Configured { plugin: "enrich".into(), pipeline: "test".into(), config: config.into() };
    let plan = plan();
    check.follow(&mut fields, &Step { name: "enrich", configured, plan: &plan, key: &[] }).unwrap();
    let labels = |name: &str| fields[name].labels.iter().cloned().collect();
    ["country", "word", "other"].map(labels).into()
}

#[test]
fn flows_of_their_own_need_a_permit() {
    let all = vec!["location".to_owned(), "residual".to_owned()];
    assert_eq!(written("unknown"), [all.clone(), all.clone(), all.clone()]);
    // What no flow names still depends on all that is read.
    assert_eq!(written("known"), [vec!["location".to_owned()], vec!["residual".to_owned()], all]);
}

#[test]
fn a_config_has_one_digest_however_it_is_written() {
    let digest = |json: &str| config_digest(&serde_json::from_str(json).unwrap());
    assert_eq!(
        digest(r#"{"b": [1, {"d": 2, "c": null}], "a": "x"}"#),
        digest(r#"{"a":"x","b":[1,{"c":null,"d":2}]}"#)
    );
    assert_ne!(digest(r#"{"a": [1, 2]}"#), digest(r#"{"a": [2, 1]}"#));
    assert_eq!(digest("null"), digest("{}"), "a step without `with` has an empty configuration");
    // `printf '{}' | sha256sum`
    assert_eq!(digest("{}"), "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
}
