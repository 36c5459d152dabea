//! `cargo xtask test`: all tests of the workspace.

use std::{process::ExitCode, time::Instant};

use clap::Args;

use crate::programs::{cargo, status};

/// Run all tests of the workspace.
///
/// The tests start their own database, object store and stand-ins for OpenAI and WhatsApp; they need
/// no setup and no network. Arguments after `--` go to `cargo test` and replace `--workspace`.
///
/// Some tests try very many codes, tokens, spellings or guesses. By default they try fewer; `--slow`
/// tries all of them and takes minutes longer.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  cargo xtask test
  cargo xtask test -- -p ignacio-domain          one crate
  cargo xtask test -- --workspace otp            tests with `otp` in their name
  cargo xtask test -- -p ignacio-api -- --nocapture
  cargo xtask test --slow                        the full numbers
  cargo xtask test --slow -- -p ignacio-domain   the same in one crate")]
pub(crate) struct Test {
    /// Try the full numbers (sets `IGNACIO_TEST_SLOW=1`).
    #[arg(long)]
    slow: bool,
    /// Arguments for `cargo test`.
    #[arg(last = true)]
    arguments: Vec<String>,
}

impl Test {
    /// All tests, as CI runs them.
    pub(crate) fn everything() -> Self {
        Self { slow: false, arguments: Vec::new() }
    }

    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let arguments =
            if self.arguments.is_empty() { vec!["--workspace".to_owned()] } else { self.arguments };
        // Arguments after a second `--` are for the test binaries, which do not run yet.
        let for_cargo = arguments.iter().take_while(|argument| *argument != "--");
        let began = Instant::now();
        if !status(cargo(&["test", "--no-run"]).args(for_cargo))?.success() {
            println!("\nThe tests do not compile: see above.");
            return Ok(ExitCode::FAILURE);
        }
        let compiled = began.elapsed();

        let began = Instant::now();
        let mut tests = cargo(&["test", "--no-fail-fast"]);
        if self.slow {
            tests.env("IGNACIO_TEST_SLOW", "1");
        }
        let passed = status(tests.args(&arguments))?.success();
        let ran = began.elapsed();
        println!(
            "\n{} (compiling {:.1} s, running {:.1} s)",
            if passed { "All tests passed" } else { "Some tests failed: see above" },
            compiled.as_secs_f64(),
            ran.as_secs_f64(),
        );
        Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
