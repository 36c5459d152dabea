//! `cargo xtask ci`: what must pass before a change is merged.

mod pages;
mod tools;

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::bail;
use clap::Args;

use crate::{
    openapi::Openapi,
    programs::{cargo, status},
    schema::Schema,
    test::Test,
    tidy::Tidy,
};

/// Check everything: format, lints, house rules, generated files, docs, tests, tools.
///
/// Stops at the first step that fails. The step `tools` runs every other command of `cargo xtask`
/// at its smallest size. `.ci/run` runs `ci` and nothing else.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  cargo xtask ci
  cargo xtask ci --from test    continue where the last run stopped
  cargo xtask ci --only tools   run one step")]
pub(crate) struct Ci {
    /// Skip the steps before this one.
    #[arg(long, value_name = "STEP", value_parser = STEPS.map(|(name, _)| name))]
    from: Option<String>,
    /// Run only this step.
    #[arg(long, value_name = "STEP", value_parser = STEPS.map(|(name, _)| name), conflicts_with = "from")]
    only: Option<String>,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Format,
    Lints,
    Tidy,
    Openapi,
    Schema,
    Documentation,
    Tests,
    Tools,
}

const STEPS: [(&str, Step); 8] = [
    ("fmt", Step::Format),
    ("clippy", Step::Lints),
    ("tidy", Step::Tidy),
    ("openapi", Step::Openapi),
    ("schema", Step::Schema),
    ("doc", Step::Documentation),
    ("test", Step::Tests),
    ("tools", Step::Tools),
];

impl Ci {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let named = self.from.as_deref().or(self.only.as_deref());
        let first = STEPS.iter().position(|(name, _)| Some(*name) == named).unwrap_or(0);
        let n_steps = if self.only.is_some() { 1 } else { STEPS.len() };
        let mut took: Vec<(&str, Duration)> = Vec::new();
        for (name, step) in STEPS.into_iter().skip(first).take(n_steps) {
            println!("\n=== {name}");
            let began = Instant::now();
            let result = step.run().await;
            took.push((name, began.elapsed()));
            match result {
                Ok(true) => {}
                Ok(false) => return Ok(failed(name, &took)),
                Err(error) => {
                    println!("{error:#}");
                    return Ok(failed(name, &took));
                }
            }
        }
        summary(&took);
        println!("ci: passed");
        Ok(ExitCode::SUCCESS)
    }
}

impl Step {
    async fn run(self) -> anyhow::Result<bool> {
        match self {
            Self::Format => run_cargo(&["fmt", "--all", "--check"], None),
            Self::Lints => {
                run_cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"], None)
            }
            Self::Tidy => Ok(Tidy::run()? == ExitCode::SUCCESS),
            Self::Openapi => Openapi::checking().run().map(|()| true),
            Self::Schema => Schema::checking().run().await.map(|()| true),
            Self::Documentation => run_cargo(
                &["doc", "--workspace", "--no-deps", "--document-private-items"],
                Some(("RUSTDOCFLAGS", "-D warnings")),
            ),
            Self::Tests => Ok(Test::everything().run()? == ExitCode::SUCCESS),
            Self::Tools => tools::run(),
        }
    }
}

fn run_cargo(arguments: &[&str], variable: Option<(&str, &str)>) -> anyhow::Result<bool> {
    let status = status(cargo(arguments).envs(variable))?;
    if status.code().is_none() {
        bail!("cargo was killed");
    }
    Ok(status.success())
}

fn failed(step: &str, took: &[(&str, Duration)]) -> ExitCode {
    summary(took);
    println!(
        "ci: FAILED at `{step}`; when it is fixed, continue with `cargo xtask ci --from {step}`"
    );
    ExitCode::FAILURE
}

fn summary(took: &[(&str, Duration)]) {
    println!();
    for (name, duration) in took {
        println!("{name:<10}{:>8.1} s", duration.as_secs_f64());
    }
}
