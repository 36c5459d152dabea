//! `cargo xtask log-leak-scan`: whether anything that people said, or can be reached by, gets into a log.

mod search;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
};

use anyhow::{Context as _, ensure};
use clap::Args;
use ignacio_devstack::log_leak_scan::DIRECTORY;

use self::search::{Secrets, Seen};
use crate::programs::cargo;

/// The suites that play people, over HTTP and below it.
const SUITES: [&str; 5] = [
    "ignacio-api",
    "ignacio-worker",
    "ignacio-persistence",
    "ignacio-integrations",
    "ignacio-server",
];

/// How many findings are shown.
const SHOWN: usize = 40;

/// Run the tests with everything logged, and look for secrets in what was logged.
///
/// Phone numbers, codes, tokens, names, titles, file names, messages, quotations, reasons and
/// searches are noted as the tests' clients send and get them, as the stand-ins receive them, and
/// as they stand in the databases at a test's end. Each is then looked for in each line that was
/// logged at TRACE: as it is, and as JSON, Rust and a list of bytes write it. In the process of a
/// test the log is the one before the service's last filter; processes of `ignacio` log as they
/// always do, the filter included. A finding fails the run.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  cargo xtask log-leak-scan
  cargo xtask log-leak-scan --suite ignacio-api          one suite, may be repeated
  cargo xtask log-leak-scan --keep /tmp/leaks           keep logs and secrets, to look at a finding")]
pub(crate) struct LogLeakScan {
    /// Which crates' tests to run instead of all five.
    #[arg(long = "suite", value_name = "CRATE")]
    suites: Vec<String>,
    /// Where to leave the logs and the secrets; they are removed otherwise.
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
}

impl LogLeakScan {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let scratch = tempfile::tempdir().context("there is no place for the logs")?;
        let folder = self.keep.as_deref().unwrap_or_else(|| scratch.path());
        fs::create_dir_all(folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
        let mut is_clean = true;
        let suites: Vec<&str> = match self.suites.as_slice() {
            [] => SUITES.to_vec(),
            some => some.iter().map(String::as_str).collect(),
        };
        for suite in suites {
            let folder = folder.join(suite);
            // What an earlier run has left would be counted as this one's.
            let _nothing_there = fs::remove_dir_all(&folder);
            fs::create_dir_all(&folder)?;
            is_clean &= look_at(suite, &folder)?;
        }
        println!("\n{}", if is_clean { "Nothing was found" } else { "See above" });
        Ok(if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Runs one suite and searches its logs; whether its tests passed and nothing was found.
fn look_at(suite: &str, folder: &Path) -> anyhow::Result<bool> {
    let mut tests = cargo(&["test", "--package", suite, "--tests", "--no-fail-fast"]);
    tests.env(DIRECTORY, folder).stderr(Stdio::inherit());
    let ended = tests.output().context("cargo cannot be run")?;
    let told = String::from_utf8_lossy(&ended.stdout);
    let n_tests = n_passed(&told);
    let secrets = Secrets::read(folder)?;
    ensure!(!secrets.is_empty(), "{suite} has noted no secrets: its tests do not look any more");
    let seen = secrets.search(folder)?;
    ensure!(seen.n_lines > 0, "{suite} has logged nothing");
    report(suite, n_tests, &secrets, &seen);
    if !ended.status.success() {
        println!("{told}\nTests of {suite} failed: the search was not over all of them.");
    }
    Ok(ended.status.success() && seen.findings.is_empty())
}

fn report(suite: &str, n_tests: u64, secrets: &Secrets, seen: &Seen) {
    let Seen { n_lines, n_bytes, findings } = seen;
    println!(
        "{suite}: {n_tests} tests, {n_lines} lines, {n_bytes} bytes, {} secrets, {} findings",
        secrets.len(),
        findings.len(),
    );
    for finding in findings.iter().take(SHOWN) {
        println!("  `{}` in {}:\n    {}", finding.secret, finding.place, finding.excerpt);
    }
}

/// How many tests cargo says have passed.
fn n_passed(told: &str) -> u64 {
    let results = told.lines().filter_map(|line| line.strip_prefix("test result: "));
    let counts = results.filter_map(|line| {
        line.split(['.', ';']).find_map(|part| part.trim().strip_suffix(" passed"))
    });
    counts.filter_map(|count| count.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    //! What cargo says is understood.

    #[test]
    fn tests_are_counted_over_all_binaries() {
        let told = "running 2 tests\n\
                    test result: ok. 17 passed; 0 failed; 1 ignored; finished in 0.1s\n\n\
                    test result: FAILED. 3 passed; 2 failed; 0 ignored; finished in 0.1s\n";
        assert_eq!(super::n_passed(told), 20);
    }
}
