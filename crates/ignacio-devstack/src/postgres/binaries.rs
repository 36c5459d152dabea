//! Finds the server programs of this machine.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::archive;
use crate::DevstackError;

/// The programs without which a folder is of no use.
const NEEDED: [&str; 3] = ["initdb", "pg_ctl", "postgres"];

/// The oldest major version that the service works with.
const OLDEST: u32 = 15;

/// Folders with one sub-folder per version, and the part of its name before the version.
const VERSIONED: [(&str, &str); 4] = [
    ("/usr/lib/postgresql", ""),
    ("/opt/homebrew/opt", "postgresql@"),
    ("/usr/local/opt", "postgresql@"),
    ("/Applications/Postgres.app/Contents/Versions", ""),
];

/// A folder with the server programs of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    folder: PathBuf,
    major: u32,
}

impl Binaries {
    /// The first usable set; where data exist already, the first of the major version that made
    /// them.
    pub(super) fn find(made_by: Option<&str>) -> Result<Option<Self>, DevstackError> {
        let fits = |found: &Self| made_by.is_none_or(|major| major == found.major.to_string());
        let local = candidates().iter().filter_map(|folder| Self::in_folder(folder)).find(fits);
        if local.is_some() {
            return Ok(local);
        }
        archive::fetch(made_by)
            .map(|folder| folder.as_deref().and_then(Self::in_folder).filter(fits))
    }

    /// Any usable set, or the error that says how to get one.
    pub(super) fn require() -> Result<Self, DevstackError> {
        Self::find(None)?.ok_or_else(|| DevstackError::no_server(String::new()))
    }

    /// The full path of one of the programs.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The set in `folder`, if it is complete and new enough.
    fn in_folder(folder: &Path) -> Option<Self> {
        // The folder that a link points to holds the rest of the installation, too.
        let folder = fs::canonicalize(folder.join("initdb")).ok()?.parent()?.to_owned();
        if !NEEDED.iter().all(|name| folder.join(name).is_file()) {
            return None;
        }
        let answer = Command::new(folder.join("postgres")).arg("--version").output().ok()?;
        let major = parse_major(&String::from_utf8_lossy(&answer.stdout))?;
        (major >= OLDEST).then_some(Self { folder, major })
    }
}

/// Every folder that may have them, those of the user's `PATH` first.
fn candidates() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = env::split_paths(&path).collect();
    for (parent, prefix) in VERSIONED {
        folders.extend(newest_first(Path::new(parent), prefix).iter().map(|it| it.join("bin")));
    }
    folders
}

/// The sub-folders `<prefix><version>`, the highest version first.
fn newest_first(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            Some((name.strip_prefix(prefix)?.parse().ok()?, entry.path()))
        })
        .collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, path)| path).collect()
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian …)`.
fn parse_major(answer: &str) -> Option<u32> {
    let version = answer.split_once("(PostgreSQL)")?.1.split_whitespace().next()?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests;
