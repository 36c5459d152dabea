//! What clients send and get cannot be printed.

use super::{
    Violation,
    workspace::{File, Workspace},
};

/// Where the types of bodies and queries are.
const BODIES: [&str; 3] = [
    "crates/ignacio-api/src/flows/",
    "crates/ignacio-api/src/routes/",
    "crates/ignacio-api/src/views/",
];

/// Holds no word of anybody's, and is part of an error.
const HARMLESS: &str = "crates/ignacio-api/src/views/health.rs";

/// A body that has no `Debug` gets into no log and no panic, whoever formats what.
pub(super) fn check(workspace: &Workspace) -> Vec<Violation> {
    workspace.files.iter().filter(|file| file.is_rust()).flat_map(check_file).collect()
}

fn check_file(file: &File) -> Vec<Violation> {
    let has_bodies = BODIES.iter().any(|path| file.path.starts_with(path)) && file.path != HARMLESS;
    let printable = file.shipped_lines().filter(|(_, line)| has_bodies && is_printable_body(line));
    let violations = printable.map(|(number, _)| {
        let what = "derives Debug for what clients send or get: nothing may be able to print it";
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
    //! Bodies are told from other types, and from the one that may be printed.

    use super::{super::workspace::samples::of_files, *};

    fn complaints(path: &str, line: &str) -> usize {
        check(&of_files(&[(path, &format!("//! Bodies.\n{line}\nstruct A;\n"))])).len()
    }

    #[test]
    fn a_body_that_can_be_printed_is_a_violation() {
        let path = "crates/ignacio-api/src/routes/otp.rs";
        assert_eq!(complaints(path, "#[derive(Debug, Deserialize, ToSchema)]"), 1);
        assert_eq!(complaints(path, "#[derive(Clone, Serialize, Debug)]"), 1);
        assert_eq!(complaints(path, "#[derive(Deserialize, ToSchema)]"), 0);
        assert_eq!(complaints(path, "#[derive(Debug, Clone)]"), 0);
        assert_eq!(complaints(HARMLESS, "#[derive(Debug, Serialize)]"), 0);
        assert_eq!(complaints("crates/ignacio-api/src/etag.rs", "#[derive(Debug, Serialize)]"), 0);
    }
}
