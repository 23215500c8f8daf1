//! `vigie stores`: how stores stand, and what operators have done with them.

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use clap::Subcommand;
use deliver::{Rules, Store as _, Table};
use pipeline::facts::{self, CONTROL, Fact, Facts};
use serde_json::{Value, json};
use store_s3::{Lake, Merge};

use super::file::StoresFile;
use super::keeper::{GONE, State, said};
use crate::app::{App, read_pipeline};
use crate::commands::print_rows;
use crate::control::{self, now_us};
use crate::logs::AnyLog;

/// The longest wait until all that deliver to a store have paused.
const MOST_PAUSE: Duration = Duration::from_secs(60);
/// How often it is looked whether they have.
const LOOK: Duration = Duration::from_millis(200);
/// The least age of a file that nobody needs and that is removed.
const CLEAN: Duration = Duration::from_secs(24 * 3600);

/// `vigie stores …`
#[derive(Subcommand)]
pub enum StoreCommand {
    /// Have all processes pause a store, until it is resumed
    Pause {
        /// The store
        name: String,
    },
    /// Have a paused store go on where it was
    Resume {
        /// The store
        name: String,
    },
    /// Have a store given everything again that the log still has, or from an offset on; what it has stays, and rows
    /// that it has already change nothing
    #[command(
        after_help = "Example:\n  vigie stores rewind search pipelines/field-reports.yaml --topic events"
    )]
    Rewind {
        /// The store
        name: String,
        /// The pipeline file
        pipeline: PathBuf,
        /// Only this derived topic
        #[arg(long)]
        topic: Option<String>,
        /// Only this partition
        #[arg(long, requires = "topic")]
        partition: Option<u32>,
        /// The offset to begin at, instead of the first that the log still has
        #[arg(long, requires = "partition")]
        to: Option<u64>,
    },
    /// Take a store for the right one that was emptied, restored or exchanged (VG4014)
    Accept {
        /// The store
        name: String,
    },
    /// Make the tables that a pipeline's topics need, or change them, and print what was done
    Migrate {
        /// The pipeline file
        pipeline: PathBuf,
        /// Only this store
        #[arg(long)]
        store: Option<String>,
    },
    /// Merge small files of a lake, and remove what was merged or never committed a day ago
    Compact {
        /// The store
        name: String,
        /// The pipeline file
        pipeline: PathBuf,
    },
}

/// Runs a command; none: prints how all stores stand.
pub fn run(app: &App, command: Option<&StoreCommand>) -> Result<()> {
    match command {
        None => list(app),
        Some(StoreCommand::Pause { name }) => {
            order(app, name, true)?;
            wait_until_paused(app, name)
        }
        Some(StoreCommand::Resume { name }) => order(app, name, false),
        Some(StoreCommand::Accept { name }) => accept(app, name),
        Some(StoreCommand::Migrate { pipeline, store }) => migrate(app, pipeline, store.as_deref()),
        Some(StoreCommand::Compact { name, pipeline }) => compact(app, name, pipeline),
        Some(StoreCommand::Rewind { name, pipeline, topic, partition, to }) => {
            let place = Place { topic: topic.as_deref(), partition: *partition, to: *to };
            rewind(app, name, pipeline, &place)
        }
    }
}

fn list(app: &App) -> Result<()> {
    let facts = read(app)?;
    let columns = ["store", "process", "state", "lag", "rows", "rows/s", "refused", "said", "last error"];
    let rows: Vec<Vec<String>> =
        said(&facts).into_iter().map(|((name, member), fact)| row(name, member, fact)).collect();
    print_rows(app.format, "store", &columns, &rows)
}

fn row(name: &str, member: &str, fact: &Fact) -> Vec<String> {
    let of = |what: &str| match fact.what.get(what) {
        None | Some(Value::Null) => "-".into(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.as_f64().map_or_else(|| value.to_string(), |number| format!("{number:.0}")),
    };
    let state = if is_gone(fact) { "gone".into() } else { of("state") };
    let at = UNIX_EPOCH + Duration::from_micros(fact.said_us.try_into().unwrap_or(0));
    let said = humantime::format_rfc3339_seconds(at).to_string();
    let [lag, rows, rate, refused] = ["lag_records", "rows", "rows_per_s", "refused"].map(of);
    vec![name.into(), member.into(), state, lag, rows, rate, refused, said, of("failure")]
}

/// Whether a process has said nothing for so long that it is none any more.
fn is_gone(fact: &Fact) -> bool {
    let at = UNIX_EPOCH + Duration::from_micros(fact.said_us.try_into().unwrap_or(0));
    !is(fact, State::Ended) && SystemTime::now().duration_since(at).is_ok_and(|age| age > GONE)
}

fn is(fact: &Fact, state: State) -> bool {
    fact.what.get("state").and_then(Value::as_str) == Some(state.name())
}

fn read(app: &App) -> Result<Facts> {
    Ok(facts::read(&*app.existing_log()?, CONTROL)?)
}

/// A store that a file names, or that somebody delivers to.
fn must_be_known(app: &App, name: &str) -> Result<()> {
    if said(&read(app)?).keys().any(|(store, _)| *store == name) {
        return Ok(());
    }
    app.stores()?.get(name).map(|_| ())
}

fn say(app: &App, kind: &str, name: &str, what: &Value) -> Result<()> {
    must_be_known(app, name)?;
    let mut log = app.log_as(&format!("stores.{}", std::process::id()))?;
    control::create_topics(&*log)?;
    Ok(control::say(&mut *log, facts::say(CONTROL, &[kind, name], what, now_us()))?)
}

fn order(app: &App, name: &str, paused: bool) -> Result<()> {
    say(app, "store-order", name, &json!({"paused": paused}))
}

fn accept(app: &App, name: &str) -> Result<()> {
    say(app, "store-id", name, &json!({"id": null}))
}

/// Who delivers to the store and has not paused.
fn busy(app: &App, name: &str) -> Result<Vec<String>> {
    let facts = read(app)?;
    let of = said(&facts).into_iter().filter(|((store, _), _)| *store == name);
    let busy = of.filter(|(_, fact)| !is(fact, State::Paused) && !is(fact, State::Ended) && !is_gone(fact));
    Ok(busy.map(|((_, member), _)| member.to_owned()).collect())
}

fn wait_until_paused(app: &App, name: &str) -> Result<()> {
    let start = Instant::now();
    loop {
        let busy = busy(app, name)?;
        if busy.is_empty() {
            return Ok(());
        }
        if start.elapsed() > MOST_PAUSE {
            bail!(
                "VG0045: store `{name}` is not paused yet at {}; `vigie stores` shows when it is",
                busy.join(", ")
            );
        }
        std::thread::sleep(LOOK);
    }
}

/// The tables that a store is to have for a pipeline.
fn tables(app: &App, file: &StoresFile, name: &str, pipeline: &std::path::Path) -> Result<Vec<Table>> {
    let mut read = read_pipeline(pipeline)?;
    let (running, _) = app.running(&read, app.identity()?)?;
    if app.log_is_there() {
        let log = app.log()?;
        for source in &mut read.pipeline.sources {
            source.partitions = log.partitions(&source.topic)?.unwrap_or(source.partitions);
        }
    }
    let rules = Rules { name: name.into(), skips: |_| false, letter: Box::new(|_| Vec::new()) };
    let derived = read.pipeline.derived(&running);
    Ok(file.get(name)?.delivery(None, derived, &read.pipeline, rules)?.tables())
}

/// Which store is expected, as the log says.
fn expected(app: &App, name: &str) -> Result<Option<String>> {
    Ok(super::before(&read(app)?, name).expected().1)
}

fn migrate(app: &App, pipeline: &std::path::Path, only: Option<&str>) -> Result<()> {
    let file = app.stores()?;
    let names = match only {
        Some(name) => vec![name],
        None => file.stores.keys().map(String::as_str).collect(),
    };
    let known = app.log_is_there();
    for name in names {
        let expected = if known { expected(app, name)? } else { None };
        let tables = tables(app, &file, name, pipeline)?;
        let done = file.get(name)?.store(expected.as_deref())?.migrate(&tables)?;
        done.iter().try_for_each(|line| -> Result<()> {
            say!("{name}: {line}");
            Ok(())
        })?;
        if done.is_empty() {
            say!("{name}: nothing to do");
        }
    }
    Ok(())
}

/// Where a store is to begin again.
struct Place<'a> {
    topic: Option<&'a str>,
    partition: Option<u32>,
    to: Option<u64>,
}

/// Pauses the store, sets its cursors, and has it go on.
fn rewind(app: &App, name: &str, pipeline: &std::path::Path, place: &Place<'_>) -> Result<()> {
    let file = app.stores()?;
    let entry = file.get(name)?;
    let tables = tables(app, &file, name, pipeline)?;
    if let Some(topic) = place.topic.filter(|topic| !tables.iter().any(|table| table.topic == *topic)) {
        bail!("VG0044: store `{name}` is given no topic `{topic}`");
    }
    let was_paused = super::before(&read(app)?, name).is_to_pause();
    order(app, name, true)?;
    let rewound = wait_until_paused(app, name).and_then(|()| {
        let mut store = entry.store(expected(app, name)?.as_deref())?;
        store.open(&tables)?;
        set_cursors(&app.existing_log()?, &mut *store, &tables, place)
    });
    if !was_paused {
        order(app, name, false)?;
    }
    rewound
}

fn set_cursors(
    log: &AnyLog,
    store: &mut dyn deliver::Store,
    tables: &[Table],
    place: &Place<'_>,
) -> Result<()> {
    for table in tables.iter().filter(|table| place.topic.is_none_or(|topic| topic == table.topic)) {
        let partitions =
            (0..table.partitions).filter(|p| place.partition.is_none_or(|partition| partition == *p));
        for partition in partitions {
            let to = match place.to {
                Some(to) => to,
                None => log.start_offset(&table.topic, partition)?,
            };
            store.rewind(&table.topic, partition, to)?;
            say!("{} {partition}: from {to}", table.topic);
        }
    }
    Ok(())
}

fn compact(app: &App, name: &str, pipeline: &std::path::Path) -> Result<()> {
    let file = app.stores()?;
    let Some(options) = file.get(name)?.lake() else {
        bail!("VG0044: store `{name}` is no lake: it has no files")
    };
    let lake = Lake::open(options.clone())?;
    for table in tables(app, &file, name, pipeline)? {
        let done = lake.compact(&table.topic, Merge::default())?;
        say!(
            "{}: {} files made of {}, {} rows dropped",
            table.topic,
            done.made,
            done.merged,
            done.replaced_rows
        );
    }
    let cleaned = lake.clean(CLEAN)?;
    say!("{} files removed that were never committed, {} that were merged", cleaned.orphans, cleaned.retired);
    Ok(())
}
