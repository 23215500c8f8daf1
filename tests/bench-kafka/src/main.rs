//! `cargo xtask bench kafka`: Vigie on a real Kafka, beside programs written by hand that do the same work.
//!
//! The work: a topic of posts and one of sensor readings, two partitions each. Job 1 takes the fields, masks
//! e-mail addresses and phone numbers, finds H3 cells, and writes the derived events in transactions. Job 2
//! counts them as well for each cell, kind and minute, behind the topic of derived events, in the same
//! transactions. The comparators use librdkafka by its batch functions, with `unsafe`, as a program would that
//! is written for nothing else; one of them only passes messages through. Everything is measured in one run,
//! log to log, and what all have written is compared. Nothing fails on time.

mod broker;
mod check;
mod client;
mod events;
mod job;
mod latency;
mod mask;
mod meter;
mod peer;

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use clap::{Parser, Subcommand};
use figures::{Figures, Row};

use broker::Bench;
use check::Written;
use latency::Latency;
use meter::{Running, Used};
use peer::Work;

/// Measures Vigie on Kafka beside programs written by hand
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Measure everything
    Measure(Measure),
    /// Work as a comparator, until killed
    Peer {
        /// host:port
        brokers: String,
        /// What to do
        #[arg(value_enum)]
        work: Work,
        /// Threads
        workers: u8,
        /// Time from one commit to the next
        commit_ms: u64,
    },
}

#[derive(clap::Args)]
struct Measure {
    /// Folder of the components
    plugins: PathBuf,
    /// The program, built for release
    vigie: PathBuf,
    /// Events of a run
    #[arg(long, default_value_t = 2_000_000)]
    events: u64,
    /// How often each is run
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// For how long latencies are measured; 0: not at all
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Only this job
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=2))]
    job: Option<u8>,
}

/// Who does the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Peer {
    /// One of ours, committing every so many milliseconds.
    Native(Work, u64),
    /// Vigie, with the pipeline file of a job.
    Vigie(u8),
}

impl Peer {
    fn name(self, workers: u8) -> String {
        let who = match self {
            Self::Native(Work::Pass, _) => "librdkafka alone".into(),
            Self::Native(_, every_ms) => format!("native, commits each {every_ms} ms"),
            Self::Vigie(_) => "vigie".into(),
        };
        format!("{who}, {workers} {}", if workers == 1 { "worker" } else { "workers" })
    }

    /// The group whose commits say how far it is.
    fn group(self) -> String {
        match self {
            Self::Native(..) => peer::GROUP.into(),
            Self::Vigie(job) => format!("bench-job{job}.v1"),
        }
    }
}

/// Commit interval of the comparators where no other is asked for, in milliseconds.
const EVERY_MS: u64 = 100;
/// Commit intervals at which the native program's latency is measured, in milliseconds; the last is the one
/// that is nearest to Vigie's.
const INTERVALS_MS: [u64; 4] = [100, 50, 20, 10];
const WORKERS: [u8; 2] = [1, 2];

fn main() -> Result<()> {
    match Arguments::parse().command {
        Task::Peer { brokers, work, workers, commit_ms } => peer::run(&brokers, work, workers, commit_ms),
        Task::Measure(measure) => measure.run(),
    }
}

/// Shows on a terminal what is being done.
pub fn say(what: &str) {
    let mut err = std::io::stderr();
    if err.is_terminal() {
        // What cannot be shown is no failure.
        let _ = write!(err, "\r\x1b[K{what}").and_then(|()| err.flush());
    }
}

/// The runs of one peer.
struct Runs {
    peer: Peer,
    workers: u8,
    used: Vec<Used>,
}

impl Runs {
    fn figures(&self, of: impl Fn(&Used) -> f64) -> Figures {
        Figures::new(self.used.iter().map(of))
    }
}

impl Measure {
    fn run(&self) -> Result<()> {
        // Two of Vigie's runs share what is compiled; the cache is bound to an installation's key.
        let cache = tempfile::tempdir()?;
        say("starting a broker");
        let bench = Bench::start()?;
        bench.make_raw()?;
        bench.load(self.events)?;
        let mut rows = Vec::new();
        for job in [1, 2].into_iter().filter(|job| self.job.is_none_or(|only| only == *job)) {
            rows.extend(self.job(&bench, cache.path(), job)?);
        }
        if self.seconds > 0 && self.job != Some(2) {
            rows.extend(self.latencies(&bench, cache.path())?);
        }
        bench.forget(true)?;
        say("");
        figures::print(&rows);
        Ok(())
    }

    /// All peers of a job, in turn, so that a machine that slows down does so for all.
    fn job(&self, bench: &Bench, cache: &Path, job: u8) -> Result<Vec<Row>> {
        let work = if job == 1 { Work::Job1 } else { Work::Job2 };
        let peers = [Peer::Native(Work::Pass, EVERY_MS), Peer::Native(work, EVERY_MS), Peer::Vigie(job)];
        let peers = peers.into_iter().skip(usize::from(job == 2));
        let pairs = peers.flat_map(|peer| WORKERS.map(|workers| (peer, workers)));
        let mut all: Vec<Runs> =
            pairs.map(|(peer, workers)| Runs { peer, workers, used: Vec::new() }).collect();
        let mut wanted: Option<Written> = None;
        for number in 1..=self.runs {
            for runs in &mut all {
                let name = format!("job {job}, run {number}: {}", runs.peer.name(runs.workers));
                let (used, written) = self.once(bench, cache, runs.peer, runs.workers, &name)?;
                let Used { cpu_us, broker_us, rate, peak_mib } = used;
                say("");
                eprintln!(
                    "{name}: {cpu_us:.2} µs an event, broker {broker_us:.2}, {:.0} thousand/s, {peak_mib:.0} MiB",
                    rate / 1000.0
                );
                runs.used.push(used);
                if let Some(written) = written {
                    let (written, results) = written;
                    let wanted = *wanted.get_or_insert(written);
                    eprintln!("    {written}{}", if wanted == written { "" } else { ": DIFFERS" });
                    if results > 0 {
                        eprintln!("    {:.3} results written an event", results as f64 / self.events as f64);
                    }
                }
            }
        }
        Ok(rows(job, &all))
    }

    /// One run; what was written, where it can be compared, and how many results of windows.
    fn once(
        &self,
        bench: &Bench,
        cache: &Path,
        peer: Peer,
        workers: u8,
        name: &str,
    ) -> Result<(Used, Option<(Written, u64)>)> {
        bench.forget(false)?;
        let folder = tempfile::tempdir()?;
        let mut running = self.start(bench, cache, peer, workers, folder.path())?;
        let used = meter::watch(bench, name, &mut running, &peer.group(), self.events)?;
        drop(running);
        if let Peer::Native(Work::Pass, _) = peer {
            let passed = check::passed(bench)?;
            ensure!(passed == self.events, "{name}: {passed} of {} events were passed", self.events);
            return Ok((used, None));
        }
        let windows = matches!(peer, Peer::Native(Work::Job2, _) | Peer::Vigie(2));
        Ok((used, Some(check::written(bench, windows)?)))
    }

    /// Starts a peer on topics that are empty.
    fn start(&self, bench: &Bench, cache: &Path, peer: Peer, workers: u8, folder: &Path) -> Result<Running> {
        let workers = workers.to_string();
        let command = match peer {
            Peer::Native(work, commit_ms) => {
                bench.make_derived()?;
                let work = match work {
                    Work::Pass => "pass",
                    Work::Job1 => "job1",
                    Work::Job2 => "job2",
                };
                let mut command = Command::new(std::env::current_exe()?);
                command.args(["peer", &bench.address, work, &workers, &commit_ms.to_string()]);
                command
            }
            Peer::Vigie(job) => {
                std::fs::write(folder.join("cache.key"), "00".repeat(32))?;
                let pipeline = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("job{job}.yaml"));
                let mut command = Command::new(&self.vigie);
                command.env("VIGIE_CACHE_DIR", cache).arg("--data-dir").arg(folder);
                command.arg("--plugins").arg(&self.plugins);
                command.args(["--log", &format!("kafka://{}", bench.address)]);
                // As the others.
                command.args(["--kafka-compression", "none", "run"]).arg(pipeline);
                // It goes on like the others, until it has been measured.
                command.args(["--workers", &workers, "--follow"]);
                command
            }
        };
        let mut command = command;
        Running::start(&mut command, &folder.join("said.txt"))
    }

    fn latencies(&self, bench: &Bench, cache: &Path) -> Result<Vec<Row>> {
        let mut peers = INTERVALS_MS.map(|ms| Peer::Native(Work::Job1, ms)).to_vec();
        peers.push(Peer::Vigie(1));
        let mut measured: Vec<(Peer, Latency)> = Vec::new();
        for peer in peers {
            bench.make_raw()?;
            let folder = tempfile::tempdir()?;
            let mut running = self.start(bench, cache, peer, 1, folder.path())?;
            let name = format!("latency: {}", peer.name(1));
            measured.push((peer, latency::measure(bench, &name, &mut running, self.seconds)?));
        }
        let (_, nearest) = measured.iter().rev().nth(1).context("nothing was measured")?;
        let nearest = Figures::new([nearest.p99_ms]);
        let mut rows = Vec::new();
        for (peer, Latency { p50_ms, p99_ms, cores }) in &measured {
            let row = |what: &str, figure| {
                Row::new(
                    format!("{} events/s, {}: {what}", latency::RATE, peer.name(1)),
                    Figures::new([figure]),
                )
            };
            rows.push(row("p50, ms", *p50_ms));
            let p99 = row("p99, ms", *p99_ms);
            let is_vigie = matches!(peer, Peer::Vigie(_));
            rows.push(if is_vigie { p99.within(1.15, 0.0, &nearest, "native at 10 ms") } else { p99 });
            rows.push(row("cores", *cores));
        }
        Ok(rows)
    }
}

/// The figures of a job, with the limits of Vigie's.
fn rows(job: u8, all: &[Runs]) -> Vec<Row> {
    let mut rows = Vec::new();
    let find = |peer: Peer, workers| all.iter().find(|runs| runs.peer == peer && runs.workers == workers);
    let work = if job == 1 { Work::Job1 } else { Work::Job2 };
    let most_cpu = if job == 1 { 1.2 } else { 1.25 };
    for runs in all {
        let row = |what: &str, of: fn(&Used) -> f64| {
            let name = format!("job {job}, {}: {what}", runs.peer.name(runs.workers));
            Row::new(name, runs.figures(of))
        };
        let mut cpu = row("CPU µs an event", |used| used.cpu_us);
        let mut broker = row("broker's CPU µs an event", |used| used.broker_us);
        let rate = row("thousand events/s", |used| used.rate / 1000.0);
        let mut memory = row("peak memory, MiB", |used| used.peak_mib);
        let native = find(Peer::Native(work, EVERY_MS), runs.workers);
        if let (Peer::Vigie(_), Some(native)) = (runs.peer, native) {
            cpu = cpu.within(most_cpu, 0.0, &native.figures(|used| used.cpu_us), "native");
            broker = broker.within(1.3, 0.0, &native.figures(|used| used.broker_us), "native");
            memory = memory.within(1.0, 64.0, &native.figures(|used| used.peak_mib), "native");
        }
        rows.extend([cpu, broker, rate, memory]);
        let alone = find(runs.peer, 1).filter(|_| matches!(runs.peer, Peer::Vigie(_)) && runs.workers == 2);
        if let Some(alone) = alone {
            let both = row("CPU µs an event, beside one worker", |used| used.cpu_us);
            rows.push(both.within(1.08, 0.0, &alone.figures(|used| used.cpu_us), "one worker"));
        }
    }
    rows
}
