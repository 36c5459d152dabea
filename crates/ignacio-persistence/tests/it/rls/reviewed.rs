//! Compares measured results with reviewed ones.

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// If this variable is set, the measured results overwrite the reviewed files instead.
const ACCEPT: &str = "ACCEPT_RLS_MATRIX";

/// Fails with the lines that differ. The first lines of a file, each with a `#`, are comments.
pub(super) fn compare(file: &str, measured: &str) {
    let old = whole(file);
    let new = format!("{}{measured}", head_and_body(&old).0);
    if new == old {
        return;
    }
    if std::env::var_os(ACCEPT).is_some() {
        std::fs::write(path(file), &new).unwrap();
        println!("{file} was rewritten: review the difference before you commit it");
        return;
    }
    let kept = format!("{}/{file}", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&kept, &new).unwrap();
    panic!(
        "{file} is not what was reviewed (- reviewed, + measured; the whole is in {kept}; to accept \
         it, run again with {ACCEPT}=1):\n{}",
        difference(&old, &new)
    );
}

fn whole(file: &str) -> String {
    std::fs::read_to_string(path(file)).unwrap()
}

fn path(file: &str) -> String {
    format!("{}/tests/it/{file}", env!("CARGO_MANIFEST_DIR"))
}

/// The comment lines at the start, and the rest.
fn head_and_body(text: &str) -> (&str, &str) {
    let head = text.lines().take_while(|it| it.starts_with('#'));
    text.split_at(head.map(|it| it.len() + 1).sum())
}

/// The lines that differ, each below the lines that it belongs to.
fn difference(reviewed: &str, measured: &str) -> String {
    let (old, new) = (lines(reviewed), lines(measured));
    let gone = old.iter().filter(|it| !new.contains(it)).map(|it| ('-', it));
    let come = new.iter().filter(|it| !old.contains(it)).map(|it| ('+', it));
    let mut changed: Vec<_> = gone.chain(come).collect();
    changed.sort_by_key(|(sign, (block, _))| (block, *sign == '+'));
    let mut text = String::new();
    let mut shown = "";
    for (sign, (block, line)) in changed {
        if shown != block {
            shown = block;
            writeln!(text, "  {block}").unwrap();
        }
        writeln!(text, "{sign}   {line}").unwrap();
    }
    text
}

/// Each line with the less indented lines above it.
fn lines(text: &str) -> BTreeSet<(String, &str)> {
    let mut above: Vec<(usize, &str)> = Vec::new();
    let mut lines = BTreeSet::new();
    for line in text.lines() {
        let depth = line.len() - line.trim_start().len();
        above.retain(|(other, _)| *other < depth);
        let block: Vec<_> =
            above.iter().map(|(_, it)| it.split(':').next().unwrap_or_default()).collect();
        lines.insert((block.join(": "), line.trim_start()));
        above.push((depth, line.trim_start()));
    }
    lines
}

#[test]
fn a_difference_shows_what_was_and_what_is() {
    let was = "conversations\n  api[-] 0/0\n  api[Ana] 1/0\nfiles\n  api[-] E\n";
    let is = "conversations\n  api[-] 0/0\n  api[Ana] 1/1\nfiles\n  api[-] E\n";
    assert_eq!(difference(was, is), "  conversations\n-   api[Ana] 1/0\n+   api[Ana] 1/1\n");
}
