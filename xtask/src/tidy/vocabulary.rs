//! One word per notion: retired names stay out, and no two crates share the name of a type.

use std::collections::BTreeMap;

use super::{
    Violation,
    workspace::{File, Workspace},
};

/// The retired names, each with the name to use. A name with a `*` is retired as a part of longer
/// names as well.
const RETIRED: &str = include_str!("retired.txt");

/// Files that may name what is gone: the list itself, the history, and the schema of the old system.
const EXEMPT: [&str; 8] = [
    "CHANGELOG.md",
    "migration/src/sql/001",
    "migration/src/sql/002",
    "migration/src/sql/003",
    "migration/src/sql/004",
    "migration/tests/it/legacy/",
    "xtask/src/tidy/retired.txt",
    "xtask/src/tidy/vocabulary.rs",
];

/// Names of other crates that contain a retired part.
const FOREIGN: [&str; 1] = ["run_upkeep"];

pub(super) fn check(workspace: &Workspace) -> Vec<Violation> {
    let mut violations = Retired::parse(RETIRED).check(workspace);
    violations.extend(shared_types(workspace));
    violations
}

fn is_exempt(path: &str) -> bool {
    EXEMPT.iter().any(|exempt| path.starts_with(exempt))
}

/// The list of retired names.
struct Retired {
    names: BTreeMap<&'static str, &'static str>,
    parts: BTreeMap<&'static str, &'static str>,
}

impl Retired {
    fn parse(text: &'static str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let pairs = lines.filter_map(|line| line.split_once(" -> "));
        let (parts, names): (Vec<_>, Vec<_>) = pairs.partition(|(name, _)| name.ends_with('*'));
        let parts = parts.into_iter().map(|(name, better)| (name.trim_end_matches('*'), better));
        Self { names: names.into_iter().collect(), parts: parts.collect() }
    }

    /// The retired name in an identifier, and the one to use.
    fn find<'n>(&self, name: &'n str) -> Option<(&'n str, &'static str)> {
        let whole = self.names.get(name).copied();
        let part = || {
            let mut words = words(name).into_iter();
            let known = words.find_map(|word| self.parts.get(word.trim_end_matches('s')).copied());
            known.filter(|_| !FOREIGN.contains(&name))
        };
        whole.or_else(part).map(|better| (name, better))
    }

    fn check(&self, workspace: &Workspace) -> Vec<Violation> {
        let mut violations: Vec<Violation> =
            workspace.files.iter().flat_map(|file| self.check_file(file)).collect();
        let paths = workspace.paths.iter().filter(|path| !is_exempt(path));
        violations.extend(paths.filter_map(|path| {
            let (name, better) = path.split(['/', '.']).find_map(|name| self.find(name))?;
            Some(Violation::new(path, format!("is named `{name}`: use `{better}`")))
        }));
        violations
    }

    fn check_file(&self, file: &File) -> Vec<Violation> {
        if is_exempt(&file.path) {
            return Vec::new();
        }
        let mut violations = Vec::new();
        for (number, line) in (1..).zip(file.text.lines()) {
            let found = code(file, line).into_iter().flat_map(identifiers);
            for (name, better) in found.filter_map(|name| self.find(name)) {
                let what = format!("has the retired name `{name}`: use `{better}`");
                violations.push(Violation::new(format!("{}:{number}", file.path), what));
            }
        }
        violations.dedup();
        violations
    }
}

/// The code in a line: without comments; in a document, the code spans.
fn code<'l>(file: &File, line: &'l str) -> Vec<&'l str> {
    if file.is_markdown() {
        return line.split('`').skip(1).step_by(2).collect();
    }
    let comment = match file.path.rsplit('.').next() {
        // The slashes of a URL do not begin a comment.
        Some("rs") => line.replace("://", ":  ").find("//"),
        Some("sql") => line.find("--"),
        _ => return Vec::new(),
    };
    comment.map_or_else(|| vec![line], |at| line.get(..at).into_iter().collect())
}

fn identifiers(code: &str) -> impl Iterator<Item = &str> {
    code.split(|it: char| !it.is_alphanumeric() && it != '_').filter(|it| !it.is_empty())
}

/// The words of a name in any case, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for it in name.chars() {
        if it == '_' || it == '-' || (it.is_uppercase() && was_lower) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| it != '_' && it != '-') {
            word.extend(it.to_lowercase());
        }
        was_lower = it.is_lowercase();
    }
    words
}

/// Public types that two crates define under one name. A re-export defines nothing.
fn shared_types(workspace: &Workspace) -> Vec<Violation> {
    let mut types: BTreeMap<&str, Vec<(&str, String)>> = BTreeMap::new();
    for file in workspace.files.iter().filter(|file| file.is_rust()) {
        let Some((package, _)) = file.path.split_once("/src/") else { continue };
        for (number, line) in file.shipped_lines() {
            if let Some(name) = public_type(line) {
                let place = format!("{}:{number}", file.path);
                types.entry(name).or_default().push((package, place));
            }
        }
    }
    let shared = types.into_iter().filter_map(|(name, places)| {
        let (package, first) = places.first()?;
        let (_, other) = places.iter().find(|(other, _)| other != package)?;
        let what = format!("defines `{name}`, as {first} does: give one of them another name");
        Some(Violation::new(other, what))
    });
    shared.collect()
}

/// The public type that a line defines.
fn public_type(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("pub ")?;
    let kinds = ["struct ", "enum ", "trait ", "type ", "union "];
    let rest = kinds.iter().find_map(|kind| rest.strip_prefix(kind))?;
    // An associated type belongs to its trait.
    rest.split(|it: char| !it.is_alphanumeric() && it != '_').next()
}

#[cfg(test)]
mod tests {
    //! Each rule has a file that breaks it, and plain English breaks none.

    use super::{super::workspace::samples::of_files, *};

    const LIST: &str = "# Old -> new\nLiveReply -> ReplyWriter\nwhole_messages -> message_details\n\
                        chore* -> follow_up\nupkeep* -> maintenance\nleash* -> process\n";

    fn complaints(files: &[(&str, &str)]) -> Vec<Violation> {
        let workspace = of_files(files);
        let mut violations = Retired::parse(LIST).check(&workspace);
        violations.extend(shared_types(&workspace));
        violations
    }

    #[test]
    fn every_line_of_the_list_is_understood() {
        let lines = RETIRED.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let retired = Retired::parse(RETIRED);
        assert_eq!(lines.count(), retired.names.len() + retired.parts.len());
    }

    #[test]
    fn a_retired_name_is_found_in_code_paths_and_documents() {
        for (path, text) in [
            ("crates/a/src/lib.rs", "struct LiveReply;"),
            ("crates/a/src/lib.rs", "fn start_chore() {}"),
            ("crates/a/src/lib.rs", "enum ChoreKind {}"),
            ("crates/a/src/lib.rs", "const Q: &str = \"select * from chores\";"),
            ("crates/a/src/lib.rs", "const U: &str = \"http://x/LiveReply\";"),
            ("migration/src/sql/routines/a.sql", "select app.whole_messages();"),
            ("migration/src/sql/routines/whole_messages.sql", "select 1;"),
            ("crates/a/src/leash/b.rs", "//! A file."),
            ("docs/a.md", "See `LiveReply` and more."),
        ] {
            assert_eq!(complaints(&[(path, text)]).len(), 1, "{path}: {text}");
        }
    }

    #[test]
    fn english_and_other_names_are_left_alone() {
        for (path, text) in [
            ("crates/a/src/lib.rs", "let x = 1; // A chore on a leash: LiveReply."),
            ("crates/a/src/lib.rs", "handle.run_upkeep();"),
            ("docs/a.md", "A chore, LiveReply."),
            ("CHANGELOG.md", "`LiveReply` is `ReplyWriter`."),
            ("migration/src/sql/001_initial.up.sql", "select chores;"),
        ] {
            assert!(complaints(&[(path, text)]).is_empty(), "{text}");
        }
    }

    #[test]
    fn two_crates_do_not_define_one_type() {
        let one = ("crates/a/src/lib.rs", "pub struct Turn {\n}\n");
        let clash = complaints(&[one, ("crates/b/src/x.rs", "pub enum Turn {\n}\n")]);
        assert_eq!(clash.len(), 1, "{clash:?}");
        for harmless in [
            "pub use a::Turn;",
            "pub(crate) struct Turn;",
            "pub struct Turns;",
            "#[cfg(test)]\nmod tests { pub struct Turn; }",
        ] {
            assert!(complaints(&[one, ("crates/b/src/x.rs", harmless)]).is_empty(), "{harmless}");
        }
        assert!(complaints(&[one, ("crates/a/src/x.rs", "pub enum Turn {\n}\n")]).is_empty());
    }
}
