//! `cargo xtask bench stores`: rows per second into each store beside the barest client that writes the same rows, and
//! the program with one store under a steady load: from an event that is written to the row that is found, an outage,
//! and what it takes. All on real servers, in one run. Nothing fails on time.

mod flow;
mod lake;
mod rows;
mod search;
mod side;
mod tables;

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use figures::{Figures, Row};

use flow::Flow;
use side::{Side, Took};

/// Measures stores beside bare clients, and the program with them
#[derive(Parser)]
struct Arguments {
    /// Folder of the components
    plugins: PathBuf,
    /// The program, built for release
    vigie: PathBuf,
    /// Only this store
    #[arg(long)]
    store: Option<Store>,
    /// Rows of a round; of the lake's ten times as many
    #[arg(long, default_value_t = 100_000)]
    rows: usize,
    /// How often each is run, beside the first three times, which do not count
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds for which it is measured when rows are found; 0: not at all
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Seconds of the outage; 0: none
    #[arg(long, default_value_t = 60)]
    outage: u64,
}

/// A store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Store {
    /// Tables in Cassandra.
    Cassandra,
    /// Indices in Elasticsearch.
    Elasticsearch,
    /// Parquet files in S3.
    S3,
}

impl Store {
    const ALL: [Self; 3] = [Self::Cassandra, Self::Elasticsearch, Self::S3];

    fn name(self) -> &'static str {
        match self {
            Self::Cassandra => "cassandra",
            Self::Elasticsearch => "elasticsearch",
            Self::S3 => "s3",
        }
    }

    /// The longest until 99 of 100 rows are found, in ms, where that is asked for.
    fn most_visible_ms(self) -> Option<f64> {
        match self {
            Self::Cassandra => Some(1_000.0),
            Self::Elasticsearch => Some(2_000.0),
            Self::S3 => None,
        }
    }
}

/// The longest that a store may take to catch up after an outage, in seconds.
const MOST_CATCH_UP_S: f64 = 15.0;
/// Memory that the program may take more while its store is down, in MiB.
const MOST_MORE_MIB: f64 = 16.0;
/// Rounds that make the server and connections warm: a server of Java's is compiled while it works.
const WARM_ROUNDS: usize = 3;
/// Of the bare client's rows per second.
const LEAST_SHARE: f64 = 0.9;

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let mut table = Vec::new();
    for store in Store::ALL.into_iter().filter(|store| arguments.store.is_none_or(|only| only == *store)) {
        arguments.measure(store, &mut table)?;
    }
    say("");
    figures::print(&table);
    Ok(())
}

impl Arguments {
    fn measure(&self, store: Store, table: &mut Vec<Row>) -> Result<()> {
        let name = store.name();
        let mut side: Box<dyn Side> = match store {
            Store::Cassandra => Box::new(tables::Tables::start()?),
            Store::Elasticsearch => Box::new(search::Search::start()?),
            Store::S3 => Box::new(lake::Bucket::start()?),
        };
        let max = self.load(name, &mut *side, table)?;
        if self.seconds == 0 && self.outage == 0 {
            return Ok(());
        }
        let mut flow = Flow::start(side.into_node(), &self.plugins, &self.vigie)?;
        if let (Some(most_ms), true) = (store.most_visible_ms(), self.seconds > 0) {
            let (visible_ms, cores) = flow.visible(self.seconds)?;
            let row = |share: f64| {
                Figures::new([visible_ms.get(index(visible_ms.len(), share)).copied().unwrap_or(f64::NAN)])
            };
            table.push(Row::new(format!("{name}: event → found at 5,000/s, p50, ms"), row(0.5)));
            table.push(
                Row::new(format!("{name}: event → found at 5,000/s, p99, ms"), row(0.99)).most(most_ms),
            );
            let who = ["vigie", "the broker", "the store's server"];
            table.extend(who.into_iter().zip(cores).map(|(who, cores)| {
                Row::new(format!("{name}: CPU of {who} at 5,000/s, cores"), Figures::new([cores]))
            }));
        }
        if self.outage > 0 {
            let out = flow.outage(self.outage, max / 6.0)?;
            let of = |value| Figures::new([value]);
            let rate = out.rate.round();
            table.push(
                Row::new(
                    format!("{name}: caught up after {} s at {rate} rows/s, s", self.outage),
                    of(out.caught_up_s),
                )
                .most(MOST_CATCH_UP_S),
            );
            let (up, down) = (of(out.up_mib), of(out.down_mib));
            table.push(Row::new(format!("{name}: memory while it is down, MiB"), down).within(
                1.0,
                MOST_MORE_MIB,
                &up,
                "the same time with it up",
            ));
        }
        Ok(())
    }

    /// Rows per second of both, in turn; the store's.
    fn load(&self, name: &str, side: &mut dyn Side, table: &mut Vec<Row>) -> Result<f64> {
        let (mut stores, mut clients) = (Vec::new(), Vec::new());
        // Else a round would be over at once.
        let rows = if name == Store::S3.name() { 10 * self.rows } else { self.rows };
        for round in 0..self.rounds + WARM_ROUNDS {
            let made = rows::Rows::new(round, rows)?;
            let (by_store, by_client) = (side.by_store(&made)?, side.by_client(&made)?);
            let (store_s, client_s) = (by_store.seconds, by_client.seconds);
            say(&format!("{name}: round {round}: store {store_s:.2} s, bare client {client_s:.2} s"));
            if round >= WARM_ROUNDS {
                stores.push(by_store);
                clients.push(by_client);
            }
        }
        let each = |took: &[Took], of: fn(&Took) -> f64| Figures::new(took.iter().map(of));
        let rate = |took: &[Took]| Figures::new(took.iter().map(|t| rows as f64 / t.seconds));
        let million = 1e6 / rows as f64;
        let per_million =
            |took: &[Took], of: fn(&Took) -> f64| Figures::new(took.iter().map(|t| of(t) * million));
        let (store_s, client_s) = (each(&stores, |t| t.seconds), each(&clients, |t| t.seconds));
        table.push(Row::new(format!("{name}: rows/s, bare client"), rate(&clients)));
        table.push(Row::new(format!("{name}: rows/s, store"), rate(&stores)));
        let row = Row::new(format!("{name}: seconds for {rows} rows"), store_s);
        table.push(row.within(1.0 / LEAST_SHARE, 0.0, &client_s, "the bare client's"));
        table.push(Row::new(
            format!("{name}: CPU for a million rows, bare client, s"),
            per_million(&clients, |t| t.cpu_s),
        ));
        table.push(Row::new(
            format!("{name}: CPU for a million rows, store, s"),
            per_million(&stores, |t| t.cpu_s),
        ));
        Ok(rate(&stores).median())
    }
}

/// The place of a quantile among so many figures in order.
fn index(figures: usize, share: f64) -> usize {
    ((figures as f64 * share) as usize).min(figures.saturating_sub(1))
}

/// Shows on a terminal how far it is.
fn progress(text: &str) {
    if std::io::stderr().is_terminal() {
        say(text);
    }
}

/// Says what is being done.
fn say(text: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K{text}");
        // What cannot be shown is no failure.
        let _ = std::io::stderr().flush();
    } else if !text.is_empty() {
        eprintln!("{text}");
    }
}
