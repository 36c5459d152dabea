//! `cargo xtask log-leak-scan`: whether personal data gets into a log.

mod search;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
};

use anyhow::{Context as _, ensure};
use clap::Args;
use ignacio_devstack::log_leak_scan::DIRECTORY;

use self::search::{SearchResult, Secrets};
use crate::programs::cargo;

/// The test suites that handle personal data.
const SUITES: [&str; 5] = [
    "ignacio-api",
    "ignacio-worker",
    "ignacio-persistence",
    "ignacio-integrations",
    "ignacio-server",
];

/// How many findings to show.
const SHOWN: usize = 40;

/// Run the tests with everything logged, and search the logs for personal data and secrets.
///
/// The tests record phone numbers, codes, tokens, names, titles, file names, messages, quotes,
/// reasons and searches: as clients send and receive them, as the stand-ins receive them, and as
/// they are in the databases at the end of each test. The scan then searches for each of them in
/// every line logged at TRACE: as plain text, and as JSON, Rust and byte lists write it. Test
/// processes log without the service's redaction filter; `ignacio` processes log with it, as in
/// production. The scan fails if it finds anything.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  cargo xtask log-leak-scan
  cargo xtask log-leak-scan --suite ignacio-api          one suite; can be repeated
  cargo xtask log-leak-scan --suite ignacio-api --filter otp   the tests with `otp` in their name
  cargo xtask log-leak-scan --keep /tmp/leaks           keep the logs and secrets, to inspect a finding")]
pub(crate) struct LogLeakScan {
    /// The crate whose tests to run, instead of all five.
    #[arg(long = "suite", value_name = "CRATE")]
    suites: Vec<String>,
    /// Only run tests with this in their name.
    #[arg(long, value_name = "NAME")]
    filter: Option<String>,
    /// Keep the logs and the secrets in this folder.
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
}

impl LogLeakScan {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let scratch = tempfile::tempdir().context("no folder for the logs")?;
        let folder = self.keep.as_deref().unwrap_or_else(|| scratch.path());
        fs::create_dir_all(folder)
            .with_context(|| format!("{} cannot be created", folder.display()))?;
        let mut is_clean = true;
        let suites: Vec<&str> = match self.suites.as_slice() {
            [] => SUITES.to_vec(),
            some => some.iter().map(String::as_str).collect(),
        };
        for suite in suites {
            let folder = folder.join(suite);
            // Files of an earlier run would count as this one's.
            let _nothing_there = fs::remove_dir_all(&folder);
            fs::create_dir_all(&folder)?;
            is_clean &= scan(suite, self.filter.as_deref(), &folder)?;
        }
        println!(
            "\n{}",
            if is_clean { "No secrets in the logs" } else { "The scan failed: see above" }
        );
        Ok(if is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Runs a suite and searches its logs. `true` if its tests pass and nothing is found.
fn scan(suite: &str, filter: Option<&str>, folder: &Path) -> anyhow::Result<bool> {
    let mut tests = cargo(&["test", "--package", suite, "--tests", "--no-fail-fast"]);
    tests.args(filter).env(DIRECTORY, folder).stderr(Stdio::inherit());
    let ended = tests.output().context("cargo cannot be run")?;
    let printed = String::from_utf8_lossy(&ended.stdout);
    let n_tests = n_passed(&printed);
    let secrets = Secrets::read(folder)?;
    ensure!(!secrets.is_empty(), "{suite} recorded no secrets: its tests no longer do so");
    let found = secrets.search(folder)?;
    ensure!(found.n_lines > 0, "{suite} logged nothing");
    report(suite, n_tests, &secrets, &found);
    if !ended.status.success() {
        println!("{printed}\nSome tests of {suite} failed, so the scan is incomplete.");
    }
    Ok(ended.status.success() && found.findings.is_empty())
}

fn report(suite: &str, n_tests: u64, secrets: &Secrets, found: &SearchResult) {
    let SearchResult { n_lines, n_bytes, findings } = found;
    println!(
        "{suite}: {n_tests} tests, {n_lines} lines, {n_bytes} bytes, {} secrets, {} findings",
        secrets.len(),
        findings.len(),
    );
    for finding in findings.iter().take(SHOWN) {
        println!("  `{}` in {}:\n    {}", finding.secret, finding.place, finding.excerpt);
    }
}

/// How many tests passed, from the output of cargo.
fn n_passed(printed: &str) -> u64 {
    let results = printed.lines().filter_map(|line| line.strip_prefix("test result: "));
    let counts = results.filter_map(|line| {
        line.split(['.', ';']).find_map(|part| part.trim().strip_suffix(" passed"))
    });
    counts.filter_map(|count| count.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    //! The output of cargo is parsed correctly.

    #[test]
    fn tests_of_all_binaries_are_counted() {
        let printed = "running 2 tests\n\
                    test result: ok. 17 passed; 0 failed; 1 ignored; finished in 0.1s\n\n\
                    test result: FAILED. 3 passed; 2 failed; 0 ignored; finished in 0.1s\n";
        assert_eq!(super::n_passed(printed), 20);
    }
}
