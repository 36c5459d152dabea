//! Every source file belongs to a module: the compiler ignores a file that no `mod` names.

use super::{
    Violation,
    workspace::{File, Workspace},
};

/// The names of files that are crate roots.
const ROOTS: [&str; 2] = ["lib.rs", "main.rs"];

pub(super) fn check(workspace: &Workspace) -> Vec<Violation> {
    let files = workspace.files.iter().filter(|file| file.is_rust());
    files
        .filter(|file| !is_root(file) && !is_declared(workspace, file))
        .map(|file| Violation::new(&file.path, "is named by no `mod`: declare it or delete it"))
        .collect()
}

fn is_root(file: &File) -> bool {
    ROOTS.iter().any(|root| file.path.ends_with(&format!("/{root}")))
}

fn is_declared(workspace: &Workspace, file: &File) -> bool {
    let Some((folder, name)) = file.path.rsplit_once('/') else { return false };
    let declaration = format!("mod {};", name.trim_end_matches(".rs"));
    let roots = ROOTS.iter().map(|root| format!("{folder}/{root}"));
    let mut parents = roots.chain([format!("{folder}.rs")]);
    parents.any(|parent| {
        let text = workspace.text(&parent).unwrap_or_default();
        text.lines().any(|line| line.trim_end().ends_with(&declaration))
    })
}

#[cfg(test)]
mod tests {
    //! A file without a module is found, whatever is next to it.

    use super::{super::workspace::samples::of_files, *};

    #[test]
    fn a_file_that_no_module_names_is_found() {
        let files = [
            ("crates/a/src/lib.rs", "pub mod kept;"),
            ("crates/a/src/kept.rs", "mod child;"),
            ("crates/a/src/kept/child.rs", ""),
            ("crates/a/src/kept/left.rs", ""),
            ("crates/a/src/child.rs", ""),
        ];
        let found = check(&of_files(&files));
        let places: Vec<&str> = found.iter().map(|it| it.place.as_str()).collect();
        assert_eq!(places, ["crates/a/src/kept/left.rs", "crates/a/src/child.rs"]);
    }
}
