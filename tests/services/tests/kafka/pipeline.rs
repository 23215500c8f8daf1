//! The program on Kafka: the same results as on the embedded log, also when it is killed.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use log::{Log, Output, Step};
use log_embedded::EmbeddedLog;
use log_kafka::{KafkaLog, Options};
use services::Kafka;

use crate::common::{Installation, Random, Run, compare, ended, lines, outcome, root, signal};

const PIPELINE: &str = "pipelines/field-reports.yaml";
const EVENTS: u64 = 3000;
const KILLS: usize = 3;

/// Writes the same raw events, in one commit, so that their offsets are the same too; in whole
/// milliseconds, as Kafka keeps no more.
fn feed(log: &mut dyn Log) {
    let options = simulate::Options { seed: 7, events: EVENTS, bad_per_mille: 20, ..Default::default() };
    let simulated = simulate::events(&options).map(|event| Output {
        topic: event.source.topic().into(),
        partition: 0,
        timestamp_us: event.received_us.div_euclid(1000) * 1000,
        key: event.key.into(),
        value: event.json.into(),
    });
    let outputs: Vec<Output> = simulated.chain(earthquakes()).collect();
    for topic in ["raw.usgs", "raw.iot", "raw.gps", "raw.social", "raw.rss"] {
        log.create_topic(topic, 1).unwrap();
    }
    log.commit_step(Step::of("feed", &[], &outputs, &[])).unwrap();
}

/// Real reports: a source without any would hold the windows of the others open.
fn earthquakes() -> Vec<Output> {
    let text = fs::read_to_string(root().join("data/usgs-earthquakes.ndjson")).unwrap();
    let output = |line: &str| {
        let feature: serde_json::Value = serde_json::from_str(line).unwrap();
        let updated_ms = feature.pointer("/properties/updated").unwrap().as_i64().unwrap();
        let key = feature["id"].as_str().unwrap().to_owned().into();
        let (topic, timestamp_us) = ("raw.usgs".into(), updated_ms * 1000);
        Output { topic, partition: 0, timestamp_us, key, value: line.to_owned().into() }
    };
    text.lines().map(output).collect()
}

fn on_kafka(kafka: &Kafka) -> Installation {
    let address = kafka.broker().address;
    let mut log = KafkaLog::connect(Options::new(&address, Some("feed"))).unwrap();
    feed(&mut log);
    log.wait_until_visible().unwrap();
    Installation::new(PIPELINE, &format!("kafka://{address}"))
}

fn on_one_file() -> Installation {
    let installation = Installation::new(PIPELINE, "embedded");
    feed(&mut EmbeddedLog::open(&installation.data.path().join("log.db")).unwrap());
    installation
}

/// From end to end on both logs, and on Kafka once more with kills at random moments and a zombie.
#[test]
fn a_pipeline_gives_the_same_on_both_logs_and_when_it_is_killed() {
    let (one, two) = std::thread::scope(|scope| {
        let one = scope.spawn(|| Kafka::start().unwrap());
        (Kafka::start().unwrap(), one.join().unwrap())
    });
    let embedded = on_one_file();
    embedded.succeed(&["run", PIPELINE]);
    let wanted = embedded.contents();
    let sizes: BTreeMap<&str, usize> = wanted.iter().map(|(k, v)| (k.as_str(), v.lines().count())).collect();
    println!("{sizes:?}");
    assert!(
        sizes["events"] > 4000 && sizes["table cells"] > 100 && sizes["dead-letters.rows"] > 20,
        "{sizes:?}"
    );

    let whole = on_kafka(&one);
    whole.succeed(&["run", PIPELINE]);
    compare(&whole.contents(), &wanted, "on Kafka");
    whole.succeed(&["run", PIPELINE]);
    compare(&whole.contents(), &wanted, "run again");
    let status = whole.succeed(&["--output", "json", "status"]);
    assert!(
        status.contains(r#""plugin":"aggregate""#) && status.contains(r#""worker":"field-reports.v1.0.0""#),
        "{status}"
    );
    let schemas = whole.succeed(&["--output", "json", "tail", "vigie.schemas", "--limit", "1000"]);
    assert!(schemas.lines().count() > 10, "each label of each field once: {schemas}");

    let killed = on_kafka(&two);
    // Of another host, which falls asleep over its work.
    let asleep = Installation::new(PIPELINE, &killed.log);
    let mut zombie = at_work(&asleep).unwrap();
    signal(&zombie, "STOP");
    let seed = kill(&killed);
    killed.succeed(&["run", "--workers", "2", PIPELINE]);
    compare(&killed.contents(), &wanted, &format!("VIGIE_TEST_SEED={seed}"));
    // It wakes, and finds that its place was taken, or has it again as those who had it have ended: then all is done.
    signal(&zombie, "CONT");
    let (succeeded, said) = outcome(&mut zombie);
    assert!(succeeded || said.contains("VG3008"), "{said}");
    compare(&killed.contents(), &wanted, "after the zombie");
}

/// Two programs share the pipeline. One is killed, and the other goes on with its part.
#[test]
fn another_host_takes_over_from_one_that_was_killed() {
    let kafka = Kafka::start().unwrap();
    let embedded = on_one_file();
    embedded.succeed(&["run", PIPELINE]);
    let wanted = embedded.contents();
    let second = on_kafka(&kafka);
    let first = Installation::new(PIPELINE, &second.log);
    let wait_for = |events: usize, runs: &mut [&mut Run]| {
        let start = Instant::now();
        while lines(&first, "events") < events {
            assert!(start.elapsed() < Duration::from_secs(120), "{} of {events}", lines(&first, "events"));
            for run in runs.iter_mut() {
                assert!(run.0.try_wait().unwrap().is_none(), "{}", ended(run));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    // It has everything at first, and about half from when the other one comes.
    let mut dying = following(&second, "2");
    wait_for(200, &mut [&mut dying]);
    let mut staying = following(&first, "1");
    wait_for(lines(&first, "events") + 1000, &mut [&mut dying, &mut staying]);
    drop(dying);
    let (killed, all) = (Instant::now(), wanted["events"].lines().count());
    wait_for(all, &mut [&mut staying]);
    println!("all is there {} ms after the kill", killed.elapsed().as_millis());
    drop(staying);
    first.succeed(&["run", "--host", "1", PIPELINE]);
    compare(&first.contents(), &wanted, "after a host was killed");
}

/// A program that goes on, in small batches.
fn following(installation: &Installation, host: &str) -> Run {
    let mut command = installation.vigie(&["run", "--follow", "--host", host, PIPELINE]);
    command.env("VIGIE_BATCH_RECORDS", "64").stdout(Stdio::null()).stderr(Stdio::piped());
    Run(command.spawn().unwrap())
}

/// What a start says of its restores: partitions, of these by snapshots, changes read from the log.
fn restored(installation: &Installation, pipeline: &str) -> (Vec<u64>, String) {
    // Small ones: what the last commit was of must be little also where the machine is slow.
    let mut command = installation.vigie(&["run", pipeline]);
    let output = command.env("VIGIE_BATCH_RECORDS", "64").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    let line = said.lines().find(|line| line.starts_with("state of ")).unwrap_or_else(|| panic!("{said}"));
    (line.split(' ').filter_map(|word| word.parse().ok()).collect(), said.clone())
}

/// A start reads its snapshots, and from the log only what came after; without them, or with one that is
/// damaged, it reads more and has the same.
#[test]
fn a_start_takes_snapshots_and_reads_only_the_rest() {
    let kafka = Kafka::start().unwrap();
    let installation = on_kafka(&kafka);
    // One behind each commit.
    let yaml = fs::read_to_string(root().join(PIPELINE)).unwrap();
    let data = format!("{}/", root().join("data").display());
    let yaml = yaml.replace("../data/", &data).replace("version: 1\n", "version: 1\nsnapshot_every: 0s\n");
    let path = installation.data.path().join("pipeline.yaml");
    fs::write(&path, yaml).unwrap();
    let pipeline = path.to_str().unwrap();
    let (fresh, _) = restored(&installation, pipeline);
    assert_eq!(fresh[1..], [0, 0], "there was nothing");
    let wanted = installation.contents();

    let (again, said) = restored(&installation, pipeline);
    assert!(!said.contains("VG3014"), "{said}");
    assert!(again[1] > 0 && again[1] == again[0], "all by snapshots: {again:?}");
    compare(&installation.contents(), &wanted, "by snapshots");

    let folder = installation.data.path().join("snapshots");
    let files = || fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
    assert_eq!(files().count() as u64, again[0]);
    for file in files() {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
    let damaged = files().max_by_key(|file| fs::metadata(file).unwrap().len()).unwrap();
    let mut bytes = fs::read(&damaged).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&damaged, bytes).unwrap();
    let (one_less, said) = restored(&installation, pipeline);
    assert_eq!(said.matches("VG3014").count(), 1, "{said}");
    assert_eq!(one_less[1], again[0] - 1);
    compare(&installation.contents(), &wanted, "with a damaged snapshot");

    fs::remove_dir_all(&folder).unwrap();
    let (whole, _) = restored(&installation, pipeline);
    assert_eq!(whole[..2], [again[0], 0]);
    assert!(again[2] * 4 < whole[2], "read behind snapshots {}, without {}", again[2], whole[2]);
    assert!(again[2] < one_less[2] && one_less[2] <= whole[2], "{again:?} {one_less:?} {whole:?}");
    compare(&installation.contents(), &wanted, "without snapshots");
}

/// Kills the program at random moments, each when it has got on since the last, until all is done; gives the seed.
fn kill(installation: &Installation) -> u64 {
    let mut random = Random::new();
    let (seed, mut killed) = (random.seed, 0);
    for _ in 0..KILLS {
        let Some(mut child) = at_work(installation) else { break };
        std::thread::sleep(Duration::from_millis(random.below(700)));
        killed += u32::from(child.0.try_wait().unwrap().is_none());
        drop(child);
        println!("killed at {} events", lines(installation, "events"));
    }
    assert!(killed > 0, "seed {seed}: no run was killed at work");
    seed
}

/// A run that has committed something, in small batches, so that there are many commits to be killed in; none: there
/// was nothing left to do.
fn at_work(installation: &Installation) -> Option<Run> {
    let mut command = installation.vigie(&["run", PIPELINE]);
    command.env("VIGIE_BATCH_RECORDS", "16").stdout(Stdio::null()).stderr(Stdio::piped());
    let before = lines(installation, "events");
    let mut child = Run(command.spawn().unwrap());
    while lines(installation, "events") == before {
        if child.0.try_wait().unwrap().is_some() {
            let (succeeded, said) = outcome(&mut child);
            assert!(succeeded, "{said}");
            return None;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Some(child)
}
