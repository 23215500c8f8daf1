//! A store and the bare client beside it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use deliver::{Batch, Begun, Reject, Store};
use services::Server;

use crate::flow::Node;
use crate::rows::{Rows, TOPIC};

/// Both on one server.
pub trait Side {
    /// Writes rows through the store.
    fn by_store(&mut self, rows: &Rows) -> Result<Took>;
    /// Writes the same rows by a client that has them as the server takes them.
    fn by_client(&mut self, rows: &Rows) -> Result<Took>;
    /// The server.
    fn into_node(self: Box<Self>) -> Node;
}

/// What it took.
#[derive(Clone, Copy, Debug)]
pub struct Took {
    /// By the clock.
    pub seconds: f64,
    /// Of this process's processors.
    pub cpu_s: f64,
}

/// The longest wait until a server has done what it does after a round, as merging.
const MOST_REST: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(500);
/// Of a processor, which a server takes that is at rest.
const AT_REST: f64 = 0.1;

fn rest(server: &Server) {
    let cpu_s = || server.pid().and_then(figures::cpu_s).unwrap_or_default();
    let (start, mut before_s) = (Instant::now(), cpu_s());
    while start.elapsed() < MOST_REST {
        std::thread::sleep(LOOK);
        let now_s = cpu_s();
        if now_s - before_s < AT_REST * LOOK.as_secs_f64() {
            return;
        }
        before_s = now_s;
    }
}

impl Took {
    /// When the server is at rest.
    pub fn of(server: &Server, work: impl FnOnce() -> Result<()>) -> Result<Self> {
        rest(server);
        let cpu_s =
            || figures::cpu_s(std::process::id()).context("the kernel does not say what CPU was used");
        let (start, before) = (Instant::now(), cpu_s()?);
        work()?;
        Ok(Self { seconds: start.elapsed().as_secs_f64(), cpu_s: cpu_s()? - before })
    }
}

fn none_refused(rejects: Vec<Vec<Reject>>) -> Result<()> {
    anyhow::ensure!(rejects.iter().all(Vec::is_empty), "rows were refused");
    Ok(())
}

/// Gives a store rows as a delivery does.
pub fn deliver(store: &mut dyn Store, rows: &Rows) -> Result<()> {
    let (mut from, mut is_begun) = (store.cursor(TOPIC, 0)?.unwrap_or(0), false);
    for (batch, times_us) in rows.batches() {
        let next_offset = from + batch.num_rows() as u64;
        let offsets: Vec<u64> = (from..next_offset).collect();
        let batch = Batch {
            topic: TOPIC,
            partition: 0,
            from,
            next_offset,
            rows: batch,
            revisions_us: times_us,
            offsets: &offsets,
        };
        // As a delivery that is behind: while one is on its way the next is begun.
        match store.begin(&[batch])? {
            Begun::Done(rejects) => none_refused(rejects)?,
            Begun::OnTheirWay => {
                if std::mem::replace(&mut is_begun, true) {
                    none_refused(store.settle()?)?;
                }
            }
        }
        store.flush(false)?;
        from = next_offset;
    }
    if is_begun {
        none_refused(store.settle()?)?;
    }
    Ok(store.flush(true)?)
}
