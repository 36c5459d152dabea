//! Which account the server runs as: ours, or one without rights when ours is root.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt as _, chown},
        process::CommandExt as _,
    },
    path::Path,
    process::Command,
};

use crate::DevstackError;

/// Accounts that may own a private cluster, the preferred one first.
const CANDIDATES: [&str; 3] = ["postgres", "_postgres", "nobody"];

/// An unprivileged account of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl Account {
    /// The account to change to: `None` for an ordinary user, whose own account runs it.
    ///
    /// Data that an account owns already stay with that account.
    pub(super) fn for_server(data: Option<&Path>) -> Result<Option<Self>, DevstackError> {
        if !is_root()? {
            return Ok(None);
        }
        let passwd =
            fs::read_to_string("/etc/passwd").map_err(DevstackError::system("read /etc/passwd"))?;
        let owner = data.and_then(|path| fs::metadata(path).ok()).map(|found| found.uid());
        owner
            .and_then(|uid| by_uid(&passwd, uid))
            .or_else(|| CANDIDATES.iter().find_map(|name| by_name(&passwd, name)))
            .map(Some)
            .ok_or(DevstackError::NoAccount)
    }

    /// Makes `command` run as this account.
    pub(super) fn apply(&self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }

    /// Gives `path` to this account.
    pub(super) fn own(&self, path: &Path) -> Result<(), DevstackError> {
        chown(path, Some(self.uid), Some(self.gid))
            .map_err(DevstackError::system(format!("give {} to the server", path.display())))
    }

    /// Whether `path` exists and belongs neither to this account nor to root.
    pub(super) fn is_strange_to(&self, path: &Path) -> bool {
        fs::symlink_metadata(path).is_ok_and(|found| ![0, self.uid].contains(&found.uid()))
    }

    /// Whether this account may walk down to `path`; parts that do not exist yet will be made
    /// so that it may.
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

/// Whether this process acts as root, seen by the owner of what it creates.
pub(super) fn is_root() -> Result<bool, DevstackError> {
    tempfile::tempfile()
        .and_then(|file| file.metadata())
        .map(|found| found.uid() == 0)
        .map_err(DevstackError::system("create a temporary file"))
}

fn by_name(passwd: &str, name: &str) -> Option<Account> {
    passwd.lines().find(|line| line.split(':').next() == Some(name)).and_then(parse)
}

fn by_uid(passwd: &str, uid: u32) -> Option<Account> {
    passwd.lines().filter_map(parse).find(|account| account.uid == uid)
}

/// Reads `name:password:uid:gid:…`; root and ids outside the usual range are no accounts for us.
fn parse(line: &str) -> Option<Account> {
    let mut fields = line.split(':').skip(2);
    let uid = fields.next()?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    (uid != 0).then_some(Account { uid, gid })
}

#[cfg(test)]
mod tests;
