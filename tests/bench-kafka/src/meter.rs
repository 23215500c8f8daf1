//! What a process uses, as the kernel counts it, while it reads all events.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use figures::{cpu_s, peak_mib};

use crate::broker::Bench;
use crate::say;

/// How often is looked.
const LOOK: Duration = Duration::from_millis(50);
/// With no more written for so long, the last look with something new was the end.
const QUIET: Duration = Duration::from_millis(1500);
/// Longest run.
const MOST: Duration = Duration::from_secs(1200);
/// A process that ends with its handle.
pub struct Running {
    child: Child,
    said: std::path::PathBuf,
}

impl Running {
    /// What it says goes into a file.
    pub fn start(command: &mut Command, said: &Path) -> Result<Self> {
        let out = std::fs::File::create(said)?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(out);
        let child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        Ok(Self { child, said: said.into() })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended well; an error where it has ended otherwise.
    pub fn has_ended(&mut self) -> Result<bool> {
        match self.child.try_wait()? {
            None => Ok(false),
            Some(status) if status.success() => Ok(true),
            Some(status) => {
                let said = std::fs::read_to_string(&self.said).unwrap_or_default();
                bail!("{status}: {said}")
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It fails where the process has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One look.
#[derive(Clone, Copy)]
struct Look {
    at_s: f64,
    cpu_s: f64,
    broker_s: f64,
    read: u64,
}

/// What a run took.
#[derive(Clone, Copy, Debug)]
pub struct Used {
    /// CPU of the process for an event of the second half, in microseconds.
    pub cpu_us: f64,
    /// CPU of the broker for the same, in microseconds; NaN where its process is not known.
    pub broker_us: f64,
    /// Events of the second half in a second.
    pub rate: f64,
    /// The greatest resident set of the process, in MiB.
    pub peak_mib: f64,
}

/// Looks at a process until it has read all `events` and written what follows from them.
pub fn watch(bench: &Bench, name: &str, running: &mut Running, group: &str, events: u64) -> Result<Used> {
    let (asker, start) = (bench.asker(group)?, Instant::now());
    let (mut looks, mut peak, mut written, mut moved) = (Vec::new(), 0.0_f64, 0, Instant::now());
    let mut last = None;
    loop {
        if running.has_ended()? {
            bail!("{name} has ended by itself");
        }
        if start.elapsed() > MOST {
            bail!("{name} has not read all of {events} events in {} s", MOST.as_secs());
        }
        let Some(read) = asker.read()? else {
            std::thread::sleep(LOOK);
            continue;
        };
        if let Some(used_s) = cpu_s(running.pid()) {
            let broker_s = bench.pid.and_then(cpu_s).unwrap_or(f64::NAN);
            looks.push(Look { at_s: start.elapsed().as_secs_f64(), cpu_s: used_s, broker_s, read });
            peak = peak.max(peak_mib(running.pid()).unwrap_or_default());
        }
        if read >= events {
            let now = bench.written()?;
            if now != written {
                (written, moved, last) = (now, Instant::now(), looks.last().copied());
            }
        }
        say(&format!("{name}: {} of {} thousand events", read / 1000, events / 1000));
        if read >= events && moved.elapsed() > QUIET {
            break;
        }
        std::thread::sleep(LOOK);
    }
    let end = last.context("nothing was seen of the process")?;
    used(&looks, end, events, peak)
}

/// From half of the events, which lies between two looks, to the end.
fn used(looks: &[Look], end: Look, events: u64, peak_mib: f64) -> Result<Used> {
    let half = events as f64 / 2.0;
    let mut pairs = looks.iter().zip(looks.iter().skip(1));
    let around = pairs.find(|(before, after)| before.read as f64 <= half && after.read as f64 > half);
    let (before, after) = around.context("half of the events were read before the first look; take more")?;
    let share = (half - before.read as f64) / (after.read - before.read) as f64;
    // What was used from half of the events to the end.
    let rest = |of: fn(&Look) -> f64| of(&end) - of(before) - (of(after) - of(before)) * share;
    Ok(Used {
        cpu_us: rest(|look| look.cpu_s) / half * 1e6,
        broker_us: rest(|look| look.broker_s) / half * 1e6,
        rate: half / rest(|look| look.at_s),
        peak_mib,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_half_begins_between_two_looks() {
        let look = |at_s, cpu_s, read| Look { at_s, cpu_s, broker_s: cpu_s / 2.0, read };
        let looks = [look(1.0, 9.0, 100_000), look(2.0, 10.0, 900_000), look(3.0, 12.0, 1_000_000)];
        let used = used(&looks, looks[2], 1_000_000, 7.0).unwrap();
        assert_eq!((used.cpu_us, used.broker_us, used.peak_mib), (5.0, 2.5, 7.0));
        assert!((used.rate - 500_000.0 / 1.5).abs() < 1e-6);
        assert!(super::used(&looks[1..], looks[2], 1_000_000, 7.0).is_err());
    }
}
