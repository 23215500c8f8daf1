//! `vigie policy …`.

use anyhow::{Result, bail};
use clap::Subcommand;
use policy::Verdict;
use serde_json::json;

use crate::Format;
use crate::app::App;
use crate::commands::print_table;

#[derive(Subcommand)]
pub enum PolicyCommand {
    /// Check all policies, ask what must be denied, and run the cases
    #[command(
        after_help = "Reads *.cedar, forbidden.yaml and cases.yaml of the folder --policies.\nExample:\n  vigie policy test"
    )]
    Test,
}

pub fn run(app: &App, command: &PolicyCommand) -> Result<()> {
    match command {
        PolicyCommand::Test => test(app),
    }
}

fn test(app: &App) -> Result<()> {
    let outcomes = policy::run_cases(&app.policies()?, &app.policies)?;
    let mut rows = Vec::new();
    for policy::Outcome { name, passed, verdict } in &outcomes {
        let (answer, why) = match verdict {
            Verdict::Permitted(by) => ("permit", by.join(", ")),
            Verdict::Denied(why) => ("deny", why.clone()),
        };
        if app.format == Format::Json {
            say!("{}", json!({"case": name, "passed": passed, "answer": answer, "why": why}));
        }
        rows.push(vec![if *passed { "ok" } else { "FAILED" }.into(), answer.into(), name.clone(), why]);
    }
    if app.format == Format::Table {
        print_table(&["", "answer", "case", "why"].map(String::from), &rows)?;
    }
    match outcomes.iter().filter(|outcome| !outcome.passed).count() {
        0 => Ok(()),
        failed => bail!("VG0026: {failed} of {} cases got another answer than expected", outcomes.len()),
    }
}
