//! `cargo xtask rls-mutants`: mutation tests of the row level security policies.

use std::process::ExitCode;

use clap::Args;

use crate::programs::{cargo, status};

/// The test that mutates the policies, in the crate of the matrix.
const TEST: &str = "rls::mutants::every_mutated_policy_changes_a_cell";

/// Break each policy in turn and check that the matrix of rights notices.
///
/// A mutant drops a policy, replaces its USING or WITH CHECK by true, disables row level security
/// of a table or its forcing, or grants a service role every right on a table. For each mutant
/// some cell of the matrix has to change. A mutant that survives fails the run: the matrix lacks a
/// cell, or the policy has no effect. Takes about a minute, on a database of its own.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  cargo xtask rls-mutants
  cargo xtask rls-mutants --only citations    the mutants with `citations` in their name")]
pub(crate) struct RlsMutants {
    /// Only run mutants with this in their name.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
}

impl RlsMutants {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let mut test = cargo(&["test", "--package", "ignacio-persistence", "--test", "it", "--"]);
        test.args(["--ignored", "--exact", TEST, "--nocapture"]);
        test.envs(self.only.map(|name| ("RLS_MUTANTS", name)));
        let is_killed = status(&mut test)?.success();
        Ok(if is_killed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
