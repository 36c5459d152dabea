//! What can be typed after `ignacio`.

use clap::{Args, Parser, Subcommand};
use ignacio_domain::{
    phone::{PhoneError, PhoneNumber},
    user::{Locale, NameError, UserName},
};
use ignacio_persistence::AuditHead;

/// Ignacio, the chat assistant for the participants of an education programme.
///
/// Everything it needs to know stands in environment variables, which are checked at the start;
/// docs/operations.md has the table of them. Each secret may also be given as the name of a file
/// that holds it, with `_FILE` behind the variable's name.
#[derive(Debug, Parser)]
#[command(name = "ignacio", version, after_long_help = AFTER_HELP)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Exit codes:
   0  done, or stopped by SIGTERM or SIGINT
   1  something went wrong; standard error says what
   2  the command line is wrong
  69  something outside is not there: the database, the object store, a free port
  78  the settings are missing or wrong, or migrations are pending; one line per fault

A first start, with DATABASE_URL, IGNACIO_SECRET and the S3_, OPENAI_ and WHATSAPP_ variables set:
  ignacio migrate up
  ignacio storage ensure
  ignacio admin create --phone '+57 300 111 0001' --name 'Ada Admin'
  ignacio serve --with-worker

How to run it, every variable, health and metrics: docs/operations.md";

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Answer requests, and with `--with-worker` do the background work in the same process.
    ///
    /// Refuses to start (78) while migrations are pending. SIGTERM or SIGINT stops it: no new
    /// requests, running ones end, then it exits with 0. A second signal stops it at once.
    Serve(Serve),
    /// Do the background work: write replies, bring files to OpenAI, send codes, clean up.
    ///
    /// Any number of them may run next to any number of `serve`.
    Work,
    /// Bring the database's schema up to date, or look at it; without a word the same as `up`.
    Migrate(MigrateOptions),
    /// Look after the people who look after the programme.
    #[command(subcommand)]
    Admin(Admin),
    /// Look after the record of what was done by whom.
    #[command(subcommand)]
    Audit(Audit),
    /// Look after the bucket that holds the participants' files.
    #[command(subcommand)]
    Storage(Storage),
    /// Print the description of the REST API (OpenAPI 3.1, JSON). Needs no settings.
    Openapi,
}

/// How to serve.
#[derive(Debug, Clone, Copy, Args)]
pub struct Serve {
    /// Do the background work in this process too: all that a small deployment needs.
    #[arg(long)]
    pub with_worker: bool,
}

/// Which way, and whether really.
#[derive(Debug, Clone, Copy, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct MigrateOptions {
    /// Which way.
    #[command(subcommand)]
    pub way: Option<Migrate>,
    /// Without a word it goes up.
    #[command(flatten)]
    pub up: Up,
}

/// What to do with the schema.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Migrate {
    /// Apply every pending migration, in order, under a lock; then exit.
    ///
    /// Where somebody ran the old system's SQL by hand, its tables are taken over: what cannot be
    /// kept stays in the schema `legacy` and is reported. docs/operations.md says how.
    Up(Up),
    /// Take migrations back, the newest first. What they hold is lost.
    Down(Down),
    /// List every migration with whether it is applied.
    Status,
}

/// Whether to go up at all.
#[derive(Debug, Clone, Copy, Args)]
pub struct Up {
    /// Print what would be done, and change nothing.
    ///
    /// It does the same in a transaction that is undone, and so holds the same locks meanwhile.
    #[arg(long)]
    pub plan: bool,
}

/// How far down.
#[derive(Debug, Clone, Copy, Args)]
#[group(required = true, multiple = false)]
pub struct Down {
    /// Take back this many.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub steps: Option<u32>,
    /// Take back all of them.
    #[arg(long)]
    pub all: bool,
}

/// What to do about admins.
#[derive(Debug, Subcommand)]
pub enum Admin {
    /// Make the account of an admin, who then logs in by WhatsApp like everybody.
    ///
    /// Doing it again for the same number changes nothing. It needs nobody who is logged in: this
    /// is how the first admin comes in. Later ones are made by admins, over the API.
    Create(NewAdmin),
}

/// Who becomes an admin.
#[derive(Debug, Clone, Args)]
pub struct NewAdmin {
    /// The WhatsApp number, with its country code: '+57 300 111 0001'.
    #[arg(long, value_parser = phone)]
    pub phone: PhoneNumber,
    /// The name as colleagues know it.
    #[arg(long, value_parser = name)]
    pub name: UserName,
    /// The language to speak to them in.
    #[arg(long, value_name = "es|en", default_value = "es", value_parser = locale)]
    pub locale: Locale,
}

/// What to do with the audit.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Check that no event was changed, removed or put in between; exits with 1 where one was.
    ///
    /// Prints the end of the chain as NUMBER:HASH. Note it elsewhere: with `--since` it shows later
    /// that nothing up to there was rewritten, not even by somebody who owns the database.
    Verify {
        /// An end of the chain that was printed earlier.
        #[arg(long, value_name = "NUMBER:HASH")]
        since: Option<AuditHead>,
    },
}

/// What to do with the bucket.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Storage {
    /// Make the bucket unless it is there.
    Ensure,
}

fn phone(text: &str) -> Result<PhoneNumber, PhoneError> {
    PhoneNumber::parse(text)
}

fn name(text: &str) -> Result<UserName, NameError> {
    UserName::parse(text)
}

fn locale(text: &str) -> Result<Locale, ignacio_domain::user::UnknownLocale> {
    text.parse()
}

#[cfg(test)]
mod tests {
    //! The command line holds together.

    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn down_needs_to_be_told_how_far() {
        assert!(Cli::try_parse_from(["ignacio", "migrate", "down"]).is_err());
        assert!(Cli::try_parse_from(["ignacio", "migrate", "down", "--steps", "0"]).is_err());
        assert!(Cli::try_parse_from(["ignacio", "migrate", "down", "--all"]).is_ok());
        assert!(Cli::try_parse_from(["ignacio", "migrate"]).is_ok());
    }

    #[test]
    fn a_plan_is_for_the_way_up() {
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
