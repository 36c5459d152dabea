//! `cargo xtask tidy`: the house rules that the compiler does not check.

mod bodies;
mod docs;
mod layers;
mod manifests;
mod modules;
mod sources;
mod vocabulary;
mod workspace;

use std::process::ExitCode;

use clap::Args;

use self::workspace::Workspace;
use crate::environment::root;

/// Check the house rules that the compiler does not check.
///
/// Layers: which crates may depend on which, and which may use SeaORM, actix-web, reqwest and so on.
/// Sources: a header sentence and a module for every file, no file over 500 lines, no marks of
/// unfinished work, HTTP statuses of errors in one place, no request or response body that can be
/// printed.
/// Vocabulary: no retired names (xtask/src/tidy/retired.txt), and no public type name in two
/// crates. Documents: settings, error codes, decision numbers and paths agree with the code. The
/// same check is a test, so `cargo test` runs it too.
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
            println!("tidy: {} files, no violations", workspace.files.len());
            return Ok(ExitCode::SUCCESS);
        }
        println!("tidy: {} violations", violations.len());
        Ok(ExitCode::FAILURE)
    }
}

fn violations(workspace: &Workspace) -> Vec<Violation> {
    let rules = [
        layers::check,
        manifests::check,
        modules::check,
        sources::check,
        bodies::check,
        vocabulary::check,
        docs::check,
    ];
    let mut violations: Vec<Violation> =
        rules.into_iter().flat_map(|rule| rule(workspace)).collect();
    violations.sort();
    violations
}

#[cfg(test)]
mod tests {
    //! The repository follows its own rules.

    use super::*;

    #[test]
    fn the_workspace_is_tidy() {
        let workspace = Workspace::load(root()).unwrap();
        assert!(workspace.files.len() > 50, "the files were not found");
        let violations = violations(&workspace);
        assert!(violations.is_empty(), "{violations:#?}");
    }
}
