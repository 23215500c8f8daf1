//! Attacks on two hosts that share a pipeline, and on the broker below them, under load. Each goes on by
//! itself with nothing lost or doubled, or stops with a code that says what to do.

mod load;
mod refused;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::process::Stdio;
use std::time::{Duration, Instant};

use log::{Log as _, Most, Output, Record, Step};
use log_embedded::EmbeddedLog;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use services::{Cluster, Kafka};

use crate::common::{Installation, Random, Run, compare, signal};
use crate::world::block_on;
use load::Load;
use watch::{Place, Watch};

const PIPELINE: &str = "tests/services/tests/kafka/attacks.yaml";
const RAW: &str = "raw.iot";
/// As the pipeline's file says.
const RAW_PARTITIONS: u32 = 8;
/// Each group with the topic that it reads.
const READS: [(&str, &str); 3] =
    [("attacks.v1", RAW), ("attacks.v1.unique", "events"), ("attacks.v1.counts", "reports")];
const NAMES: [&str; 2] = ["1", "2"];

/// How often a host is killed, unless `VIGIE_TEST_KILLS` says otherwise.
const KILLS: u64 = 10;
/// After a host is gone every partition has committed output again within this time.
const MOST_GONE: Duration = Duration::from_secs(15);
/// While hosts are restarted in turn no partition is without committed output for longer.
const MOST_PAUSE: Duration = Duration::from_secs(2);
/// Longest wait for what must come, on a machine with other work.
const PATIENCE: Duration = Duration::from_secs(150);
/// How long the broker gives a transaction, and a group a member; a bit more.
const TIMEOUT: Duration = Duration::from_secs(12);

/// A program that follows the topics, with a data folder of its own.
struct Host {
    name: &'static str,
    installation: Installation,
    run: Option<Run>,
}

impl Host {
    fn start(&mut self) {
        let mut command = self.installation.vigie(&["run", "--follow", "--host", self.name, PIPELINE]);
        let said = OpenOptions::new().append(true).create(true).open(self.said_path()).unwrap();
        // Small batches: many commits to be attacked in.
        command.env("VIGIE_BATCH_RECORDS", "64").stdin(Stdio::null()).stdout(Stdio::null()).stderr(said);
        self.run = Some(Run(command.spawn().unwrap()));
    }

    fn said_path(&self) -> std::path::PathBuf {
        self.installation.data.path().join("said.txt")
    }

    fn said(&self) -> String {
        fs::read_to_string(self.said_path()).unwrap()
    }

    /// Asks it to stop, and waits until it has: with success.
    fn stop(&mut self) {
        let mut run = self.run.take().unwrap();
        signal(&run, "TERM");
        let start = Instant::now();
        while run.0.try_wait().unwrap().is_none() {
            assert!(start.elapsed() < PATIENCE, "host {} does not stop", self.name);
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(run.0.wait().unwrap().success(), "host {}: {}", self.name, self.said());
    }
}

/// Two hosts at work on a broker, and the load that they have.
struct Attack {
    address: String,
    load: Load,
    hosts: [Host; 2],
    watch: Watch,
}

impl Attack {
    fn begin(address: &str, seed: u64) -> Self {
        let log = format!("kafka://{address}");
        let load_log = log_kafka::KafkaLog::connect(log_kafka::Options::new(address, None)).unwrap();
        load_log.create_topic(RAW, RAW_PARTITIONS).unwrap();
        let mut hosts = NAMES.map(|name| {
            let installation = Installation::new(PIPELINE, &log);
            Host { name, installation, run: None }
        });
        hosts.iter_mut().for_each(Host::start);
        let load = Load::start(address, RAW, RAW_PARTITIONS, seed);
        let mut attack = Self { address: address.into(), load, hosts, watch: Watch::new(address, &READS) };
        attack.settle();
        attack
    }

    /// Waits until something is so, while the hosts that were started run.
    fn wait(&mut self, what: &str, mut is_so: impl FnMut(&mut Self) -> bool) -> Duration {
        let start = Instant::now();
        loop {
            self.watch.look();
            if is_so(self) {
                return start.elapsed();
            }
            for host in &mut self.hosts {
                if let Some(status) = host.run.as_mut().and_then(|run| run.0.try_wait().unwrap()) {
                    panic!("host {} ended with {status}, {what}: {}", host.name, host.said());
                }
            }
            assert!(self.load.is_running(), "nothing is fed any more, {what}");
            if start.elapsed() > PATIENCE {
                let said = self.hosts.each_ref().map(Host::said);
                panic!("waited too long, {what}: {}: {said:?}", self.watch.standing());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Where everything ends now.
    fn ends(&mut self) -> BTreeMap<Place, i64> {
        let mut ends = None;
        self.wait("asking where the topics end", |attack| {
            ends = attack.watch.ends();
            ends.is_some()
        });
        ends.unwrap()
    }

    /// Waits until in every partition all is committed that is there now, and something more.
    fn go_on(&mut self, what: &str) -> Duration {
        let start = Instant::now();
        let ends = self.ends();
        let mut slowest = Vec::new();
        self.wait(what, |attack| {
            let behind = attack.watch.behind(&ends);
            if !behind.is_empty() {
                slowest = behind.into_iter().cloned().collect();
            }
            behind_none(&attack.watch, &ends)
        });
        println!(
            "{what}: every partition has committed output again after {:?}; last {slowest:?}",
            start.elapsed()
        );
        start.elapsed()
    }

    /// Waits until both hosts have their part, and every partition comes on.
    fn settle(&mut self) {
        self.wait("until both hosts have partitions", |attack| attack.watch.is_shared_by(&NAMES));
        self.go_on("settled");
    }

    /// Ends load and hosts, brings the work to its end, and compares with a run that nothing has disturbed.
    fn end(self, partitions: u32, what: &str) {
        let Self { address, load, mut hosts, .. } = self;
        let fed = load.end();
        hosts.iter_mut().for_each(|host| host.run = None);
        let raw = raw(&address, partitions, &fed);
        let reference = Installation::new(PIPELINE, "embedded");
        let mut log = EmbeddedLog::open(&reference.data.path().join("log.db")).unwrap();
        log.create_topic(RAW, partitions).unwrap();
        commit(&mut log, &raw);
        drop(log);
        reference.succeed(&["run", PIPELINE]);
        let wanted = reference.contents();
        let sizes: BTreeMap<&str, usize> =
            wanted.iter().map(|(k, v)| (k.as_str(), v.lines().count())).collect();
        println!("{what}: {} events fed, {} in the log, {sizes:?}", fed.len(), raw.len());
        assert!(
            sizes["events"] > 1000 && sizes["table cells"] > 100 && sizes["dead-letters.rows"] > 0,
            "{sizes:?}"
        );
        let [host, _] = hosts;
        host.installation.succeed(&["run", "--host", host.name, PIPELINE]);
        compare(&host.installation.contents(), &wanted, what);
    }
}

/// All that lies in the raw topic: what was fed, of which a broker that failed may have taken some twice.
fn raw(address: &str, partitions: u32, fed: &[Output]) -> Vec<Output> {
    let log = log_kafka::KafkaLog::connect(log_kafka::Options::new(address, None)).unwrap();
    let mut raw = Vec::new();
    for partition in 0..partitions {
        let mut next = 0;
        loop {
            let records = log.read(RAW, partition, next, Most::ALL).unwrap();
            let Some(last) = records.last() else { break };
            next = last.offset + 1;
            raw.extend(records.into_iter().map(|Record { timestamp_us, key, value, .. }| Output {
                topic: RAW.into(),
                partition,
                timestamp_us,
                key,
                value,
            }));
        }
    }
    let values =
        |outputs: &[Output]| outputs.iter().map(|output| output.value.clone()).collect::<BTreeSet<_>>();
    assert!(values(&raw) == values(fed), "what was fed is not what lies in the log");
    raw
}

fn behind_none(watch: &Watch, ends: &BTreeMap<Place, i64>) -> bool {
    watch.behind(ends).is_empty()
}

fn commit(log: &mut EmbeddedLog, outputs: &[Output]) {
    log.commit_step(Step::of("feed", &[], outputs, &[])).unwrap();
}

fn admin(address: &str) -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", address).create().unwrap()
}

fn add_partition(address: &str, topic: &str, partitions: u32) {
    let new = NewPartitions::new(topic, partitions as usize);
    let added = block_on(admin(address).create_partitions(&[new], &AdminOptions::new())).unwrap();
    added.into_iter().for_each(|added| drop(added.unwrap()));
}

/// Says how long something took beside its limit. Only an attack that was asked for by itself fails on time: in a
/// run of all tests the machine may have much else to do.
fn judge(what: &str, took: Duration, most: Duration) {
    let is_met = took <= most;
    println!("{what}: {took:?}, limit {most:?}: {}", if is_met { "met" } else { "MISSED" });
    assert!(is_met || std::env::var_os("VIGIE_TEST_KILLS").is_none(), "{what}: {took:?}");
}

/// `kill -9` of one of two hosts at random moments. Half of them come back at once, and the others when the one
/// that stayed has taken over.
#[test]
fn hosts_are_killed_under_load() {
    let kills = std::env::var("VIGIE_TEST_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let kafka = Kafka::start().unwrap();
    let mut random = Random::new();
    let seed = random.seed;
    let mut attack = Attack::begin(&kafka.broker().address, seed);
    let mut longest = [Duration::ZERO; 2];
    for number in 0..kills {
        std::thread::sleep(Duration::from_millis(random.below(1000)));
        let (victim, comes_back) = (random.below(2) as usize, random.below(2) as usize);
        attack.hosts[victim].run = None;
        if comes_back == 1 {
            attack.hosts[victim].start();
        }
        let took = attack.go_on(["killed, and gone", "killed, and back at once"][comes_back]);
        longest[comes_back] = longest[comes_back].max(took);
        judge(&format!("seed {seed}, kill {number}: until all went on"), took, MOST_GONE);
        if comes_back == 0 {
            attack.hosts[victim].start();
        }
        attack.settle();
    }
    println!("{kills} kills: at most {longest:?} (gone, back at once) until all partitions went on");
    attack.end(RAW_PARTITIONS, &format!("VIGIE_TEST_SEED={seed}"));
}

/// A rolling restart, a host that sleeps past its session and wakes, and a partition more in the raw topic.
#[test]
fn hosts_are_restarted_and_fall_asleep() {
    let kafka = Kafka::start().unwrap();
    let mut attack = Attack::begin(&kafka.broker().address, Random::new().seed);
    attack.watch.begin();
    for host in 0..2 {
        let start = Instant::now();
        attack.hosts[host].stop();
        println!("stopped in {:?}", start.elapsed());
        attack.hosts[host].start();
        attack.go_on("restarted");
        attack.settle();
    }
    let (pause, place) = attack.watch.longest_pause();
    println!("rolling restart: {place:?} had no commit for {pause:?}");
    judge("rolling restart: the longest pause", pause, MOST_PAUSE);

    signal(attack.hosts[0].run.as_ref().unwrap(), "STOP");
    let asleep = attack.go_on("asleep");
    judge("asleep: until all went on", asleep, MOST_GONE);
    attack.wait("until the other one has all", |attack| attack.watch.is_shared_by(&NAMES[1..]));
    let mut woken = attack.hosts[0].run.take().unwrap();
    signal(&woken, "CONT");
    // It goes on, or says that its place was taken: nobody else judges its end.
    let mut is_over = false;
    attack.wait("awake", |attack| {
        is_over = woken.0.try_wait().unwrap().is_some();
        is_over || attack.watch.is_shared_by(&NAMES)
    });
    attack.hosts[0].run = Some(woken);
    if is_over {
        assert!(attack.hosts[0].said().contains("VG3008"), "{}", attack.hosts[0].said());
        attack.hosts[0].start();
    }
    println!("the one that woke {}", if is_over { "ended" } else { "goes on" });
    attack.settle();

    add_partition(&attack.address, RAW, RAW_PARTITIONS + 1);
    // Event time runs 600 times as fast here: what waited some seconds to be read would be late.
    let took =
        attack.wait("until the new partition is somebody's", |attack| attack.watch.is_shared_by(&NAMES));
    println!("the new partition is somebody's after {took:?}");
    attack.load.add_partition();
    let new = BTreeMap::from([((RAW.to_owned(), RAW_PARTITIONS as i32), 0)]);
    let took = attack.wait("until the new partition is read", |attack| attack.watch.behind(&new).is_empty());
    println!("the new partition has committed output after {took:?}");
    attack.settle();
    attack.end(RAW_PARTITIONS + 1, "restarted, asleep, one more partition");
}

/// The broker is restarted, halted for longer than transactions and sessions last, and out of space.
#[test]
fn the_broker_is_away() {
    let mut kafka = Kafka::start().unwrap();
    let address = kafka.broker().address;
    let mut attack = Attack::begin(&address, Random::new().seed);

    kafka.kill();
    kafka.resume().unwrap();
    attack.go_on("the broker was restarted");

    kafka.pause(true).unwrap();
    std::thread::sleep(TIMEOUT);
    kafka.pause(false).unwrap();
    attack.go_on("the broker was halted");
    attack.settle();

    let most_bytes = 2 << 20;
    let filler = filler(&address);
    kafka.limit_files(most_bytes).unwrap();
    fill(&filler, most_bytes);
    attack.wait("until the broker is out of space", |_| !kafka.is_running());
    kafka.resume().unwrap();
    attack.go_on("the broker was out of space");
    attack.settle();
    attack.end(RAW_PARTITIONS, "the broker was away");
}

/// Writes into a topic of its own.
fn filler(address: &str) -> BaseProducer {
    let log = log_kafka::KafkaLog::connect(log_kafka::Options::new(address, None)).unwrap();
    log.create_topic("filler", 1).unwrap();
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", address).set("message.timeout.ms", "2000").create().unwrap()
}

/// Writes until no file can hold it.
fn fill(producer: &BaseProducer, most_bytes: u64) {
    let value = vec![7; 256 << 10];
    for _ in 0..=most_bytes / value.len() as u64 {
        producer.send(BaseRecord::<str, [u8]>::to("filler").partition(0).payload(&value)).unwrap();
    }
    // The last of it is refused.
    let _ = producer.flush(Duration::from_secs(10));
}

/// One of three brokers is killed, the leader of a raw partition.
#[test]
fn a_cluster_loses_a_leader() {
    let mut cluster = Cluster::start().unwrap();
    let address = cluster.broker().address;
    let mut attack = Attack::begin(&address, Random::new().seed);
    let consumer: BaseConsumer = ClientConfig::new().set("bootstrap.servers", &address).create().unwrap();
    let metadata = consumer.fetch_metadata(Some(RAW), PATIENCE).unwrap();
    let leader = metadata.topics()[0].partitions()[0].leader();
    cluster.node(leader).unwrap().kill();
    attack.go_on("without a leader");
    cluster.node(leader).unwrap().resume().unwrap();
    attack.go_on("the leader is back");
    attack.settle();
    attack.end(RAW_PARTITIONS, "a leader was lost");
}
