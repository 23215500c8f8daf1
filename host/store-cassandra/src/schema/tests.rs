use super::*;
use crate::values::Scalar;

fn shape() -> Shape {
    let mut shape = Shape::own("t", &[("a", Scalar::Text), ("b", Scalar::Bigint), ("c", Scalar::Double)], 1);
    shape.clustering = 1;
    shape
}

fn found(name: &str, cql: &str, kind: &str, position: i32) -> Found {
    let order = if kind == "clustering" { "asc" } else { "none" };
    Found { name: name.into(), cql: cql.into(), kind: kind.into(), position, order: order.into() }
}

fn same() -> Vec<Found> {
    vec![
        found("c", "double", "regular", -1),
        found("b", "bigint", "clustering", 0),
        found("a", "text", "partition_key", 0),
    ]
}

fn options(replication: &str) -> Options {
    serde_yaml_ng::from_str(&format!("{{nodes: [a], keyspace: ks, replication: {replication}}}")).unwrap()
}

#[test]
fn the_same_table_lacks_nothing() {
    assert_eq!(missing(&shape(), &same()).unwrap(), [0; 0]);
    let mut more = same();
    more.push(found("d", "text", "regular", -1));
    assert_eq!(missing(&shape(), &more).unwrap(), [0; 0], "what others added does not matter");
    assert_eq!(missing(&shape(), &same()[1..]).unwrap(), [2]);
}

#[test]
fn another_type_or_key_is_refused() {
    let with = |at: usize, change: fn(&mut Found)| {
        let mut columns = same();
        change(&mut columns[at]);
        missing(&shape(), &columns).unwrap_err().to_string()
    };
    for (said, word) in [
        (with(0, |c| c.cql = "text".into()), "column `c` is text, and would have to be double"),
        (with(0, |c| c.kind = "static".into()), "static"),
        (with(1, |c| c.order = "desc".into()), "downwards"),
        (with(1, |c| c.kind = "partition_key".into()), "its key is"),
        (with(1, |c| c.kind = "regular".into()), "its key is (a), and would have to be (a, b)"),
        (with(1, |c| c.name = "x".into()), "its key is (a, x)"),
    ] {
        assert!(said.starts_with("VG4013: table t") && said.contains(word), "{said}");
    }
}

#[test]
fn migration_makes_what_is_missing() {
    let shape = shape();
    let plan = |found: Option<&Tables>| plan(&options("{dc1: 3, dc2: 2}"), &[&shape], found).unwrap();
    assert_eq!(
        plan(None),
        [
            "CREATE KEYSPACE IF NOT EXISTS \"ks\" WITH replication = \
             {'class': 'NetworkTopologyStrategy', 'dc1': 3, 'dc2': 2}",
            "CREATE TABLE IF NOT EXISTS \"ks\".\"t\" (\"a\" text, \"b\" bigint, \"c\" double, \
             PRIMARY KEY ((\"a\"), \"b\"))",
        ]
    );
    let mut tables = Tables::from([("t".to_owned(), same())]);
    assert!(plan(Some(&tables)).is_empty());
    tables.get_mut("t").unwrap().remove(0);
    assert_eq!(plan(Some(&tables)), ["ALTER TABLE \"ks\".\"t\" ADD IF NOT EXISTS (\"c\" double)"]);
    let said = check(&[&shape], &tables).unwrap_err().to_string();
    assert!(said.contains("no column `c`") && said.contains("vigie stores migrate"), "{said}");
    let said = check(&[&shape], &Tables::new()).unwrap_err().to_string();
    assert!(said.contains("no such table") && said.contains("vigie stores migrate"), "{said}");
    assert!(create_keyspace_cql(&options("2")).contains("'replication_factor': 2}"));
}
