//! Request and response bodies cannot be printed.

use super::{
    Violation,
    workspace::{File, Workspace},
};

/// The folders with the types of bodies and queries.
const BODIES: [&str; 3] = [
    "crates/ignacio-api/src/flows/",
    "crates/ignacio-api/src/routes/",
    "crates/ignacio-api/src/views/",
];

/// Contains no personal data, and is part of an error.
const HARMLESS: &str = "crates/ignacio-api/src/views/health.rs";

/// A body without `Debug` cannot end up in a log or a panic message.
pub(super) fn check(workspace: &Workspace) -> Vec<Violation> {
    workspace.files.iter().filter(|file| file.is_rust()).flat_map(check_file).collect()
}

fn check_file(file: &File) -> Vec<Violation> {
    let has_bodies = BODIES.iter().any(|path| file.path.starts_with(path)) && file.path != HARMLESS;
    let printable = file.shipped_lines().filter(|(_, line)| has_bodies && is_printable_body(line));
    let violations = printable.map(|(number, _)| {
        let what = "derives Debug for a request or response body, which must not be printable";
        Violation::new(format!("{}:{number}", file.path), what)
    });
    violations.collect()
}

fn is_printable_body(line: &str) -> bool {
    let Some((_, traits)) = line.split_once("#[derive(") else { return false };
    let has = |name: &str| traits.split([',', ')']).any(|it| it.trim() == name);
    has("Debug") && (has("Serialize") || has("Deserialize"))
}

#[cfg(test)]
mod tests {
    //! Printable bodies are reported, and other types are not.

    use super::{super::workspace::samples::of_files, *};

    fn complaints(path: &str, line: &str) -> usize {
        check(&of_files(&[(path, &format!("//! Bodies.\n{line}\nstruct A;\n"))])).len()
    }

    #[test]
    fn a_printable_body_is_a_violation() {
        let path = "crates/ignacio-api/src/routes/otp.rs";
        assert_eq!(complaints(path, "#[derive(Debug, Deserialize, ToSchema)]"), 1);
        assert_eq!(complaints(path, "#[derive(Clone, Serialize, Debug)]"), 1);
        assert_eq!(complaints(path, "#[derive(Deserialize, ToSchema)]"), 0);
        assert_eq!(complaints(path, "#[derive(Debug, Clone)]"), 0);
        assert_eq!(complaints(HARMLESS, "#[derive(Debug, Serialize)]"), 0);
        assert_eq!(complaints("crates/ignacio-api/src/etag.rs", "#[derive(Debug, Serialize)]"), 0);
    }
}
