//! The user of this machine that the server runs as: ours, or one without rights if ours is root.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt as _, chown},
        process::CommandExt as _,
    },
    path::Path,
    process::Command,
};

use nix::unistd::{Uid, User};

use crate::DevstackError;

/// Users that may own a private cluster, the preferred one first.
const CANDIDATES: [&str; 3] = ["postgres", "_postgres", "nobody"];

/// An unprivileged user of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OsUser {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl OsUser {
    /// The user to change to: `None` unless this process runs as root. The owner of existing data
    /// keeps them.
    pub(super) fn for_server(data: Option<&Path>) -> Result<Option<Self>, DevstackError> {
        if !is_root() {
            return Ok(None);
        }
        let owner = data.and_then(|path| fs::metadata(path).ok()).map(|found| found.uid());
        let owner = owner.and_then(|uid| User::from_uid(Uid::from_raw(uid)).ok()?);
        let candidates = CANDIDATES.iter().filter_map(|name| User::from_name(name).ok()?);
        owner
            .into_iter()
            .chain(candidates)
            .find(|user| !user.uid.is_root())
            .map(|user| Some(Self { uid: user.uid.as_raw(), gid: user.gid.as_raw() }))
            .ok_or(DevstackError::NoOsUser)
    }

    /// Makes `command` run as this user.
    pub(super) fn apply(&self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }

    /// Gives `path` to this user.
    pub(super) fn own(&self, path: &Path) -> Result<(), DevstackError> {
        chown(path, Some(self.uid), Some(self.gid))
            .map_err(DevstackError::system(format!("give {} to the server", path.display())))
    }

    /// Whether `path` exists and belongs neither to this user nor to root.
    pub(super) fn is_foreign(&self, path: &Path) -> bool {
        fs::symlink_metadata(path).is_ok_and(|found| ![0, self.uid].contains(&found.uid()))
    }

    /// Whether this user can enter every existing folder above `path`.
    pub(super) fn reaches(&self, path: &Path) -> bool {
        path.ancestors().skip(1).filter_map(|folder| fs::metadata(folder).ok()).all(|folder| {
            let bit = if folder.uid() == self.uid {
                0o100
            } else if folder.gid() == self.gid {
                0o010
            } else {
                0o001
            };
            folder.mode() & bit != 0
        })
    }
}

/// Whether this process acts as root.
pub(super) fn is_root() -> bool {
    Uid::effective().is_root()
}

#[cfg(test)]
mod tests;
