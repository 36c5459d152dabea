//! PostgreSQL's command line tools.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::bail;

use crate::programs;

/// The schema of a database from `pg_dump`, without what changes from run to run.
pub(crate) fn dump_schema(url: &str) -> anyhow::Result<String> {
    let mut dump = Command::new(find("pg_dump")?);
    dump.args(["--schema-only", "--dbname"]).arg(url);
    Ok(normalise(&programs::output(&mut dump)?))
}

/// Removes comments, settings and versions, and collapses empty lines.
fn normalise(dump: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in dump.lines().map(str::trim_end) {
        let is_noise = line.starts_with("--")
            || line.starts_with("SET ")
            || line.starts_with("SELECT pg_catalog.set_config(")
            || line.starts_with("\\restrict")
            || line.starts_with("\\unrestrict");
        let is_repeated_gap = line.is_empty() && lines.last().is_none_or(|last| last.is_empty());
        if !is_noise && !is_repeated_gap {
            lines.push(line);
        }
    }
    lines.join("\n").trim_end().to_owned() + "\n"
}

/// The path of a PostgreSQL program.
pub(crate) fn find(name: &str) -> anyhow::Result<PathBuf> {
    let mut folders: Vec<PathBuf> = Vec::new();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        folders.push(String::from_utf8_lossy(&output.stdout).trim().into());
    }
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    for parent in ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"] {
        let mut versions: Vec<PathBuf> = folders_in(Path::new(parent));
        versions.sort();
        folders.extend(versions.into_iter().rev().map(|version| version.join("bin")));
    }
    let found = folders.into_iter().map(|folder| folder.join(name)).find(|path| path.is_file());
    match found {
        Some(path) => Ok(path),
        None => bail!(
            "{name} is not installed: it comes with PostgreSQL's client programs (`sudo apt-get install postgresql-client`, `brew install postgresql@17`)"
        ),
    }
}

fn folders_in(parent: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().filter_map(Result::ok);
    entries.map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    //! Two dumps of one schema are equal.

    use super::normalise;

    #[test]
    fn what_changes_from_run_to_run_is_removed() {
        let dump = "--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n\nSET lock_timeout = 0;\n\
                    SELECT pg_catalog.set_config('search_path', '', false);\n\n\n\
                    CREATE TABLE a (\n    id uuid\n);\n\n\n--\n-- Name: b\n--\n\nCREATE TABLE b ();\n\n\
                    \\unrestrict abc\n\n";
        assert_eq!(normalise(dump), "CREATE TABLE a (\n    id uuid\n);\n\nCREATE TABLE b ();\n");
    }
}
