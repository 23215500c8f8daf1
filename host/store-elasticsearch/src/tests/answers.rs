use deliver::StoreError;

use crate::answer::{self, Verdict};
use crate::refusal;

fn read(items: &str) -> Vec<String> {
    let body = format!("{{\"errors\":true,\"items\":[{items}]}}");
    let rows = items.matches("\"index\"").count();
    let text = |verdict: &Verdict| match verdict {
        Verdict::Done => "done".into(),
        Verdict::Older => "older".into(),
        Verdict::NoIndex => "no index".into(),
        Verdict::Reject { kind, .. } => format!("reject {kind}"),
        Verdict::Again(error) => format!("again {}", &error.to_string()[..6]),
        Verdict::Stop(error) => format!("stop {}", &error.to_string()[..6]),
    };
    answer::read(body.as_bytes(), rows).unwrap().iter().map(text).collect()
}

fn error(status: u16, kind: &str) -> String {
    format!("{{\"index\":{{\"status\":{status},\"error\":{{\"type\":\"{kind}\",\"reason\":\"r\"}}}}}}")
}

#[test]
fn each_row_has_a_verdict_of_its_own() {
    let items = [
        "{\"index\":{\"status\":201}}".to_owned(),
        error(409, "version_conflict_engine_exception"),
        error(400, "document_parsing_exception"),
        error(400, "mapper_parsing_exception"),
        error(400, "illegal_argument_exception"),
        error(429, "es_rejected_execution_exception"),
        error(429, "cluster_block_exception"),
        error(403, "cluster_block_exception"),
        error(503, "unavailable_shards_exception"),
        error(404, "index_not_found_exception"),
        error(400, "strict_dynamic_mapping_exception"),
        error(403, "security_exception"),
        error(400, "something_new_exception"),
        error(409, "something_new_exception"),
        "{\"index\":{\"status\":302}}".to_owned(),
    ];
    let wanted = [
        "done",
        "older",
        "reject document_parsing_exception",
        "reject mapper_parsing_exception",
        "reject illegal_argument_exception",
        "again VG4011",
        "again VG4010",
        "again VG4010",
        "again VG4010",
        "no index",
        "stop VG4013",
        "stop VG4012",
        "stop VG4015",
        "stop VG4015",
        "stop VG4015",
    ];
    assert_eq!(read(&items.join(",")), wanted);
}

#[test]
fn an_answer_that_is_none_takes_no_row_for_delivered() {
    for body in [
        "",
        "<html>",
        "{}",
        "{\"items\":[]}",
        "{\"items\":[{\"index\":{\"status\":201}},{\"index\":{\"status\":201}}]}",
        "{\"items\":[{\"create\":{\"status\":201}}]}",
        "{\"items\":[{\"index\":{\"status\":\"s3cret\"}}]}",
        "{\"items\":[{\"index\":{}}]}",
    ] {
        let said = answer::read(body.as_bytes(), 1).unwrap_err().to_string();
        assert!(said.contains("VG4015") && !said.contains("s3cret"), "{said}");
    }
}

#[test]
fn what_a_server_says_is_cut_and_never_part_of_an_error() {
    let long = format!(
        "{{\"index\":{{\"status\":400,\"error\":{{\"type\":\"document_parsing_exception\",\"reason\":\"{}\"}}}}}}",
        "é".repeat(5_000)
    );
    let body = format!("{{\"items\":[{long}]}}");
    let Verdict::Reject { message, .. } = answer::read(body.as_bytes(), 1).unwrap().remove(0) else {
        panic!()
    };
    assert!(message.len() <= 2_000);
    let odd = error(400, "a value: s3cret\\n");
    let Verdict::Stop(said) = answer::read(format!("{{\"items\":[{odd}]}}").as_bytes(), 1).unwrap().remove(0)
    else {
        panic!()
    };
    assert_eq!(said.to_string(), "VG4015: the store cannot be used: it answered with HTTP 400, unknown");
}

#[test]
fn statuses_mean_what_to_do() {
    let is = |status, name| refusal::of_status(status, name);
    assert!(matches!(is(401, "security_exception"), StoreError::Refused(_)));
    assert!(matches!(is(403, "security_exception"), StoreError::Refused(_)));
    assert!(matches!(is(429, "circuit_breaking_exception"), StoreError::TooMuch(_)));
    assert!(matches!(is(502, ""), StoreError::Away(_)));
    assert!(matches!(is(400, ""), StoreError::Failed(_)));
    assert_eq!(refusal::name(b"<html>"), "");
    assert_eq!(refusal::name(b"{\"error\":{\"type\":\"t\"},\"status\":400}"), "t");
}
