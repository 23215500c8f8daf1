//! Whole conversations, with a server that plays a part.

use deliver::{Batch, Reject, Store as _, StoreError};

use super::stub::{LATE, Stub};
use super::{rows, table};
use crate::{ElasticsearchStore, Options};

/// Answers as a cluster does in which everything is there; the test answers what it wants to.
fn cluster(mut own: impl FnMut(&str, &str) -> Option<Option<(u16, String)>> + Send + 'static) -> Stub {
    let mut template = String::new();
    Stub::new(move |what, body| {
        if let Some(answer) = own(what, body) {
            return answer;
        }
        let ok = |body: &str| Some((200, body.to_owned()));
        let not_found = |name: &str| Some((404, format!("{{\"error\":{{\"type\":\"{name}\"}}}}")));
        if what.contains("_simulate") {
            return Some((400, "{\"error\":{\"type\":\"illegal_argument_exception\"}}".into()));
        }
        if what.starts_with("PUT /_index_template/vigie-crisis") {
            template = body.into();
            return ok("{}");
        }
        match what {
            "GET /vigie-cursors/_doc/marker" if template.is_empty() => not_found("index_not_found_exception"),
            "GET /vigie-cursors/_doc/marker" => ok("{\"_source\":{\"store\":\"u1\",\"epoch\":1}}"),
            "GET /_index_template/vigie-crisis_v1_events" if !template.is_empty() => {
                ok(&format!("{{\"index_templates\":[{{\"index_template\":{template}}}]}}"))
            }
            _ if what.contains("_settings") => {
                ok("{\"vigie-cursors\":{\"settings\":{\"index\":{\"uuid\":\"u1\"}}}}")
            }
            _ if what.starts_with("GET /_index_template/") => not_found("resource_not_found_exception"),
            _ if what.ends_with("2018.01/_mapping") => {
                let template: serde_json::Value = serde_json::from_str(&template).unwrap();
                let mappings = &template["template"]["mappings"];
                ok(&format!("{{\"vigie-crisis_v1_events-v1-2018.01\":{{\"mappings\":{mappings}}}}}"))
            }
            _ if what.starts_with("GET /vigie-cursors/_doc/") => not_found(""),
            _ if what.contains("_bulk") => ok(&all(201, body.lines().count() / 2)),
            _ => ok("{}"),
        }
    })
}

fn all(status: u16, rows: usize) -> String {
    format!("{{\"items\":[{}]}}", vec![format!("{{\"index\":{{\"status\":{status}}}}}"); rows].join(","))
}

fn failing(status: u16, kind: &str, rows: usize) -> String {
    let item = format!("{{\"index\":{{\"status\":{status},\"error\":{{\"type\":\"{kind}\"}}}}}}");
    format!("{{\"items\":[{}]}}", vec![item; rows].join(","))
}

fn open(stub: &Stub) -> ElasticsearchStore {
    let mut store = ElasticsearchStore::new(Options::new(&stub.url)).unwrap();
    store.open(&[table()]).unwrap();
    store
}

fn write(store: &mut ElasticsearchStore, ids: &[&str], next_offset: u64) -> Result<Vec<Reject>, StoreError> {
    let rows = rows(&ids.iter().map(|id| (*id, super::JANUARY_US)).collect::<Vec<_>>());
    let (revisions, offsets) = (vec![7; ids.len()], vec![0; ids.len()]);
    store.write(&Batch {
        topic: "crisis.v1.events",
        partition: 1,
        from: 0,
        next_offset,
        rows: &rows,
        revisions_us: &revisions,
        offsets: &offsets,
    })
}

fn is_rows(what: &str) -> bool {
    what.contains("-write/_bulk")
}

#[test]
fn an_empty_cluster_is_made_ready_and_cursors_follow_rows() {
    let stub = cluster(|_, _| None);
    let mut store = open(&stub);
    assert_eq!(store.id(), Some("u1"));
    assert_eq!(store.warnings().len(), 2, "two analysers");
    assert_eq!(store.cursor("crisis.v1.events", 1).unwrap(), None);
    assert_eq!(write(&mut store, &["a", "b"], 17).unwrap(), []);
    assert_eq!(store.cursor("crisis.v1.events", 1).unwrap(), None, "it moves with a flush");
    store.flush(false).unwrap();
    assert!(stub.asked("cursors/_bulk").is_empty(), "not as often as that");
    store.flush(true).unwrap();
    assert_eq!(store.cursor("crisis.v1.events", 1).unwrap(), Some(17));
    let version = (1_u64 << 44) + 17;
    let body = &stub.asked("cursors/_bulk")[0].1;
    assert!(body.contains(&format!("\"version\":{version},\"version_type\":\"external_gte\"")), "{body}");
    store.flush(true).unwrap();
    assert_eq!(stub.asked("cursors/_bulk").len(), 1, "a cursor that has not moved");
}

#[test]
fn what_is_put_off_is_sent_again_in_smaller_requests() {
    let mut times = 0;
    let stub = cluster(move |what, body| {
        let rows = body.lines().count() / 2;
        let first = is_rows(what) && {
            times += 1;
            times == 1
        };
        let items = |a: &str, b: &str| Some(Some((200, format!("{{\"items\":[{a},{b}]}}"))));
        let (done, busy) = (all(201, 1), failing(429, "es_rejected_execution_exception", 1));
        let item = |text: &str| text[10..text.len() - 2].to_owned();
        if first && rows == 2 { items(&item(&done), &item(&busy)) } else { None }
    });
    let mut store = open(&stub);
    assert_eq!(write(&mut store, &["a", "b"], 2).unwrap(), []);
    let sent = stub.asked("-write/_bulk");
    assert_eq!(sent.len(), 2);
    assert!(
        !sent[1].1.contains("\"_id\":\"a\"") && sent[1].1.contains("\"_id\":\"b\""),
        "only what was put off"
    );
}

#[test]
fn a_request_that_is_put_off_among_others_is_sent_again() {
    let mut times = 0;
    let stub = cluster(move |what, _| {
        times += u32::from(is_rows(what));
        (is_rows(what) && times == 2).then(|| Some((429, "{}".into())))
    });
    let options = Options { max_bulk_bytes: 64 << 10, ..Options::new(&stub.url) };
    let mut store = ElasticsearchStore::new(options).unwrap();
    store.open(&[table()]).unwrap();
    let ids: Vec<String> = (0..3_000).map(|number| format!("id-{number:04}")).collect();
    assert_eq!(write(&mut store, &ids.iter().map(String::as_str).collect::<Vec<_>>(), 2).unwrap(), []);
    let mut sent = stub.asked("-write/_bulk");
    assert!(sent.len() > 8 && sent.iter().all(|(_, body)| body.len() <= 64 << 10), "{}", sent.len());
    let put_off = sent.remove(1).1.lines().count() / 2;
    let taken: String = sent.into_iter().map(|(_, body)| body).collect();
    let times = |id: &String| taken.matches(&format!("\"_id\":\"{id}\"")).count();
    assert!(put_off > 10 && ids.iter().all(|id| times(id) == 1), "each is taken once");
}

#[test]
fn a_request_that_is_answered_late_does_not_keep_back_the_others() {
    let mut times = 0;
    let stub = cluster(move |what, body| {
        times += u32::from(is_rows(what));
        let done = all(201, body.lines().count() / 2);
        (is_rows(what) && times == 1).then_some(Some((LATE, done)))
    });
    let options = Options { max_bulk_bytes: 64 << 10, concurrency: 2, ..Options::new(&stub.url) };
    let mut store = ElasticsearchStore::new(options).unwrap();
    store.open(&[table()]).unwrap();
    let ids: Vec<String> = (0..3_000).map(|number| format!("id-{number:04}")).collect();
    assert_eq!(write(&mut store, &ids.iter().map(String::as_str).collect::<Vec<_>>(), 2).unwrap(), []);
}

#[test]
fn a_cluster_that_is_busy_for_long_is_left_to_the_caller() {
    for (status, body) in [(200, failing(429, "es_rejected_execution_exception", 1)), (429, "{}".into())] {
        let stub = cluster(move |what, _| is_rows(what).then(|| Some((status, body.clone()))));
        let error = write(&mut open(&stub), &["a"], 2).unwrap_err();
        assert!(matches!(error, StoreError::TooMuch(_)), "{error}");
        assert_eq!(stub.asked("-write/_bulk").len(), 6);
    }
}

#[test]
fn requests_that_are_too_large_are_halved_down_to_a_row() {
    let stub = cluster(|what, body| (is_rows(what) && body.len() > 600).then(|| Some((413, String::new()))));
    let mut store = open(&stub);
    let large = "l".repeat(400);
    let rejects = write(&mut store, &["a", &large, "b", "c"], 2).unwrap();
    let rejects: Vec<_> = rejects.iter().map(|r| (r.row, r.kind.as_str())).collect();
    assert_eq!(rejects, [(1, "too_large")]);
    let sent: String =
        stub.asked("-write/_bulk").into_iter().map(|(_, body)| body).filter(|b| b.len() <= 600).collect();
    assert_eq!(sent.lines().count(), 6, "the others are there, once");
}

#[test]
fn a_store_that_is_emptied_while_it_is_written_to_is_foreign() {
    let mut is_gone = false;
    let stub = cluster(move |what, _| {
        is_gone |= is_rows(what);
        let gone = "{\"error\":{\"type\":\"index_not_found_exception\"}}";
        (is_gone && what.ends_with("_doc/marker")).then(|| Some((404, gone.into())))
    });
    let mut store = open(&stub);
    write(&mut store, &["a"], 2).unwrap();
    let error = store.flush(true).unwrap_err();
    assert!(matches!(error, StoreError::Foreign(_)), "{error}");
    assert!(stub.asked("cursors/_bulk").is_empty());
}

#[test]
fn a_cursor_of_a_newer_epoch_stays_and_is_read_again() {
    let mut times = 0;
    let stub = cluster(move |what, _| {
        if what.contains("cursors/_bulk") {
            return Some(Some((200, failing(409, "version_conflict_engine_exception", 1))));
        }
        times += u32::from(what.contains("_doc/crisis.v1.events:1"));
        let newer = "{\"_source\":{\"epoch\":2,\"next_offset\":5}}";
        (what.contains("_doc/crisis.v1.events:1") && times > 1).then(|| Some((200, newer.into())))
    });
    let mut store = open(&stub);
    write(&mut store, &["a"], 9).unwrap();
    assert!(store.flush(true).unwrap_err().is_retry());
    assert_eq!(store.cursor("crisis.v1.events", 1).unwrap(), Some(5));
}

#[test]
fn an_answer_that_never_comes_and_one_that_is_cut_off_are_away() {
    let stub = cluster(|what, _| {
        if is_rows(what) {
            std::thread::sleep(std::time::Duration::from_secs(3));
        }
        is_rows(what).then_some(None)
    });
    let mut store = ElasticsearchStore::new(Options { timeout_s: 1, ..Options::new(&stub.url) }).unwrap();
    store.open(&[table()]).unwrap();
    let error = write(&mut store, &["s3cret"], 2).unwrap_err();
    assert_eq!(error.to_string(), "VG4010: the store does not answer: no answer within 1 s");
    let stub = cluster(|what, _| is_rows(what).then_some(None));
    let error = write(&mut open(&stub), &["s3cret"], 2).unwrap_err();
    assert_eq!(error.to_string(), "VG4010: the store does not answer: the connection broke");
}

#[test]
fn what_answers_but_is_no_cluster_is_not_taken_for_one() {
    for (status, body) in [(200, "<html>"), (404, "<html>"), (200, "[]"), (301, ""), (400, "")] {
        let stub = Stub::new(move |_, _| Some((status, body.into())));
        let mut store = ElasticsearchStore::new(Options::new(&stub.url)).unwrap();
        let error = store.open(&[table()]).unwrap_err();
        assert!(!error.is_retry(), "{status} {body}: {error}");
    }
}

#[test]
fn a_store_that_is_not_open_says_so() {
    let mut store = ElasticsearchStore::new(Options::new("http://127.0.0.1:1")).unwrap();
    assert!(write(&mut store, &["a"], 1).unwrap_err().to_string().contains("was not opened"));
    let error = store.open(&[table()]).unwrap_err();
    assert_eq!(error.to_string(), "VG4010: the store does not answer: nothing listens at `url`");
}
