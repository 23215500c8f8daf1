use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray, TimestampMicrosecondArray, UInt64Array};
use deliver::Table;

use super::*;
use crate::shape;

const DAY_US: i64 = 86_400_000_000;
const NOW_US: i64 = 20_000 * DAY_US;

/// Kind, cell and age in days of each row.
fn batch(rows: &[(&str, Option<u64>, i64)]) -> RecordBatch {
    let ids: Vec<String> = (0..rows.len()).map(|row| format!("id-{row}")).collect();
    let column = |name: &str, values: ArrayRef| (name.to_owned(), values);
    let times = rows.iter().map(|(_, _, age)| NOW_US - age * DAY_US);
    RecordBatch::try_from_iter([
        column("id", Arc::new(StringArray::from(ids))),
        column("revision_us", Arc::new(Int64Array::from(vec![NOW_US; rows.len()]))),
        column("entity", Arc::new(StringArray::from(vec!["e"; rows.len()]))),
        column("kind", Arc::new(StringArray::from_iter_values(rows.iter().map(|(kind, ..)| kind)))),
        column("timestamp", Arc::new(TimestampMicrosecondArray::from_iter_values(times))),
        column("cell_7", Arc::new(UInt64Array::from_iter(rows.iter().map(|(_, cell, _)| *cell)))),
    ])
    .unwrap()
}

fn arranged(
    rows: &[(&str, Option<u64>, i64)],
    max_row_bytes: usize,
) -> (Vec<(usize, String, i32)>, Arranged) {
    let options = serde_yaml_ng::from_str("{nodes: [a], keyspace: ks}").unwrap();
    let rows = batch(rows);
    let topic = Table { topic: "t".into(), partitions: 1, schema: rows.schema() };
    let shapes = shape::tables(&options, &topic).unwrap();
    let shapes: Vec<&Shape> = shapes.iter().collect();
    let revisions_us = vec![NOW_US; rows.num_rows()];
    let arranged = arrange(&shapes, &columns(&rows).unwrap(), &revisions_us, NOW_US, max_row_bytes);
    let named = |job: &Job| (job.row, shapes[job.shape].table.clone(), job.ttl_s);
    (arranged.jobs.iter().map(named).collect(), arranged)
}

#[test]
fn a_row_goes_where_it_is_asked_for() {
    let rows = [("sensor", Some(7), 1), ("vehicle", None, 1), ("news", None, 1), ("post", Some(7), 0)];
    let (jobs, arranged) = arranged(&rows, 1_000);
    let expected = [
        (0, "t_by_device", 89),
        (0, "t_by_cell", 89),
        (1, "t_by_vehicle", 29),
        (2, "t_by_id", 89),
        (3, "t_by_cell", 90),
    ];
    assert_eq!(jobs, expected.map(|(row, table, days)| (row, table.to_owned(), days * 86_400)));
    assert_eq!((arranged.expired, arranged.too_large), (0, vec![]));
}

#[test]
fn a_row_whose_life_is_over_goes_nowhere() {
    let (jobs, arranged) =
        arranged(&[("vehicle", Some(7), 40), ("vehicle", None, 40), ("news", None, 90)], 1_000);
    // The series of vehicles is kept for 30 days, events by cell for 90.
    assert_eq!(jobs, [(0, "t_by_cell".to_owned(), 50 * 86_400)]);
    assert_eq!(arranged.expired, 2);
}

#[test]
fn a_row_that_is_too_large_is_refused_alone() {
    let long = "x".repeat(2_000);
    let (jobs, arranged) = arranged(&[("news", None, 0), (&long, None, 0), ("news", None, 0)], 1_000);
    assert_eq!(jobs.iter().map(|j| j.0).collect::<Vec<_>>(), [0, 2]);
    assert_eq!(arranged.too_large, [(1, 2_005)]);
}
