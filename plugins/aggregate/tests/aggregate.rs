//! The plugin natively: what a key has come to, whatever the order of its events.

use aggregate::Aggregate;
use vigie::Timestamp;
use vigie::testing::{Keyed, Value, column};

fn severities(values: &[Option<f64>]) -> [vigie::testing::InputColumn; 1] {
    [column("severity", values.iter().copied())]
}

#[test]
fn the_order_of_events_and_the_cut_of_batches_do_not_matter() {
    let values: Vec<Option<f64>> = (0..100).map(|n| (n % 7 != 0).then(|| f64::from(n) * 0.1 - 3.0)).collect();
    let mut finals = Vec::new();
    for (cut, reversed) in [(100, false), (1, false), (7, true)] {
        let mut values = values.clone();
        if reversed {
            values.reverse();
        }
        let mut keyed =
            Keyed::<Aggregate>::configure(r#"{"field": "severity"}"#, true, &severities(&[None])).unwrap();
        for batch in values.chunks(cut) {
            let given = keyed.fold(&vec!["a"; batch.len()], &severities(batch)).given;
            assert_eq!(given.len(), 1, "an early result a batch");
        }
        finals.push(keyed.fire(Timestamp(60), &["a"]).given);
        assert_eq!(keyed.state("a"), None, "a closed window is forgotten");
    }
    assert_eq!(finals[0], finals[1]);
    assert_eq!(finals[0], finals[2]);
    assert_eq!(finals[0][0].1[..2], [Value::Int(100), Value::Bool(true)]);
}

#[test]
fn a_last_result_is_given_where_it_is_wanted() {
    for (config, last) in [("{}", 1), (r#"{"results": "all"}"#, 1), (r#"{"results": "early"}"#, 0)] {
        let mut keyed = Keyed::<Aggregate>::configure(config, true, &[]).unwrap();
        assert_eq!(keyed.fold(&["a"], &[]).given.len(), 1, "{config}");
        assert_eq!(keyed.fire(Timestamp(60), &["a"]).given.len(), last, "{config}");
        assert_eq!(keyed.state("a"), None, "a closed window is forgotten");
    }
}

#[test]
fn without_a_field_events_are_only_counted() {
    let mut keyed = Keyed::<Aggregate>::configure("{}", true, &[]).unwrap();
    assert!(keyed.plan.reads.is_empty());
    let given = keyed.fold(&["b", "a", "b"], &[]).given;
    assert_eq!(given.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(given[1].1[0], Value::Int(2));
}

#[test]
fn a_refused_value_leaves_no_state_behind() {
    let mut keyed =
        Keyed::<Aggregate>::configure(r#"{"field": "severity"}"#, true, &severities(&[None])).unwrap();
    let result = keyed.fold(&["a"], &severities(&[Some(1e300)]));
    assert_eq!(result.rejects, [(0, "value too large to be summed up".to_owned())]);
    assert_eq!((result.given.len(), keyed.state("a")), (0, None));
}
