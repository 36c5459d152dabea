//! `cargo xtask tidy`: the house rules that a compiler does not know.

mod bodies;
mod docs;
mod layers;
mod manifests;
mod sources;
mod workspace;

use std::process::ExitCode;

use clap::Args;

use self::workspace::Workspace;
use crate::environment::root;

/// Check the house rules that the compiler does not know.
///
/// Layers: who may depend on whom, and which crates may use SeaORM, actix-web, reqwest and their
/// like. Sources: a header sentence in every file, no file over 500 lines, no marks of unfinished
/// work, status numbers in one place, no body that can be printed. Documents: settings, error codes, decision numbers and paths
/// agree with the code. The same check is a test, so `cargo test` runs it too.
#[derive(Debug, Args)]
pub(crate) struct Tidy {}

/// Something that breaks a rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    /// The file or crate.
    place: String,
    /// What is wrong, as a sentence that says what to do.
    what: String,
}

impl Violation {
    fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into() }
    }
}

impl Tidy {
    pub(crate) fn run() -> anyhow::Result<ExitCode> {
        let workspace = Workspace::load(root())?;
        let violations = violations(&workspace);
        for Violation { place, what } in &violations {
            println!("{place}: {what}");
        }
        if violations.is_empty() {
            println!("tidy: {} files, nothing to complain about", workspace.files.len());
            return Ok(ExitCode::SUCCESS);
        }
        println!("tidy: {} violations", violations.len());
        Ok(ExitCode::FAILURE)
    }
}

fn violations(workspace: &Workspace) -> Vec<Violation> {
    let rules = [layers::check, manifests::check, sources::check, bodies::check, docs::check];
    let mut violations: Vec<Violation> =
        rules.into_iter().flat_map(|rule| rule(workspace)).collect();
    violations.sort();
    violations
}

#[cfg(test)]
mod tests {
    //! The repository keeps its own rules.

    use super::*;

    #[test]
    fn the_workspace_is_tidy() {
        let workspace = Workspace::load(root()).unwrap();
        assert!(workspace.files.len() > 50, "the files were not found");
        let violations = violations(&workspace);
        assert!(violations.is_empty(), "{violations:#?}");
    }
}
