//! The program: reads settings, puts the parts together, runs them.

/// Prints a line; a reader that has gone away (`| head`) is an error, not a panic.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        writeln!(std::io::stdout(), $($text)*)?
    }};
}

mod app;
mod commands;
mod control;
mod demo;
mod kafka;
mod logs;
mod plugin_commands;
mod plugin_test;
mod policy_commands;
mod run;
mod snapshots;
mod stop;
mod stores;
mod trust;
mod watch;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};

/// Of all in this process, the Kafka client included, which takes memory in one thread and gives it back in another,
/// for each record (docs/adr/0015).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Streams crisis events through sandboxed plugins, exactly once, and keeps a store up to date.
#[derive(Parser)]
#[command(
    name = "vigie",
    version,
    after_help = "Exit codes: 0 done, 1 failed (a code VGnnnn says why), 2 wrong usage."
)]
struct Cli {
    /// Folder of the embedded log, the embedded store and the identity key
    #[arg(long, global = true, default_value = ".vigie", env = "VIGIE_DATA_DIR")]
    data_dir: PathBuf,
    /// The log: `embedded` in the data folder, `kafka://host:port,…`, or with TLS `kafkas://host:port,…`
    #[arg(long, global = true, default_value = "embedded", env = "VIGIE_LOG")]
    log: logs::LogAddress,
    /// Folder of the plugins' components
    #[arg(long, global = true, default_value = "target/plugins", env = "VIGIE_PLUGINS")]
    plugins: PathBuf,
    /// Folder of the Cedar policies
    #[arg(long, global = true, default_value = "policies", env = "VIGIE_POLICIES")]
    policies: PathBuf,
    /// File that names stores beside the embedded one: Cassandra, Elasticsearch, S3
    #[arg(long, global = true, env = "VIGIE_STORES")]
    stores: Option<PathBuf>,
    /// How to print what scripts read
    #[arg(long, global = true, value_enum, default_value = "table")]
    output: Format,
    #[command(flatten)]
    kafka: kafka::Settings,
    #[command(subcommand)]
    command: Command,
}

/// How results are printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Columns for people.
    Table,
    /// One JSON object a line.
    Json,
}

#[derive(Subcommand)]
enum Command {
    /// Run the pipeline `field-reports` over real earthquakes and a simulated flood
    #[command(
        after_help = "Example:\n  vigie demo --events 20000\n  vigie query \"select count(*) from events where source = 'usgs'\""
    )]
    Demo(demo::Options),
    /// Run a pipeline over what its raw topics hold
    #[command(after_help = "Example:\n  vigie run pipelines/field-reports.yaml --follow")]
    Run {
        /// The pipeline file
        pipeline: PathBuf,
        /// Go on when the topics are read to their end, until interrupted
        #[arg(long)]
        follow: bool,
        /// At the end, close all windows for good: what comes later is late
        #[arg(long, conflicts_with = "follow")]
        close: bool,
        /// Threads that run the stages; the result is the same with any number
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=i64::from(run::MOST_WORKERS)))]
        workers: u8,
        /// On Kafka: the number of this program among those that share the pipeline, each with a data folder of its own
        #[arg(long, env = "VIGIE_HOST", default_value_t = 0)]
        host: u16,
        /// Serve /metrics, /healthz and /readyz at this address, to all who can reach it; port 0: any free one
        #[arg(long, value_name = "ADDRESS:PORT", env = "VIGIE_OBSERVE")]
        observe: Option<SocketAddr>,
    },
    /// Check a pipeline and print its plan: steps, and each field's labels as it travels
    #[command(after_help = "Example:\n  vigie check pipelines/field-reports.yaml")]
    Check {
        /// The pipeline file
        pipeline: PathBuf,
    },
    /// Print the JSON Schema of the pipeline file
    #[command(after_help = "Example:\n  vigie pipeline-schema > pipeline.schema.json")]
    PipelineSchema,
    /// Print the JSON Schema of the file of stores
    #[command(after_help = "Example:\n  vigie stores-schema > stores.schema.json")]
    StoresSchema,
    /// Write simulated events as JSON lines, or into the raw topics; the same seed gives the same bytes
    #[command(
        after_help = "Examples:\n  vigie simulate --seed 7 --events 1000 --source social | head -3\n  vigie simulate --to-topics --rate 500 --events 100000"
    )]
    Simulate(commands::Simulate),
    /// Read a topic
    #[command(after_help = "Example:\n  vigie tail events --limit 5 --contains flood")]
    Tail(commands::Tail),
    /// Look at what was refused
    #[command(subcommand)]
    DeadLetters(commands::DeadLetters),
    /// Print which pipelines were started on the log, with which plugins, and which worker has which partitions
    #[command(after_help = "Example:\n  vigie status --output json")]
    Status,
    /// Print how stores stand: state, lag, rate, last error; or pause, resume, rewind, migrate one
    #[command(after_help = "Example:\n  vigie stores\n  vigie stores pause search")]
    Stores {
        #[command(subcommand)]
        command: Option<stores::StoreCommand>,
    },
    /// Print the keyed state of a pipeline's stateful steps
    #[command(after_help = "Example:\n  vigie state pipelines/field-reports.yaml --step counts --limit 10")]
    State {
        /// The pipeline file
        pipeline: PathBuf,
        /// Only this step
        #[arg(long)]
        step: Option<String>,
        /// Most keys of each step
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Ask the embedded store, in SQL (read-only)
    #[command(after_help = "Example:\n  vigie query \"select source, count(*) from events group by source\"")]
    Query {
        /// One SELECT statement
        sql: String,
        /// Most rows to print
        #[arg(long, default_value_t = 1000)]
        limit: usize,
    },
    /// Look at plugins, test them, run one alone
    #[command(subcommand)]
    Plugin(plugin_commands::PluginCommand),
    /// Test the policies that say what plugins may do and what topics may hold
    #[command(subcommand)]
    Policy(policy_commands::PolicyCommand),
    /// Compile a component: what the program starts itself to do, in a process of its own
    #[command(hide = true)]
    CompileComponent {
        /// fast or counting
        engine: String,
    },
    /// Print completions for a shell
    Completions {
        /// bash, zsh, fish, elvish or powershell
        shell: clap_complete::Shell,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match dispatch(cli) {
        Ok(()) => ExitCode::SUCCESS,
        // A reader that has seen enough (`| head`) is no failure.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vigie: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(cli: Cli) -> anyhow::Result<()> {
    let app = app::App {
        data_dir: cli.data_dir,
        log: cli.log,
        kafka: cli.kafka,
        plugins: cli.plugins,
        policies: cli.policies,
        stores: cli.stores,
        format: cli.output,
    };
    match cli.command {
        Command::Demo(options) => demo::run(&app, &options),
        Command::Run { pipeline, follow, close, workers, host, observe } => {
            let file = app.stores()?;
            let observed = observe::Observed::new(workers.into(), 1 + file.stores.len());
            // Before all that takes its time, so that a start can be watched.
            if let Some(address) = observe {
                let bound = observe::serve(address, observed.clone())?;
                eprintln!("metrics at http://{bound}/metrics");
            }
            let read = app::read_pipeline(&pipeline)?;
            let mut workers = run::Workers::open(&app, &read, &file, workers, host, &observed)?;
            let published = if observe.is_some() { workers.publish(&app, &observed) } else { Ok(()) };
            let mut progress = run::Progress::new();
            let mut done = published.and_then(|()| workers.run(follow, &mut progress));
            if close {
                done = done.and_then(|()| workers.close(&mut progress));
            }
            if done.is_ok() {
                progress.summarise(&workers.counters());
            }
            if matches!(app.log, logs::LogAddress::Kafka(_)) {
                // Kafka's clients take most of a second to close, and have nothing to say: who has a name stays a
                // member until its session ends, so that it finds its partitions when it comes back. The sooner
                // that is, the shorter they pause. One that is just being given partitions may never close, and what
                // has failed would not be said.
                std::mem::forget(workers);
            }
            done
        }
        Command::Check { pipeline } => commands::check(&app, &pipeline),
        Command::PipelineSchema => {
            say!("{}", serde_json::to_string_pretty(&pipeline::Pipeline::json_schema())?);
            Ok(())
        }
        Command::StoresSchema => {
            say!("{}", serde_json::to_string_pretty(&stores::StoresFile::json_schema())?);
            Ok(())
        }
        Command::Simulate(options) => commands::simulate(&app, &options),
        Command::Tail(options) => commands::tail(&app, &options),
        Command::DeadLetters(command) => commands::dead_letters(&app, &command),
        Command::Stores { command } => stores::run(&app, command.as_ref()),
        Command::Status => control::status(&app),
        Command::State { pipeline, step, limit } => commands::state(&app, &pipeline, step.as_deref(), limit),
        Command::Query { sql, limit } => commands::query(&app, &sql, limit),
        Command::Plugin(command) => plugin_commands::run(&app, &command),
        Command::Policy(command) => policy_commands::run(&app, &command),
        Command::CompileComponent { engine } => plugin_commands::compile(&engine),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "vigie", &mut std::io::stdout());
            Ok(())
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|e| e.downcast_ref::<std::io::Error>())
        .any(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}
