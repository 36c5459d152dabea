//! `cargo xtask rls-mutants`: whether the tests would notice a policy that is wrong.

use std::process::ExitCode;

use clap::Args;

use crate::programs::{cargo, status};

/// The test that breaks the policies, in the crate that has the matrix.
const TEST: &str = "rls::mutants::every_spoilt_policy_changes_a_cell";

/// Break each policy in turn and see whether the matrix of rights notices.
///
/// Each policy is dropped, and its USING and WITH CHECK are loosened to true; each table's row level
/// security is switched off and no longer forced; each service role gets every right on each table.
/// Every time some cell of the matrix has to change. What survives fails the run: then the matrix
/// lacks a cell, or the policy does nothing. It takes a minute, and its own database.
#[derive(Debug, Args)]
pub(crate) struct RlsMutants {}

impl RlsMutants {
    pub(crate) fn run() -> anyhow::Result<ExitCode> {
        let mut test = cargo(&["test", "--package", "ignacio-persistence", "--test", "it", "--"]);
        test.args(["--ignored", "--exact", TEST, "--nocapture"]);
        let is_killed = status(&mut test)?.success();
        Ok(if is_killed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
