use deliver::{Batch, StoreError};
use event::Encoder;
use serde_json::{Value, json};

use super::{CELL_7, FEBRUARY_US, JANUARY_US, rows, table};
use crate::bulk::{Lines, Rows};
use crate::document::{self, Documents};
use crate::layout::Layout;
use crate::limit::Limit;
use crate::options::Options;
use crate::probe::Server;

fn documents(batch: &arrow::array::RecordBatch, revisions_us: &[i64]) -> Result<Documents, StoreError> {
    let layout = Layout::new(&table(), &Options::new("http://127.0.0.1:9200"), &Server::default())?;
    let offsets = vec![0; revisions_us.len()];
    let batch = Batch {
        topic: "crisis.v1.events",
        partition: 0,
        from: 0,
        next_offset: 9,
        rows: batch,
        revisions_us,
        offsets: &offsets,
    };
    let mut documents = Documents::default();
    for (rows, revisions_us) in document::parts(&layout, &batch)? {
        document::add(&mut documents, &layout, "v-events-v1-", &mut Encoder::new(), &rows, revisions_us)?;
    }
    Ok(documents)
}

fn body(lines: &Lines) -> Vec<Value> {
    let text = String::from_utf8(lines.body().to_vec()).unwrap();
    assert!(text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_row_is_two_lines_and_lies_in_the_month_of_its_event() {
    let documents = documents(&rows(&[("a\"\n", JANUARY_US), ("b", FEBRUARY_US)]), &[5, -1]).unwrap();
    assert_eq!(documents.months, ["2018.01", "2018.02"]);
    let lines = documents.rows.into_lines();
    assert_eq!(lines.index(), "v-events-v1-2018.01-write");
    let lines = body(&lines);
    assert_eq!(lines.len(), 4);
    let action = json!({"index": {"_id": "a\"\n", "version": 5, "version_type": "external"}});
    assert_eq!(lines[0], action);
    assert_eq!(lines[2]["index"]["_index"], "v-events-v1-2018.02-write");
    let document = json!({
        "id": "a\"\n", "revision_us": 7, "timestamp": "2018-01-31T23:59:59.999999Z", "kind": "post", "text": "high water",
        "lat": -12.5, "lng": -77.25, "position": {"lat": -12.5, "lon": -77.25},
        "cell_7": format!("{CELL_7:x}"), "cell_2": "828e67fffffffff", "cell_4": "848e62dffffffff", "cell_6": "868e62c67ffffff",
    });
    assert_eq!(lines[1], document);
    assert_eq!(lines[2]["index"]["version"], 0);
    assert_eq!(lines[3].get("position"), None, "half a point");
}

#[test]
fn ids_that_a_cluster_does_not_take_are_rejected_here() {
    let long = "x".repeat(513);
    let documents =
        documents(&rows(&[("", 0), ("a", 0), (&long, 0), ("b", i64::MAX)]), &[1, 1, 1, 1]).unwrap();
    let rejects: Vec<_> = documents.rejects.iter().map(|r| (r.row, r.kind.as_str())).collect();
    assert_eq!(rejects, [(0, "no_id"), (2, "id_too_long"), (3, "time_out_of_range")]);
    assert_eq!(body(&documents.rows.into_lines()).len(), 2);
}

#[test]
fn a_batch_of_another_table_is_refused() {
    let batch = rows(&[("a", 0)]);
    assert!(documents(&batch.project(&[0, 1]).unwrap(), &[1]).is_err());
    assert!(documents(&batch, &[1, 2]).is_err());
    assert!(documents(&batch.slice(0, 0), &[]).unwrap().months.is_empty());
}

#[test]
fn requests_are_cut_by_bytes_and_have_a_row_at_least() {
    let mut rows = Rows::default();
    for (row, length) in [(3, 9), (4, 9), (6, 49), (7, 9)] {
        rows.push(row, "events", |line, _| {
            line.extend(vec![b'a' + row as u8; length]);
            Ok(())
        })
        .unwrap();
    }
    let numbers = |lines: &Lines| (0..lines.rows()).map(|row| lines.row(row)).collect::<Vec<_>>();
    assert!(rows.take_full(81).is_none(), "it may be filled yet");
    let full = rows.take_full(71).unwrap();
    assert_eq!((numbers(&full), full.body().len()), (vec![3, 4, 6], 70));
    let rest = rows.into_lines();
    assert_eq!((numbers(&rest), &rest.body()[..]), (vec![7], &b"hhhhhhhhh\n"[..]));
    let mut lines = full.clone();
    assert_eq!(numbers(&lines.clone().cut(20).unwrap()), [3, 4]);
    assert_eq!(numbers(&lines.cut(19).unwrap()), [3]);
    assert_eq!(numbers(&lines.clone().only(&[1])), [6], "counted from the next one on");
    assert_eq!(numbers(&lines.cut(19).unwrap()), [4]);
    let large = lines.cut(19).unwrap();
    assert_eq!((numbers(&large), large.body().len()), (vec![6], 50));
    assert!(lines.cut(100).is_none());
    let mut only = full.only(&[0, 1]);
    let both = only.cut(100).unwrap();
    assert_eq!((numbers(&both), &both.body()[..]), (vec![3, 4], &b"ddddddddd\neeeeeeeee\n"[..]));
    assert!(only.cut(100).is_none());
}

#[test]
fn the_size_shrinks_by_half_and_grows_by_a_sixteenth() {
    let mut limit = Limit::new(1 << 20);
    limit.shrink(400_000);
    assert_eq!(limit.bytes(), 200_000);
    limit.shrink(10);
    assert_eq!(limit.bytes(), 64 << 10);
    limit.halve(1_001);
    assert_eq!(limit.bytes(), 500);
    for _ in 0..16 {
        limit.grow();
    }
    assert_eq!(limit.bytes(), 1 << 20);
}
