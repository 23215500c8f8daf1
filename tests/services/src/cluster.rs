//! Three Kafka brokers, each with a copy of everything.

use std::thread;

use anyhow::{Context as _, Result, bail};

use crate::kafka::{Broker, Kafka, Node, programs};
use crate::ports;

/// A cluster of the test's own, which bears the loss of one of its brokers.
pub struct Cluster {
    brokers: Vec<Kafka>,
}

impl Cluster {
    /// Starts three brokers with empty disks.
    ///
    /// # Errors
    /// VG0901 to VG0904.
    pub fn start() -> Result<Self> {
        let (java, jars) = programs()?;
        ports::retry(|| {
            let [a, b, c, controllers @ ..] = ports::free::<6>()?;
            let nodes =
                [(1, a), (2, b), (3, c)].map(|(id, port)| Node { id, port, controllers: &controllers });
            // None is ready before most of them are.
            let started = thread::scope(|scope| {
                let threads =
                    nodes.each_ref().map(|node| scope.spawn(|| Kafka::start_node(&java, &jars, node)));
                threads.map(|thread| thread.join().unwrap_or_else(|_| bail!("VG0904: a start panicked")))
            });
            Ok(Self { brokers: started.into_iter().collect::<Result<_>>()? })
        })
    }

    /// Where it is reached: all brokers.
    #[must_use]
    pub fn broker(&self) -> Broker {
        let addresses: Vec<String> = self.brokers.iter().map(|kafka| kafka.broker().address).collect();
        Broker { address: addresses.join(",") }
    }

    /// The broker with this id; the first has 1.
    ///
    /// # Errors
    /// VG0904 where there is none.
    pub fn node(&mut self, id: i32) -> Result<&mut Kafka> {
        let index = usize::try_from(id).ok().and_then(|id| id.checked_sub(1));
        index.and_then(|index| self.brokers.get_mut(index)).context("VG0904: there is no such broker")
    }
}
