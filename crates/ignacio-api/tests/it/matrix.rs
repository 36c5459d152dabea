//! Compares a measured matrix with the reviewed file.

use std::collections::BTreeSet;

/// If set, the measured matrix is written to the reviewed file instead of being compared.
const ACCEPT: &str = "ACCEPT_HTTP_MATRIX";

/// Fails with the lines that differ. The first lines of a file, each with a `#`, are comments.
pub(crate) fn compare(file: &str, measured: &[String]) {
    let path = format!("{}/tests/it/{file}", env!("CARGO_MANIFEST_DIR"));
    let reviewed = std::fs::read_to_string(&path).unwrap();
    let (head, lines): (Vec<_>, Vec<_>) = reviewed.lines().partition(|it| it.starts_with('#'));
    let difference = difference(&lines, measured);
    if difference.is_empty() {
        return;
    }
    let measured: Vec<&str> = measured.iter().map(String::as_str).collect();
    let new = format!("{}\n", [head, measured].concat().join("\n"));
    if std::env::var_os(ACCEPT).is_some() {
        std::fs::write(&path, &new).unwrap();
        println!("{file} is rewritten: read the difference before you commit it");
        return;
    }
    let kept = format!("{}/{file}", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&kept, &new).unwrap();
    panic!(
        "{file} is not what was reviewed (- reviewed, + measured; all of it is in {kept}; to accept \
         it, run again with {ACCEPT}=1):\n{}",
        difference.join("\n")
    );
}

/// The lines that are on one side only, those that begin alike side by side.
fn difference(reviewed: &[&str], measured: &[String]) -> Vec<String> {
    let old: BTreeSet<&str> = reviewed.iter().copied().collect();
    let new: BTreeSet<&str> = measured.iter().map(String::as_str).collect();
    let gone = old.difference(&new).map(|it| (*it, '-'));
    let come = new.difference(&old).map(|it| (*it, '+'));
    let mut lines: Vec<_> = gone.chain(come).collect();
    let name = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    lines.sort_by_key(|(line, sign)| (name(line), *sign == '+'));
    lines.into_iter().map(|(line, sign)| format!("{sign} {line}")).collect()
}

#[test]
fn a_difference_shows_the_old_and_the_new_line() {
    let was = ["GET /a 200", "GET /b 404", "GET /c 200"];
    let is = ["GET /a 200", "GET /b 200", "GET /d 401"].map(str::to_owned);
    let expected = ["- GET /b 404", "+ GET /b 200", "- GET /c 200", "+ GET /d 401"];
    assert_eq!(difference(&was, &is), expected);
}
