//! The folder of one cluster: its place, its owner, and the lock on it.

use std::{
    env,
    fs::{self, File, Permissions, TryLockError},
    io,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use sha2::{Digest as _, Sha256};

use super::{binaries::Binaries, os_user::OsUser};
use crate::{DevstackError, loopback};

/// The name of the lock file, which also marks the folder as one of ours.
const LOCK: &str = "devstack.lock";

/// A holder that is just ending gets this long to release it.
const LOCK_ATTEMPTS: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// The longest path of a socket that both Linux (107) and macOS (103) take.
const LONGEST_SOCKET: usize = 103;

/// A folder that holds one cluster: `pgdata`, the superuser's password and the server's log.
#[derive(Debug)]
pub(super) struct DataDir {
    /// As the caller named it, for messages.
    pub(super) requested: PathBuf,
    /// Where the cluster really is.
    pub(super) root: PathBuf,
    /// The user that the server runs as, unless it is ours.
    pub(super) user: Option<OsUser>,
    /// Whether the folder is removed with the cluster.
    pub(super) temporary: bool,
    lock: File,
}

impl DataDir {
    /// Takes the folder `data`, or a new temporary one.
    pub(super) fn open(data: Option<&Path>) -> Result<Self, DevstackError> {
        let (requested, root, user) = if let Some(data) = data {
            Self::lasting(data)?
        } else {
            let user = OsUser::for_server(None)?;
            let folder = tempfile::Builder::new()
                .prefix("ignacio-pg-")
                .tempdir_in(temporary_parent(user.as_ref()))
                .map_err(DevstackError::system("make a temporary folder"))?
                .keep();
            (folder.clone(), folder, user)
        };
        let lock = lock(&requested, &root)?;
        fs::set_permissions(&root, Permissions::from_mode(0o700))
            .map_err(DevstackError::system(format!("close {} to others", root.display())))?;
        if let Some(user) = &user {
            user.own(&root)?;
        }
        Ok(Self { requested, root, user, temporary: data.is_none(), lock })
    }

    fn lasting(data: &Path) -> Result<(PathBuf, PathBuf, Option<OsUser>), DevstackError> {
        let requested = std::path::absolute(data)
            .map_err(DevstackError::system(format!("resolve {}", data.display())))?;
        let (root, user) = resolve(&requested)?;
        if holds_something_else(&root) {
            return Err(DevstackError::NotOurs { data: requested });
        }
        make_enterable(&root).map_err(DevstackError::system(format!("make {}", root.display())))?;
        Ok((requested, root, user))
    }

    /// Where the server keeps its files.
    pub(super) fn pgdata(&self) -> PathBuf {
        self.root.join("pgdata")
    }

    /// Where a cluster is made, before it takes its place in one step.
    pub(super) fn unfinished(&self) -> PathBuf {
        self.root.join("pgdata.new")
    }

    /// The output of the programs.
    pub(super) fn log(&self) -> PathBuf {
        self.root.join("postgres.log")
    }

    /// The folder for the unix socket, unless its path would be too long or need escaping.
    pub(super) fn socket_folder(&self) -> Option<&Path> {
        let root = self.root.as_os_str().as_encoded_bytes();
        let fits = root.len() + "/.s.PGSQL.65535".len() <= LONGEST_SOCKET;
        (fits && !root.contains(&b'"')).then_some(self.root.as_path())
    }

    /// The major version that made the data, if there are any.
    pub(super) fn made_by(&self) -> Option<String> {
        let version = fs::read_to_string(self.pgdata().join("PG_VERSION")).ok()?;
        Some(version.trim().to_owned())
    }

    /// The programs of the version that made the data, or any where there are none.
    pub(super) fn binaries(&self) -> Result<Binaries, DevstackError> {
        let Some(wanted) = self.made_by() else { return Binaries::require() };
        let data = self.requested.clone();
        Binaries::find(Some(&wanted))?.ok_or(DevstackError::OtherMajor { data, wanted })
    }

    /// The file with the superuser's password.
    pub(super) fn password_file(&self) -> PathBuf {
        self.root.join("superuser-password")
    }

    /// The password that the cluster was made with.
    pub(super) fn read_password(&self) -> Result<String, DevstackError> {
        let password = loopback::read_secret(&self.password_file());
        password.ok_or_else(|| self.damaged("the file with the superuser's password is missing"))
    }

    /// Keeps a password where only the server's user can read it.
    pub(super) fn write_password(&self, password: &str) -> Result<(), DevstackError> {
        let path = self.password_file();
        loopback::write_secret(&path, password)?;
        self.user.as_ref().map_or(Ok(()), |user| user.own(&path))
    }

    /// The error for data that cannot be used, in the caller's terms.
    pub(super) fn damaged(&self, detail: &str) -> DevstackError {
        DevstackError::Damaged { data: self.requested.clone(), detail: detail.to_owned() }
    }

    /// The error for a program that ended early or never became ready.
    pub(super) fn not_started(&self, program: &'static str, detail: String) -> DevstackError {
        DevstackError::NotStarted { program, detail, log: self.log() }
    }

    /// Removes everything in the folder and the folder itself.
    pub(super) fn remove(&self) -> Result<(), DevstackError> {
        fs::remove_dir_all(&self.root)
            .map_err(DevstackError::system(format!("remove {}", self.root.display())))
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        // Closing is not enough: a process that is just being forked elsewhere holds a copy.
        if let Err(error) = self.lock.unlock() {
            tracing::debug!(%error, "a devstack folder stays locked until the process ends");
        }
        // The supervisor removes it as well, but not where no server came to hold it.
        if self.temporary {
            let _already_gone = fs::remove_dir_all(&self.root);
        }
    }
}

/// Where the data of a folder are, and which user owns them.
///
/// A server that runs as another user cannot enter, say, root's home. Its data are then in a folder
/// under /var/tmp whose name is derived from the requested path, so that the next start finds them.
pub(super) fn resolve(requested: &Path) -> Result<(PathBuf, Option<OsUser>), DevstackError> {
    let owner = OsUser::for_server(Some(requested))?;
    if owner.as_ref().is_none_or(|user| user.reaches(requested)) {
        return Ok((requested.to_owned(), owner));
    }
    let user = OsUser::for_server(None)?;
    let digest = hex::encode(Sha256::digest(requested.as_os_str().as_encoded_bytes()));
    let mark = digest.get(..16).unwrap_or_default();
    let elsewhere = PathBuf::from(format!("/var/tmp/ignacio-devstack-{mark}"));
    // Every user can create a folder there, and the server must not adopt a foreign one.
    if user.as_ref().is_some_and(|user| user.is_foreign(&elsewhere)) {
        return Err(DevstackError::NotOurs { data: elsewhere });
    }
    Ok((elsewhere, user))
}

/// The system's folder for temporary files, or one that the server's user can enter.
fn temporary_parent(user: Option<&OsUser>) -> PathBuf {
    let reachable =
        |parent: &PathBuf| user.is_none_or(|user| user.reaches(&parent.join("a new folder")));
    [env::temp_dir(), PathBuf::from("/tmp")]
        .into_iter()
        .find(reachable)
        .unwrap_or_else(|| PathBuf::from("/var/tmp"))
}

/// Makes a folder and what is missing above it, so that the server's user can enter it, whatever the
/// umask.
fn make_enterable(root: &Path) -> io::Result<()> {
    let missing: Vec<_> = root.ancestors().take_while(|folder| !folder.exists()).collect();
    fs::create_dir_all(root)?;
    missing.iter().try_for_each(|made| fs::set_permissions(made, Permissions::from_mode(0o755)))
}

/// Whether a folder exists, is not empty and was not made by the devstack.
fn holds_something_else(root: &Path) -> bool {
    let Ok(mut entries) = fs::read_dir(root) else { return root.exists() };
    entries.next().is_some() && !root.join(LOCK).exists()
}

/// Locks the folder for as long as this process lives; the kernel releases it.
fn lock(requested: &Path, root: &Path) -> Result<File, DevstackError> {
    let path = root.join(LOCK);
    let doing = format!("lock {}", path.display());
    let file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(DevstackError::system(doing.clone()))?;
    for _ in 0..LOCK_ATTEMPTS {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(source)) => {
                return Err(DevstackError::System { doing, source });
            }
        }
    }
    Err(DevstackError::InUse { data: requested.to_owned() })
}

#[cfg(test)]
mod tests;
