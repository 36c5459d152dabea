//! Makes a new cluster, which takes its place only when it is complete.

use std::{ffi::OsString, fs, time::Duration};

use super::{
    SUPERUSER,
    binaries::Binaries,
    home::Home,
    supervisor::{Ending, Leashed, Supervisor, last_words},
};
use crate::{DevstackError, loopback};

/// Longer than the slowest machine takes.
const LIMIT: Duration = Duration::from_mins(2);

/// The locale that sorts like the service expects, and the one that exists everywhere.
const LOCALES: [&str; 2] = ["C.UTF-8", "C"];

/// Makes the cluster of `home` unless it is there already.
pub(super) fn ensure(home: &Home, binaries: &Binaries) -> Result<(), DevstackError> {
    if home.made_by().is_some() {
        return Ok(());
    }
    if home.pgdata().exists() {
        return Err(home.damaged("its version file is missing"));
    }
    home.write_password(&loopback::secret())?;
    let mut failure = None;
    for locale in LOCALES {
        match run(home, binaries, locale) {
            Ok(()) => {
                return fs::rename(home.unfinished(), home.pgdata())
                    .map_err(DevstackError::system("put the new cluster in its place"));
            }
            Err(error) => failure = Some(error),
        }
    }
    failure.map_or(Ok(()), Err)
}

fn run(home: &Home, binaries: &Binaries, locale: &str) -> Result<(), DevstackError> {
    let target = home.unfinished();
    if target.exists() {
        fs::remove_dir_all(&target).map_err(DevstackError::system("remove a half-made cluster"))?;
    }
    let option = |name: &str, value: OsString| {
        let mut option = OsString::from(format!("--{name}="));
        option.push(value);
        option
    };
    let arguments = vec![
        option("pgdata", target.clone().into()),
        option("username", SUPERUSER.into()),
        option("pwfile", home.password_file().into()),
        option("auth", "scram-sha-256".into()),
        option("encoding", "UTF8".into()),
        option("locale", locale.into()),
        "--no-sync".into(),
    ];
    let leashed = Leashed {
        program: binaries.program("initdb"),
        arguments,
        variables: Vec::new(),
        ending: Ending::Fast,
        doomed: Some(if home.temporary { home.root.clone() } else { target }),
    };
    let status = Supervisor::start(home, leashed)?.finish(LIMIT)?;
    if status.success() {
        return Ok(());
    }
    Err(DevstackError::NotStarted {
        program: "initdb",
        detail: last_words(&home.log()),
        log: home.log(),
    })
}
