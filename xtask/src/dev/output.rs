//! The output of `dev`.

use std::{io::Write as _, path::Path, time::Duration};

use super::dependencies::Dependencies;
use crate::{deployment::DevFile, environment::shown};

/// Prints a line. A closed standard output is not an error.
pub(super) fn say(line: &str) {
    let _unread = writeln!(std::io::stdout(), "{line}");
}

/// Prints the addresses of everything.
pub(super) fn table(file: &DevFile, dependencies: &Dependencies, n_created: usize, data: &Path) {
    let outbox = if dependencies.has_stand_in("whatsapp") {
        format!("; codes: curl '{}/outbox?to=%2B573001110002'", file.whatsapp)
    } else {
        String::new()
    };
    let kind = |name: &str| if dependencies.has_stand_in(name) { "stand-in" } else { "real" };
    let rows = [
        ("API", format!("{} (description at /docs)", file.api)),
        ("Metrics", file.metrics.clone()),
        ("Postgres", format!("{}: {}", kind("postgres"), without_password(&file.database.owner))),
        ("S3", format!("{}: {}, bucket {}", kind("s3"), file.s3.endpoint, file.s3.bucket)),
        ("OpenAI", format!("{}: {}", kind("openai"), file.openai)),
        ("WhatsApp", format!("{}: {}{outbox}", kind("whatsapp"), file.whatsapp)),
        (
            "Users",
            format!("+573001110001 (admin), +573001110002, +573001110003; {n_created} created"),
        ),
        ("Log", shown(&file.log)),
        ("For tools", shown(&DevFile::path(data))),
    ];
    say("");
    for (name, what) in rows {
        say(&format!("  {name:<10}{what}"));
    }
}

/// Prints how long the start took. The build and the dependencies start concurrently.
pub(super) fn times(whole: Duration, building: Duration) {
    let (whole, building) = (whole.as_secs_f64(), building.as_secs_f64());
    say(&format!(
        "\n  started in {whole:.1} s, the build took {building:.1} s; Ctrl-C stops everything\n"
    ));
}

/// A database URL without the password.
fn without_password(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    let place = place.split('?').next().unwrap_or_default();
    format!("{scheme}://{place}")
}

#[cfg(test)]
mod tests {
    //! Passwords are not printed.

    use super::without_password;

    #[test]
    fn a_database_is_shown_without_its_password() {
        let url = "postgres://ada:hunter2@127.0.0.1:5432/ignacio?sslmode=disable";
        assert_eq!(without_password(url), "postgres://127.0.0.1:5432/ignacio");
    }
}
