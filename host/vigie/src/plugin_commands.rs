//! `vigie plugin …`: look at a plugin, test it, run it alone.

use std::io::{BufRead as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use clap::Subcommand;
use event::{DecodeMap, Decoder, Encoder, Field, Kind, Schema};
use pipeline::Identity;
use plugin::{Limits, Nothing, Offers, Plan, Plugin, Stateful};

use crate::Format;
use crate::app::{App, MAX_COMPONENT_BYTES};
use crate::commands::{print_rows, print_table};
use crate::{plugin_test, trust};

#[derive(Subcommand)]
pub enum PluginCommand {
    /// Show what a plugin reads, writes, keeps, clears, asks and may say
    #[command(after_help = "Example:\n  vigie plugin inspect mask-pii --with '{\"author\": \"pseudonym\"}'")]
    Inspect {
        /// The plugin's name
        name: String,
        /// Its configuration, as JSON
        #[arg(long, default_value = "{}")]
        with: String,
        /// The fields that reach it, as name:kind; `!` behind it: in every event
        #[arg(long, default_value = FIELDS)]
        fields: String,
    },
    /// Run a plugin's cases in the real sandbox, at several batch cuts, with warm and fresh instances
    #[command(after_help = "Example:\n  vigie plugin test locate plugins/locate/cases.yaml")]
    Test {
        /// The plugin's name
        name: String,
        /// The file of cases
        cases: PathBuf,
    },
    /// Trust a plugin's bytes as they are now, so that pipelines may run it
    #[command(
        after_help = "Writes the SHA-256 of the component into plugins.lock beside it.\nExample:\n  vigie plugin trust flood-alarm"
    )]
    Trust {
        /// The plugin's name
        name: String,
    },
    /// Run a plugin over a file of events, one JSON object a line, and print what it makes of them
    #[command(
        after_help = "Example:\n  vigie simulate --source social > posts.ndjson\n  vigie plugin run mask-pii posts.ndjson --fields content:utf8 --rename content=text --with '{\"text\": {}}'"
    )]
    Run {
        /// The plugin's name: a transform
        name: String,
        /// The file of events; `-` for standard input
        events: PathBuf,
        /// Its configuration, as JSON
        #[arg(long, default_value = "{}")]
        with: String,
        /// The fields of the events, as name:kind; `!` behind it: in every event
        #[arg(long, default_value = FIELDS)]
        fields: String,
        /// What a field is called in the file, if not as the plugin calls it: path=field, several by commas
        #[arg(long, default_value = "")]
        rename: String,
        /// Only say how fast it was
        #[arg(long)]
        time: bool,
    },
}

/// The fields that core plugins ask for.
const FIELDS: &str = "source:utf8!,entity:utf8!,kind:utf8!,timestamp:timestamp!,revision_us:int64!,\
                      text:utf8,author:utf8,lat:float64,lng:float64,severity:float64";
const BATCH: usize = 1024;

pub fn run(app: &App, command: &PluginCommand) -> Result<()> {
    match command {
        PluginCommand::Inspect { name, with, fields } => inspect(app, name, with, fields),
        PluginCommand::Trust { name } => {
            let digest = trust::add(&app.plugins, name, &app.component_bytes(name)?)?;
            say!("{name}: trusted as sha256 {digest}");
            Ok(())
        }
        PluginCommand::Test { name, cases } => plugin_test::run(app, name, cases),
        PluginCommand::Run { name, events, with, fields, rename, time } => {
            run_alone(app, name, events, with, &schema(fields)?, rename, *time)
        }
    }
}

fn schema(fields: &str) -> Result<Schema> {
    let field = |text: &str| {
        let (name, kind) = text.trim().split_once(':').context("VG0015: a field is written name:kind")?;
        let required = kind.ends_with('!');
        let kind: Kind = serde_json::from_value(kind.trim_end_matches('!').into())
            .with_context(|| format!("VG0015: `{name}` has no kind of a field"))?;
        Ok(Field { name: name.into(), kind, required, labels: Default::default() })
    };
    let named = fields.split(',').filter(|text| !text.trim().is_empty());
    Ok(Schema { fields: named.map(field).collect::<Result<_>>()? })
}

/// Compiles what standard input has.
pub fn compile(engine: &str) -> Result<()> {
    let mut component = Vec::new();
    std::io::stdin().lock().take(MAX_COMPONENT_BYTES).read_to_end(&mut component)?;
    let compiled = plugin::compile(engine, &component).map_err(anyhow::Error::msg)?;
    Ok(std::io::stdout().lock().write_all(&compiled)?)
}

fn inspect(app: &App, name: &str, with: &str, fields: &str) -> Result<()> {
    let bytes = app.component_bytes(name)?;
    let component = app.sandbox()?.load(name, &bytes)?;
    let input = schema(fields)?.arrow();
    let offers: Arc<dyn Offers> = Arc::new(Nothing);
    let at = || format!("configured with the fields {fields}");
    let key = ["key".to_owned()];
    let plan = if component.is_stateful() {
        let plugin = Stateful::configure(&component, Limits::default(), with, &input, &key, true, offers);
        plugin.with_context(at)?.plan().clone()
    } else {
        Plugin::configure(&component, Limits::default(), with, &input, offers)
            .with_context(at)?
            .plan()
            .clone()
    };
    let world = if component.is_stateful() { "stateful" } else { "transform" };
    if app.format == Format::Table {
        say!("{name}: {world}, {} KiB, imports: {}", bytes.len() / 1024, or_none(component.imports()));
        print_table(&["what", "name", "detail"].map(String::from), &plan_rows(&plan))?;
        return Ok(());
    }
    let size = bytes.len().to_string();
    let mut rows = vec![vec!["world".into(), world.into(), String::new()]];
    rows.push(vec!["size_bytes".into(), size, String::new()]);
    rows.extend(component.imports().iter().map(|i| vec!["imports".into(), (*i).into(), String::new()]));
    rows.extend(plan_rows(&plan));
    for row in rows {
        if let [what, name, detail] = row.as_slice() {
            print_rows(app.format, what, &["name", "detail"], &[vec![name.clone(), detail.clone()]])?;
        }
    }
    Ok(())
}

fn or_none(names: &[&str]) -> String {
    if names.is_empty() { "nothing".into() } else { names.join(", ") }
}

fn plan_rows(plan: &Plan) -> Vec<Vec<String>> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut row = |what: &str, name: &str, detail: String| rows.push(vec![what.into(), name.into(), detail]);
    for (what, fields) in [("reads", &plan.reads), ("keeps", &plan.state), ("writes", &plan.writes)] {
        for field in fields {
            let need = if field.required { "required" } else { "optional" };
            row(what, &field.name, format!("{:?}, {need}", field.kind).to_lowercase());
        }
    }
    for clearing in &plan.clears {
        let becomes = clearing.becomes.as_deref().map_or(String::new(), |label| format!(" becomes {label}"));
        row("clears", &clearing.field, format!("{}{becomes}", clearing.label));
    }
    plan.lookups.iter().for_each(|lookup| row("asks", &lookup.table, lookup.columns.join(", ")));
    plan.reasons.iter().for_each(|reason| row("rejects", reason, String::new()));
    plan.counters.iter().for_each(|counter| row("counts", counter, String::new()));
    plan.messages.iter().for_each(|message| row("logs", message, String::new()));
    rows
}

fn run_alone(
    app: &App,
    name: &str,
    events: &Path,
    with: &str,
    schema: &Schema,
    rename: &str,
    time: bool,
) -> Result<()> {
    let component = app.tried_component(&app.sandbox()?, name)?;
    // No tables, and pseudonyms of no installation: this is a trial.
    let offers = pipeline::offers(Arc::default(), &Identity::new([0; 16]));
    let mut plugin = Plugin::configure(&component, Limits::default(), with, &schema.arrow(), offers)?;
    let mut map = DecodeMap::as_written(schema);
    for pair in rename.split(',').filter(|pair| !pair.is_empty()) {
        let (path, field) = pair.split_once('=').context("VG0015: --rename is written path=field")?;
        if map.fields.insert(field.into(), event::Source::Path(path.into())).is_none() {
            bail!("VG0015: --rename names `{field}`, which is not among --fields");
        }
    }
    let mut decoder = Decoder::new(schema, &map)?;
    let input: Box<dyn std::io::BufRead> = if events == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        let file = std::fs::File::open(events);
        Box::new(std::io::BufReader::new(
            file.with_context(|| format!("VG0016: cannot read {}", events.display()))?,
        ))
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut sums = Sums::default();
    let mut lines = input.split(b'\n').enumerate().peekable();
    while lines.peek().is_some() {
        for (number, line) in lines.by_ref().take(BATCH) {
            let line = line?;
            if line.is_empty() {
                continue;
            }
            sums.events += 1;
            if let Err(reject) = decoder.push(&line) {
                sums.refused += 1;
                eprintln!("line {}: {}: {}", number + 1, reject.code, reject.reason);
            }
        }
        let batch = decoder.finish()?;
        let start = Instant::now();
        let outcome = plugin.run(&batch)?;
        sums.in_plugin += start.elapsed();
        sums.refused += outcome.rejects.len();
        for (row, verdict) in &outcome.rejects {
            eprintln!("row {row} of its batch: {}: {}", verdict.code, verdict.reason);
        }
        if !time {
            let written = Schema { fields: plugin.plan().writes.clone() }.arrow();
            let columns = arrow::array::RecordBatch::try_new(written, outcome.columns)?;
            let mut encoder = Encoder::new();
            let encoded = encoder.encode(&columns)?;
            for row in 0..encoded.len() {
                out.write_all(&encoded.get(row).unwrap_or_default())?;
                out.write_all(b"\n")?;
            }
        }
    }
    out.flush()?;
    let per_event = sums.in_plugin.as_nanos() as f64 / sums.events.max(1) as f64;
    eprintln!("{} events, {} refused, {per_event:.0} ns per event in the plugin", sums.events, sums.refused);
    Ok(())
}

#[derive(Default)]
struct Sums {
    events: usize,
    refused: usize,
    in_plugin: std::time::Duration,
}
