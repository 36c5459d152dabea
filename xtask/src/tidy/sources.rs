//! Rules for every source file.

use super::{
    Violation,
    workspace::{File, Workspace},
};

/// The maximum number of lines in a source file.
const MAX_LINES: usize = 500;

/// The only module that maps errors to HTTP statuses.
const STATUS_NUMBERS: &str = "crates/ignacio-api/src/problem";

/// Crates whose code must not name error statuses. The integrations read those of other services,
/// and the stand-ins and tools play the other side.
const WITHOUT_STATUS: [&str; 5] = [
    "crates/ignacio-api/",
    "crates/ignacio-domain/",
    "crates/ignacio-persistence/",
    "crates/ignacio-server/",
    "crates/ignacio-worker/",
];

/// Marks of unfinished work, which belongs into an issue or a decision record.
const MARKS: [&str; 5] = [
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
];

/// How code names a status.
const STATUS_MARKS: [&str; 2] = ["StatusCode::", "HttpResponse::"];

/// How code makes a status from a number.
const STATUS_FROM_NUMBER: &str = "StatusCode::from_u16(";

/// The names of success statuses.
const HARMLESS: [&str; 12] = [
    "OK",
    "CREATED",
    "ACCEPTED",
    "NO_CONTENT",
    "PARTIAL_CONTENT",
    "NOT_MODIFIED",
    "Ok",
    "Created",
    "Accepted",
    "NoContent",
    "PartialContent",
    "NotModified",
];

/// Random generators with their own state. Codes, tokens and keys come from the operating system
/// (`SysRng`).
const GENERATORS: [&str; 9] = [
    "rand::rng()",
    "rand::random",
    "rand::make_rng",
    "thread_rng",
    "ThreadRng",
    "StdRng",
    "SmallRng",
    "ChaCha",
    "Xoshiro",
];

/// Code that may use them: the stand-ins, and the jitter of backoffs, which is not secret.
const MAY_HAVE_GENERATORS: [&str; 4] = [
    "crates/ignacio-devstack/",
    "crates/ignacio-worker/src/jobs/backoff.rs",
    "crates/ignacio-worker/src/outbox/send_decision.rs",
    "crates/ignacio-worker/src/replies/recovery.rs",
];

pub(super) fn check(workspace: &Workspace) -> Vec<Violation> {
    workspace.files.iter().filter(|file| file.is_rust()).flat_map(check_file).collect()
}

fn check_file(file: &File) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut complain = |place: String, what: String| violations.push(Violation::new(place, what));

    let header = file.text.lines().next().unwrap_or_default();
    if header.strip_prefix("//! ").is_none_or(|sentence| sentence.trim().len() < 4) {
        complain(file.path.clone(), "does not begin with a `//!` sentence".to_owned());
    }
    let n_lines = file.text.lines().count();
    if n_lines > MAX_LINES {
        let what = format!("has {n_lines} lines, more than {MAX_LINES}: split it by subject");
        complain(file.path.clone(), what);
    }
    if file.path.ends_with("/mod.rs") {
        complain(file.path.clone(), "is called mod.rs: name it after its module".to_owned());
    }
    for (number, line) in (1..).zip(file.text.lines()) {
        if let Some(mark) = MARKS.iter().find(|mark| line.contains(**mark)) {
            complain(
                format!("{}:{number}", file.path),
                format!("has a mark of unfinished work, `{mark}`: finish it or open an issue"),
            );
        }
    }
    for (number, mark) in generators(file) {
        let what = format!("uses `{mark}` for randomness: use `SysRng` for secrets");
        complain(format!("{}:{number}", file.path), what);
    }
    for (number, line) in error_statuses(file) {
        let what = format!(
            "names an HTTP error status (`{}`), which only {STATUS_NUMBERS} may do",
            line.trim()
        );
        complain(format!("{}:{number}", file.path), what);
    }
    violations
}

/// The shipped lines of a file that use such a generator.
fn generators(file: &File) -> impl Iterator<Item = (usize, &'static str)> {
    let may_not = file.path.starts_with("crates/")
        && !MAY_HAVE_GENERATORS.iter().any(|path| file.path.starts_with(path));
    file.shipped_lines().filter(move |_| may_not).filter_map(|(number, line)| {
        GENERATORS.iter().find(|mark| line.contains(**mark)).map(|mark| (number, *mark))
    })
}

/// The lines of a file that name an error status.
fn error_statuses(file: &File) -> impl Iterator<Item = (usize, &str)> {
    let may_not = !file.path.starts_with(STATUS_NUMBERS)
        && WITHOUT_STATUS.iter().any(|folder| file.path.starts_with(folder));
    file.shipped_lines().filter(move |(_, line)| may_not && names_error_status(line))
}

fn names_error_status(line: &str) -> bool {
    let by_name = STATUS_MARKS.iter().flat_map(|mark| line.split(mark).skip(1)).any(|rest| {
        let word = rest.split(|it: char| !it.is_alphanumeric() && it != '_').next();
        let word = word.unwrap_or_default();
        // Methods of these types begin with a lower-case letter and are allowed.
        word.starts_with(char::is_uppercase) && !HARMLESS.contains(&word)
    });
    by_name || line.contains(STATUS_FROM_NUMBER)
}

#[cfg(test)]
mod tests {
    //! For each rule there is a file that breaks it.

    use super::{super::workspace::samples::of_files, *};

    fn complaints(path: &str, text: &str) -> usize {
        check(&of_files(&[(path, text)])).len()
    }

    #[test]
    fn a_file_begins_with_a_sentence() {
        assert_eq!(complaints("crates/a/src/lib.rs", "//! What it is for.\n"), 0);
        assert_eq!(complaints("crates/a/src/lib.rs", "use std::fs;\n"), 1);
        assert_eq!(complaints("crates/a/src/lib.rs", "//!\n"), 1);
    }

    #[test]
    fn a_file_is_short() {
        let lines = |n| format!("//! Long.\n{}", "\n".repeat(n));
        assert_eq!(complaints("crates/a/src/lib.rs", &lines(499)), 0);
        assert_eq!(complaints("crates/a/src/lib.rs", &lines(500)), 1);
    }

    #[test]
    fn marks_of_unfinished_work_are_reported() {
        for mark in MARKS {
            let text = format!("//! Short.\nfn later() {{ {mark} }}\n");
            assert_eq!(complaints("crates/a/src/lib.rs", &text), 1, "{mark}");
        }
    }

    #[test]
    fn files_are_named_after_their_modules() {
        assert_eq!(complaints("crates/a/src/routes/mod.rs", "//! Routes.\n"), 1);
    }

    #[test]
    fn randomness_comes_from_the_operating_system() {
        for mark in GENERATORS {
            let text = format!("//! Codes.\nfn code() {{ {mark} }}\n");
            assert_eq!(complaints("crates/ignacio-worker/src/outbox.rs", &text), 1, "{mark}");
            assert_eq!(complaints("crates/ignacio-worker/tests/it/outbox.rs", &text), 0, "{mark}");
            assert_eq!(complaints("crates/ignacio-devstack/src/ids.rs", &text), 0, "{mark}");
        }
        let ours = "//! Codes.\nfn code() { UnwrapErr(SysRng) }\n";
        assert_eq!(complaints("crates/ignacio-worker/src/outbox.rs", ours), 0);
    }

    #[test]
    fn only_one_module_names_error_statuses() {
        let decides = [
            "HttpResponse::NotFound().finish()",
            "StatusCode::BAD_GATEWAY",
            "StatusCode::from_u16(503)",
        ];
        for line in decides {
            let text = format!("//! A route.\nfn route() {{ {line} }}\n");
            assert_eq!(complaints("crates/ignacio-api/src/routes/a.rs", &text), 1, "{line}");
            assert_eq!(complaints("crates/ignacio-api/src/problem.rs", &text), 0, "{line}");
            assert_eq!(complaints("crates/ignacio-api/tests/it/a.rs", &text), 0, "{line}");
            assert_eq!(complaints("crates/ignacio-integrations/src/http.rs", &text), 0, "{line}");
            let inside = format!("//! A route.\n#[cfg(test)]\nmod tests {{ {line} }}\n");
            assert_eq!(complaints("crates/ignacio-api/src/routes/a.rs", &inside), 0, "{line}");
        }
        let harmless = "//! A route.\nfn route() -> StatusCode { HttpResponse::Created() }\n";
        assert_eq!(complaints("crates/ignacio-api/src/routes/a.rs", harmless), 0);
    }
}
