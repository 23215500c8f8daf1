//! `cargo xtask simulate`: runs seeds until one fails.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Result, bail};
use clap::Parser;
use simulation::{Done, Failure, Fault, Kit, Options, REGRESSIONS, run, shrink};

/// Runs the pipeline under seeded faults, and compares what comes out.
#[derive(Parser)]
struct Arguments {
    /// Where the plugins lie
    #[arg(long)]
    plugins: PathBuf,
    /// How many seeds, beside those that have found a defect before
    #[arg(long, default_value_t = 2000)]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// This seed alone
    #[arg(long)]
    seed: Option<u64>,
    /// Raw records, instead of what the seed chooses
    #[arg(long)]
    events: Option<usize>,
    /// Faults that are switched off
    #[arg(long, value_delimiter = ',')]
    without: Vec<String>,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let start = Instant::now();
    let kit = Kit::load(&arguments.plugins)?;
    let seeds = match arguments.seed {
        Some(seed) => vec![seed],
        None => REGRESSIONS.iter().copied().chain(arguments.from..arguments.from + arguments.seeds).collect(),
    };
    let all: Vec<Options> = seeds.into_iter().map(|seed| options(&arguments, seed)).collect::<Result<_>>()?;
    // The default hook would print what the verdict says again.
    std::panic::set_hook(Box::new(|_| {}));
    let (done, failure) = run_all(&all, &kit);
    let seconds = start.elapsed().as_secs_f64();
    println!("{} events in {} steps of {} seeds in {seconds:.0} s", done.events, done.steps, all.len());
    let (together, reopened, paused) = (done.together, done.reopened, done.paused);
    println!("commits of several steps {together}, windows reopened {reopened}, inputs that waited {paused}");
    println!("{:?}", done.restores);
    let faults: Vec<String> = done.faults.iter().map(|(f, n)| format!("{} {n}", f.name())).collect();
    println!("faults: {}", faults.join(", "));
    let Some(failure) = failure else { return Ok(ExitCode::SUCCESS) };
    println!("seed {}: {}", failure.options.seed, failure.why);
    println!("again:   {}", failure.options.command());
    let smaller = shrink(failure, &kit, None);
    println!("smaller: {}\n  {}", smaller.options.command(), smaller.why);
    Ok(ExitCode::FAILURE)
}

fn options(arguments: &Arguments, seed: u64) -> Result<Options> {
    let mut options = Options::of_seed(seed);
    options.events = arguments.events.unwrap_or(options.events);
    for name in &arguments.without {
        let Some(fault) = Fault::ALL.into_iter().find(|fault| fault.name() == *name) else {
            let all: Vec<String> = Fault::ALL.into_iter().map(Fault::name).collect();
            bail!("there is no fault `{name}`; there are: {}", all.join(", "));
        };
        options.faults.remove(&fault);
    }
    Ok(options)
}

/// Seeds are independent, so each core takes the next one.
fn run_all(all: &[Options], kit: &Kit) -> (Done, Option<Failure>) {
    let (next, failed) = (AtomicU64::new(0), AtomicBool::new(false));
    let results = Mutex::new((Done::default(), None));
    let work = || {
        while !failed.load(Ordering::SeqCst) {
            let number = next.fetch_add(1, Ordering::SeqCst);
            let Some(options) = usize::try_from(number).ok().and_then(|n| all.get(n)) else { break };
            let result = run(options, kit, None);
            let Ok(mut results) = results.lock() else { break };
            match result {
                Ok(done) => results.0 += done,
                Err(failure) => {
                    failed.store(true, Ordering::SeqCst);
                    results.1 = Some(failure);
                }
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}
