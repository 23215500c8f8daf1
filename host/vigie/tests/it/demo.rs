//! The main job: what it gives, and that it gives the same whatever happens.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::{root, said, succeed, vigie};

const DEMO: [&str; 5] = ["demo", "--events", "4000", "--bad-per-mille", "20"];
/// The same key everywhere, so that ids can be compared.
const KEY: &str = "000102030405060708090a0b0c0d0e0f\n";

fn data() -> tempfile::TempDir {
    let data = tempfile::tempdir().unwrap();
    fs::write(data.path().join("identity.key"), KEY).unwrap();
    data
}

/// Everything that must be the same: the derived topics, record by record, and the store.
fn contents(data: &Path) -> Vec<String> {
    let topics = ["events", "reports", "dead-letters.rows"];
    let mut all: Vec<String> = topics
        .iter()
        .map(|t| {
            // How source partitions interleave in a derived topic may differ; the records may not.
            let text = succeed(&mut vigie(data, &["--output", "json", "tail", t, "--limit", "1000000"]));
            let mut lines: Vec<&str> = text.lines().collect();
            lines.sort_unstable();
            lines.join("\n")
        })
        .collect();
    // Where a row lies in the file (`_row`) or in a derived topic follows the order of arrival; how high
    // a window's revision is, and whether its result is the last, follows how many early ones there were.
    let tables = [
        ("events", &["_row"][..]),
        ("reports", &["_row"]),
        ("cells", &["_row", "_revision", "revision_us"]),
        ("dead_letters", &["_row"]),
    ];
    for (table, without) in tables {
        let sql = format!("select * from {table} order by id");
        let query = ["--output", "json", "query", &sql, "--limit", "1000000"];
        let rows = succeed(&mut vigie(data, &query));
        let without_place = |line: &str| {
            let mut row: serde_json::Value = serde_json::from_str(line).unwrap();
            let row = row.as_object_mut().unwrap();
            without.iter().for_each(|name| drop(row.remove(*name).unwrap()));
            if !row.get("topic").is_none_or(|topic| topic.as_str().unwrap().starts_with("raw.")) {
                row.remove("offset");
            }
            serde_json::to_string(row).unwrap()
        };
        all.push(rows.lines().map(without_place).collect::<Vec<_>>().join("\n"));
    }
    let state = ["--output", "json", "state", "pipelines/field-reports.yaml", "--limit", "1000000"];
    all.push(succeed(&mut vigie(data, &state)));
    all
}

fn number(data: &Path, sql: &str) -> i64 {
    let row = succeed(&mut vigie(data, &["--output", "json", "query", sql]));
    let row: serde_json::Value = serde_json::from_str(row.trim()).unwrap();
    row.as_object().unwrap().values().next().unwrap().as_i64().unwrap()
}

#[test]
fn the_demo_masks_locates_and_stores_every_event() {
    let data = data();
    let summary = succeed(&mut vigie(data.path(), &DEMO));
    assert!(summary.contains("5707 raw events in"), "{summary}");
    let count = |sql: &str| number(data.path(), sql);
    assert_eq!(count("select count(*) from events where source = 'usgs'"), 1707);
    let events = count("select count(*) from events");
    let refused = count("select count(*) from dead_letters where topic like 'raw.%'");
    let flood = simulate::Options { seed: 7, events: 4000, bad_per_mille: 20, ..Default::default() };
    // The same report again has the same id.
    let repeats = simulate::events(&flood).filter(|event| event.truth.repeat).count() as i64;
    assert!(repeats > 0);
    assert_eq!(events + refused, 5707 - repeats, "each raw event is an event or a dead letter");
    assert!(count("select count(*) from dead_letters where code = 'VG1012'") > 0, "some were late");
    assert!(refused > 20, "bad events were simulated: {refused}");
    assert!(count("select count(*) from events where cell_7 is not null") > 5000);
    assert!(count("select count(*) from events where text like '%[email]%'") > 0);
    // The simulation's addresses are all of the example domains.
    assert_eq!(count("select count(*) from events where text like '%@example.%'"), 0);
    assert_eq!(count("select count(*) from events where author not like '~%'"), 0, "only pseudonyms");
    assert!(count("select count(distinct author) from events") > 100);
    assert!(count("select count(*) from events where country = 'Myanmar' and place is not null") > 2000);
    // Every report with a place is counted in exactly one window.
    let counted = count("select sum(count) from cells");
    let placed = count("select count(*) from reports where cell_7 is not null");
    let late = count("select count(*) from dead_letters where code = 'VG1012' and topic = 'reports'");
    assert_eq!(counted, placed - late);
    assert!(count("select count(*) from cells where last") > 1000, "windows have closed");
    let second = succeed(&mut vigie(data.path(), &DEMO));
    assert!(second.contains("This run: 0 raw events in"), "{second}");
    assert_eq!(count("select count(*) from events"), events);
}

#[test]
fn batch_cuts_are_invisible() {
    let whole = data();
    let refused = vigie(whole.path(), &DEMO).env("VIGIE_BATCH_RECORDS", "0").output().unwrap();
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("VG0007"));
    succeed(&mut vigie(whole.path(), &DEMO));
    let whole = contents(whole.path());
    for cut in ["1", "7"] {
        let data = data();
        // One row a commit is slow: fewer events, compared with their own whole run.
        succeed(vigie(data.path(), &DEMO).env("VIGIE_BATCH_RECORDS", cut));
        for (number, (cut_up, whole)) in contents(data.path()).iter().zip(&whole).enumerate() {
            assert!(cut_up == whole, "batches of {cut} give another result: part {number} of the contents");
        }
    }
}

#[test]
fn two_workers_give_what_one_gives() {
    let (one, two) = (data(), data());
    succeed(&mut vigie(one.path(), &DEMO));
    succeed(vigie(two.path(), &DEMO).args(["--workers", "2"]));
    for (number, (two, one)) in contents(two.path()).iter().zip(contents(one.path())).enumerate() {
        assert!(*two == one, "two workers give another result: part {number} of the contents");
    }
}

#[test]
fn kill_9_at_random_moments_changes_nothing() {
    let whole = data();
    succeed(&mut vigie(whole.path(), &DEMO));
    let whole = contents(whole.path());
    let seed = std::env::var("VIGIE_TEST_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or_else(|| {
        u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() % (1 << 62)).unwrap()
    });
    println!("VIGIE_TEST_SEED={seed}");
    let mut random = seed;
    let data = data();
    let mut killed = 0;
    for _ in 0..10 {
        // xorshift64 (Marsaglia, 2003)
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let mut command = vigie(data.path(), &DEMO);
        // Small batches, so that there are many commits to be killed in.
        command.env("VIGIE_BATCH_RECORDS", "64").stdout(std::process::Stdio::null());
        let mut child = command.stderr(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(50 + random % 600));
        killed += usize::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(killed > 0, "no run lived long enough to be killed");
    succeed(&mut vigie(data.path(), &DEMO));
    assert!(contents(data.path()) == whole, "seed {seed}: a killed run gives another result");
}

#[test]
fn the_store_has_only_what_is_delivered() {
    let yaml = fs::read_to_string(root().join("pipelines/field-reports.yaml")).unwrap();
    let yaml = yaml.replace("../data", &root().join("data").to_string_lossy());
    for (deliver, tables) in [("[events]", &["events"][..]), ("[]", &[])] {
        let data = data();
        succeed(&mut vigie(data.path(), &["simulate", "--to-topics", "--events", "300"]));
        let file = data.path().join("delivered.yaml");
        fs::write(&file, format!("{yaml}\ndeliver: {deliver}\n")).unwrap();
        succeed(&mut vigie(data.path(), &["run", file.to_str().unwrap()]));
        for table in ["events", "reports", "cells", "dead_letters"] {
            let sql = format!("select count(*) from {table}");
            if tables.contains(&table) {
                assert!(number(data.path(), &sql) > 200, "{deliver}: {table}");
            } else {
                let output = vigie(data.path(), &["query", &sql]).output().unwrap();
                assert!(said(&output).contains("no such table"), "{deliver}: {table}: {}", said(&output));
            }
        }
        let events = succeed(&mut vigie(data.path(), &["tail", "events", "--limit", "1000"]));
        assert!(events.lines().count() > 200, "{deliver}: the log has them in any case");
    }
}
