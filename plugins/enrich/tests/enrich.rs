//! The plugin natively: answers of the host land at the right events.

use enrich::Enrich;
use vigie::testing::{Column, Host, Value, answers, column, run, set_host};

/// East is the country `e`; a place is near to whatever lies north.
struct Answering;

impl Host for Answering {
    fn fences(&mut self, table: &str, _lat: &[f64], lng: &[f64]) -> Column {
        assert_eq!(table, "countries");
        answers(lng.iter().map(|lng| (*lng > 0.0).then_some("e")))
    }

    fn nearest(&mut self, _table: &str, lat: &[f64], _lng: &[f64], within_m: f64) -> (Column, Column) {
        assert_eq!(within_m, 200_000.0);
        let near = || lat.iter().map(|lat| *lat > 0.0);
        (answers(near().map(|near| near.then_some("n"))), answers(near().map(|near| near.then_some(1234.4))))
    }

    fn find(&mut self, table: &str, keys: &Column) -> Vec<Column> {
        let keys = vigie::testing::values(keys);
        let name = |key: &Value| match key {
            Value::Text(key) => Some(format!("{table} {key}")),
            _ => None,
        };
        vec![answers(keys.iter().map(name))]
    }
}

#[test]
fn events_without_a_position_do_not_shift_the_answers() {
    set_host(Answering);
    let columns = [
        column("lat", [Some(1.0), None, Some(-1.0), Some(2.0)]),
        column("lng", [Some(-1.0), None, Some(1.0), Some(2.0)]),
    ];
    let config = r#"{"country": "countries", "place": "cities"}"#;
    let outcome = run::<Enrich>(config, &columns).unwrap();
    let texts = |name| -> Vec<Option<String>> {
        let text = |value| if let Value::Text(text) = value { Some(text) } else { None };
        outcome.column(name).unwrap().into_iter().map(text).collect()
    };
    assert_eq!(texts("country"), [None, None, Some("countries e".into()), Some("countries e".into())]);
    assert_eq!(texts("place"), [Some("cities n".into()), None, None, Some("cities n".into())]);
    assert_eq!(outcome.column("place_km").unwrap()[0], Value::Float(1.234));
    assert_eq!((outcome.count("without position"), outcome.count("in no country")), (Some(1), Some(1)));
    assert_eq!(outcome.column("delay_ms"), None, "not asked for, not written");
}

#[test]
fn words_must_ascend() {
    let config = r#"{"severity": [{"at_least": 2, "word": "b"}, {"at_least": 1, "word": "a"}]}"#;
    let problems = run::<Enrich>(config, &[]).unwrap_err();
    assert_eq!(problems[0].path, "severity");
}
