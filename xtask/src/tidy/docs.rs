//! Documents agree with the code.

use std::collections::BTreeSet;

use super::{
    Violation,
    workspace::{File, Workspace},
};
use crate::environment::SETTING_PREFIXES;

const SETTINGS: &str = "crates/ignacio-server/src/settings.rs";
const OPERATIONS: &str = "docs/operations.md";
const PROBLEMS: &str = "crates/ignacio-api/src/problem/code.rs";
const API_DESIGN: &str = "docs/api-design.md";
const DECISIONS: &str = "docs/adr/";

/// The first part of the paths that documents mention.
const PATH_STARTS: [&str; 6] = ["crates/", "docs/", "xtask/", "migration/", ".ci/", ".cargo/"];

pub(super) fn check(workspace: &Workspace) -> Vec<Violation> {
    let mut violations = agreement(
        workspace,
        (SETTINGS, |text| quoted(text, is_setting)),
        (OPERATIONS, |text| in_backticks(text, is_setting)),
    );
    violations.extend(agreement(
        workspace,
        (PROBLEMS, codes_in_source),
        (API_DESIGN, codes_in_table),
    ));
    violations.extend(decisions(workspace));
    violations.extend(workspace.files.iter().filter(|it| it.is_markdown()).flat_map(|document| {
        paths(document).into_iter().filter(|path| !workspace.paths.contains(path)).map(|path| {
            Violation::new(&document.path, format!("names {path}, which does not exist"))
        })
    }));
    violations
}

type Reading = (&'static str, fn(&str) -> BTreeSet<String>);

/// Checks that a source file and a document name the same things.
fn agreement(workspace: &Workspace, code: Reading, document: Reading) -> Vec<Violation> {
    let read = |(path, names): Reading| workspace.text(path).map(names);
    let (Some(in_code), Some(in_document)) = (read(code), read(document)) else {
        // Without the code there is nothing to document.
        let missing = read(code).is_some_and(|names| !names.is_empty());
        let what = format!("is missing, but {} names things that belong there", code.0);
        return missing.then(|| Violation::new(document.0, what)).into_iter().collect();
    };
    let only_code = in_code.difference(&in_document).map(|name| {
        Violation::new(document.0, format!("does not mention {name}, which {} has", code.0))
    });
    let only_document = in_document.difference(&in_code).map(|name| {
        Violation::new(document.0, format!("mentions {name}, which {} does not have", code.0))
    });
    only_code.chain(only_document).collect()
}

fn is_setting(text: &str) -> bool {
    let start = SETTING_PREFIXES.iter().find(|start| text.starts_with(**start));
    let is_name =
        text.chars().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit() || it == '_');
    // The `_FILE` variants of secrets have no row of their own.
    is_name
        && start.is_some_and(|start| text.len() > start.len() || !start.ends_with('_'))
        && !text.ends_with("_FILE")
}

/// The string literals of a source that match a condition.
fn quoted(text: &str, wanted: fn(&str) -> bool) -> BTreeSet<String> {
    text.split('"').map(str::to_owned).filter(|word| wanted(word)).collect()
}

/// The code spans of a document that match a condition.
fn in_backticks(text: &str, wanted: fn(&str) -> bool) -> BTreeSet<String> {
    spans(text).map(str::to_owned).filter(|word| wanted(word)).collect()
}

/// The code spans of a document, without code blocks.
fn spans(text: &str) -> impl Iterator<Item = &str> {
    let mut is_block = false;
    let prose = text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_block ^= is_fence;
        !is_block && !is_fence
    });
    prose.flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// The problem codes: the first value in each row of the table.
fn codes_in_source(text: &str) -> BTreeSet<String> {
    let rows = text.split("row(").skip(1).filter_map(|row| row.trim_start().strip_prefix('"'));
    rows.filter_map(|row| row.split('"').next().filter(|word| is_code(word)).map(str::to_owned))
        .collect()
}

fn is_code(text: &str) -> bool {
    let is_word = |it: char| it.is_ascii_lowercase() || it == '_' || it == '-';
    text.len() > 3 && text.chars().all(is_word)
}

/// The first column of the document's table with the heading `code`.
fn codes_in_table(text: &str) -> BTreeSet<String> {
    let rows = text.lines().skip_while(|line| !line.starts_with("| code"));
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.filter_map(|row| row.split('|').nth(1)?.trim().strip_prefix('`')?.strip_suffix('`'))
        .map(str::to_owned)
        .collect()
}

/// Checks that decisions are numbered without gaps.
fn decisions(workspace: &Workspace) -> Vec<Violation> {
    let records = workspace.files.iter().filter_map(|file| file.path.strip_prefix(DECISIONS));
    let records: Vec<&str> = records.filter(|name| *name != "README.md").collect();
    (1..)
        .zip(records)
        .filter(|(number, name)| !name.starts_with(&format!("{number:04}-")))
        .map(|(number, name)| {
            let what = format!(
                "should begin with {number:04}-: numbers must have no gaps and no duplicates"
            );
            Violation::new(format!("{DECISIONS}{name}"), what)
        })
        .collect()
}

/// The repository paths in the code spans and links of a document.
fn paths(document: &File) -> BTreeSet<String> {
    let folder = document.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let spans = spans(&document.text).filter_map(|span| {
        let path = span.split([':', '#', ' ']).next()?.trim_end_matches('/');
        let is_plain = !path.contains(['<', '*', '{', '…', '(', '$']) && !path.contains("NNNN");
        (is_plain && PATH_STARTS.iter().any(|start| path.starts_with(start)))
            .then(|| path.to_owned())
    });
    let links = document.text.split("](").skip(1).filter_map(|rest| {
        let target = rest.split([')', '#', ' ']).next()?;
        let is_elsewhere =
            target.is_empty() || target.contains("://") || target.starts_with("mailto:");
        (!is_elsewhere && rest.contains(')')).then(|| resolve(folder, target))
    });
    spans.chain(links).collect()
}

/// The target of a link, relative to the root.
fn resolve(folder: &str, target: &str) -> String {
    let mut segments: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(segments.pop()),
            name => segments.push(name),
        }
    }
    segments.join("/")
}

#[cfg(test)]
mod tests;
