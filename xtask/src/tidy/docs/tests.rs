//! For each rule there is a document that breaks it.

use super::{super::workspace::samples::of_files, *};

fn complaints(files: &[(&str, &str)]) -> Vec<String> {
    check(&of_files(files)).into_iter().map(|it| format!("{} {}", it.place, it.what)).collect()
}

#[test]
fn settings_and_their_table_agree() {
    let code = r#"pub const NAMES: [&str; 2] = ["IGNACIO_LISTEN", "APP_ENV"]; let x = "other";"#;
    let table = "| `IGNACIO_LISTEN` | where |\n| `APP_ENV` | what, or `APP_ENV_FILE` |\n";
    assert_eq!(complaints(&[(SETTINGS, code), (OPERATIONS, table)]), Vec::<String>::new());

    let short = "| `IGNACIO_LISTEN` | where |\n";
    assert_eq!(complaints(&[(SETTINGS, code), (OPERATIONS, short)]).len(), 1);
    let long = format!("{table}| `S3_BUCKET` | which |\n");
    assert_eq!(complaints(&[(SETTINGS, code), (OPERATIONS, &long)]).len(), 1);
    assert_eq!(complaints(&[(SETTINGS, code)]).len(), 1);
}

#[test]
fn problem_codes_and_their_table_agree() {
    let code = "match self {\n Self::NotFound => row(\"not-found\", S::NOT_FOUND),\n \
                Self::Internal => row(\n \"internal\",\n S::INTERNAL_SERVER_ERROR,\n ),\n}";
    let table = "| code | status |\n|---|---|\n| `not-found` | 404 |\n| `internal` | 500 |\n";
    assert_eq!(complaints(&[(PROBLEMS, code), (API_DESIGN, table)]), Vec::<String>::new());
    let short = "| code | status |\n|---|---|\n| `not-found` | 404 |\n";
    assert_eq!(complaints(&[(PROBLEMS, code), (API_DESIGN, short)]).len(), 1);
    let long = format!("{table}| `teapot` | 418 |\n");
    assert_eq!(complaints(&[(PROBLEMS, code), (API_DESIGN, &long)]).len(), 1);
}

#[test]
fn decisions_are_numbered_without_gaps() {
    let one = ("docs/adr/0001-first.md", "");
    assert!(complaints(&[one, ("docs/adr/0002-second.md", "")]).is_empty());
    assert_eq!(complaints(&[one, ("docs/adr/0003-third.md", "")]).len(), 1);
    assert_eq!(complaints(&[one, ("docs/adr/0001-again.md", "")]).len(), 1);
}

#[test]
fn documents_name_paths_that_exist() {
    let code = ("crates/ignacio-api/src/router.rs", "//! Routes.");
    let good = "See `crates/ignacio-api/src/router.rs:12`, `crates/<name>/src`, [it](../crates/ignacio-api/src/router.rs#routes) and [all](https://example.org/x).";
    assert_eq!(complaints(&[code, ("docs/a.md", good)]), Vec::<String>::new());
    assert_eq!(
        complaints(&[code, ("docs/a.md", "See `crates/ignacio-api/src/gone.rs`.")]).len(),
        1
    );
    assert_eq!(complaints(&[code, ("docs/a.md", "See [it](gone.md).")]).len(), 1);
    let block = "```sh\ncat `crates/gone.rs`\n```\n";
    assert!(complaints(&[code, ("docs/a.md", block)]).is_empty());
}
