//! The command line of `ignacio`.

use clap::{Args, Parser, Subcommand};
use ignacio_domain::{
    locale::Locale,
    phone::{PhoneError, PhoneNumber},
    user::{NameError, UserName},
};
use ignacio_persistence::AuditHead;

/// Ignacio, the chat assistant for the participants of an education programme.
///
/// All settings come from environment variables, which are checked at startup; docs/operations.md
/// lists them. A secret can also be read from a file: append `_FILE` to the name of the variable
/// and set it to the path.
#[derive(Debug, Parser)]
#[command(name = "ignacio", version, after_long_help = AFTER_HELP)]
pub struct Cli {
    /// The subcommand.
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Exit codes:
   0  success, or stopped by SIGTERM or SIGINT
   1  an error, described on standard error
   2  the command line is invalid
  69  something external is unavailable: the database, the object store, a free port
  78  settings are missing or invalid, or migrations are pending; one line per error

First start, with DATABASE_URL, IGNACIO_SECRET and the S3_, OPENAI_ and WHATSAPP_ variables set:
  ignacio migrate up
  ignacio storage ensure
  ignacio admin create --phone '+57 300 111 0001' --name 'Ada Admin'
  ignacio serve --with-worker

Deployment, settings, health checks and metrics: docs/operations.md";

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the API, and with `--with-worker` also run the background jobs in this process.
    ///
    /// Refuses to start (78) while migrations are pending. SIGTERM or SIGINT stops it gracefully:
    /// it accepts no new requests, finishes the running ones and exits with 0. A second signal
    /// stops it immediately.
    Serve(Serve),
    /// Run the background jobs: write replies, send files to OpenAI, send codes, clean up.
    ///
    /// Any number of `work` processes can run alongside any number of `serve` processes.
    Work,
    /// Migrate the database schema, or show its state; without a subcommand the same as `up`.
    Migrate(MigrateOptions),
    /// Manage the admins of the programme.
    #[command(subcommand)]
    Admin(Admin),
    /// Check the audit log.
    #[command(subcommand)]
    Audit(Audit),
    /// Manage the bucket for the participants' files.
    #[command(subcommand)]
    Storage(Storage),
    /// Print the OpenAPI 3.1 document of the REST API as JSON. Needs no settings.
    Openapi,
}

/// Options of `serve`.
#[derive(Debug, Clone, Copy, Args)]
pub struct Serve {
    /// Also run the background jobs in this process, which is all that a small deployment needs.
    #[arg(long)]
    pub with_worker: bool,
}

/// The direction, and the options for `up`.
#[derive(Debug, Clone, Copy, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct MigrateOptions {
    /// The direction.
    #[command(subcommand)]
    pub way: Option<Migrate>,
    /// The default direction is up.
    #[command(flatten)]
    pub up: Up,
}

/// What to do with the schema.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Migrate {
    /// Apply all pending migrations, in order, under a lock; then exit.
    ///
    /// Imports the tables of the old system if the database has them. Rows that cannot be imported
    /// stay in the schema `legacy` and are reported. See docs/operations.md.
    Up(Up),
    /// Roll back migrations, newest first. The data in what they created is lost.
    Down(Down),
    /// List all migrations and whether each is applied.
    Status,
}

/// Options of `migrate up`.
#[derive(Debug, Clone, Copy, Args)]
pub struct Up {
    /// Print what would be done, and change nothing.
    ///
    /// Runs the migrations in a transaction and rolls it back, so it takes the same locks.
    #[arg(long)]
    pub plan: bool,
}

/// How many migrations to roll back.
#[derive(Debug, Clone, Copy, Args)]
#[group(required = true, multiple = false)]
pub struct Down {
    /// Roll back this many.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub steps: Option<u32>,
    /// Roll back all of them.
    #[arg(long)]
    pub all: bool,
}

/// Subcommands of `admin`.
#[derive(Debug, Subcommand)]
pub enum Admin {
    /// Create an admin, who then logs in over WhatsApp like any user.
    ///
    /// Running it again for the same number changes nothing. Use it for the first admin, who can
    /// then create other admins over the API.
    Create(NewAdmin),
}

/// The admin to create.
#[derive(Debug, Clone, Args)]
pub struct NewAdmin {
    /// The WhatsApp number with its country code, for example '+57 300 111 0001'.
    #[arg(long, value_parser = phone)]
    pub phone: PhoneNumber,
    /// The name to show.
    #[arg(long, value_parser = name)]
    pub name: UserName,
    /// The language of messages to this admin.
    #[arg(long, value_name = "es|en", default_value = "es", value_parser = locale)]
    pub locale: Locale,
}

/// Subcommands of `audit`.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Check that no event was changed, removed or inserted; exits with 1 if one was.
    ///
    /// Prints the end of the hash chain as NUMBER:HASH. Store it outside the database: `--since`
    /// later proves that nothing up to there was rewritten, not even by the database owner.
    Verify {
        /// The end of the chain as an earlier run printed it.
        #[arg(long, value_name = "NUMBER:HASH")]
        since: Option<AuditHead>,
    },
}

/// Subcommands of `storage`.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Storage {
    /// Create the bucket if it does not exist.
    Ensure,
}

fn phone(text: &str) -> Result<PhoneNumber, PhoneError> {
    PhoneNumber::parse(text)
}

fn name(text: &str) -> Result<UserName, NameError> {
    UserName::parse(text)
}

fn locale(text: &str) -> Result<Locale, ignacio_domain::locale::UnknownLocale> {
    text.parse()
}

#[cfg(test)]
mod tests {
    //! The command line is consistent.

    use clap::CommandFactory as _;
    use clap::error::ErrorKind;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn down_requires_a_number_of_migrations() {
        assert!(Cli::try_parse_from(["ignacio", "migrate", "down"]).is_err());
        assert!(Cli::try_parse_from(["ignacio", "migrate", "down", "--steps", "0"]).is_err());
        assert!(Cli::try_parse_from(["ignacio", "migrate", "down", "--all"]).is_ok());
        assert!(Cli::try_parse_from(["ignacio", "migrate"]).is_ok());
    }

    #[test]
    fn every_command_line_of_the_operations_guide_is_valid() {
        let guide = include_str!("../../../docs/operations.md");
        let in_sentences = guide.split('`').skip(1).step_by(2);
        let lines: Vec<&str> = in_sentences
            .chain(guide.lines())
            .chain(AFTER_HELP.lines())
            .map(str::trim)
            .filter(|line| line.starts_with("ignacio ") && !line.ends_with("--help"))
            .collect();
        assert!(lines.len() > 10, "only {lines:?}");
        for line in lines {
            let line = line.replace("+57 …", "+57 300 111 0001");
            // Quoted words are one argument.
            let mut words = Vec::new();
            for (n, part) in line.split('\'').enumerate() {
                if n % 2 == 0 { words.extend(part.split_whitespace()) } else { words.push(part) }
            }
            match Cli::try_parse_from(words) {
                // A sentence may name a command without its arguments.
                Err(error) if error.kind() != ErrorKind::MissingRequiredArgument => {
                    panic!("`{line}`: {error}")
                }
                _ => {}
            }
        }
    }

    #[test]
    fn plan_is_an_option_of_up() {
        assert!(Cli::try_parse_from(["ignacio", "migrate", "--plan"]).is_ok());
        assert!(Cli::try_parse_from(["ignacio", "migrate", "up", "--plan"]).is_ok());
        for way in ["status", "down"] {
            assert!(Cli::try_parse_from(["ignacio", "migrate", "--plan", way]).is_err(), "{way}");
        }
    }

    #[test]
    fn an_admin_has_a_real_number_and_a_name() {
        let create = ["ignacio", "admin", "create", "--phone"];
        let with = |rest: [&'static str; 3]| Cli::try_parse_from(create.into_iter().chain(rest));
        assert!(with(["+57 300 111 0001", "--name", "Ada"]).is_ok());
        assert!(with(["123", "--name", "Ada"]).is_err());
        assert!(with(["+57 300 111 0001", "--name", " "]).is_err());
    }
}
