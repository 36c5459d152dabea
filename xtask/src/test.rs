//! `cargo xtask test`: every test of the workspace.

use std::{process::ExitCode, time::Instant};

use clap::Args;

use crate::programs::{cargo, status};

/// Run every test of the workspace.
///
/// The tests bring their own database, object store, OpenAI and WhatsApp; nothing has to be set up
/// and no network is needed. What stands after `--` goes to `cargo test` instead of `--workspace`.
///
/// Some tests try a great many things: codes, tokens, spellings, guesses. The ordinary run tries
/// fewer of them; `--slow` tries all, and takes minutes more.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  cargo xtask test
  cargo xtask test -- -p ignacio-domain          one crate
  cargo xtask test -- --workspace otp            tests with `otp` in their name
  cargo xtask test -- -p ignacio-api -- --nocapture
  cargo xtask test --slow                        every number in full
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
    /// The form that CI runs: everything.
    pub(crate) fn everything() -> Self {
        Self { slow: false, arguments: Vec::new() }
    }

    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let arguments =
            if self.arguments.is_empty() { vec!["--workspace".to_owned()] } else { self.arguments };
        // What stands after a second `--` is for the tests, which are not run the first time.
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
