//! `cargo xtask seed`: users for development.

use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use clap::Args;
use ignacio_domain::{
    locale::Locale,
    phone::PhoneNumber,
    user::{Role, UserName},
};
use ignacio_persistence::{CreateOutcome, NewUser, OwnerDb};
use secrecy::SecretString;

use crate::{deployment::Deployment, environment};

/// The users: phone number, name, role.
const USERS: [(&str, &str, Role); 3] = [
    ("+573001110001", "Ada Admin", Role::Admin),
    ("+573001110002", "Ana Participante", Role::Participant),
    ("+573001110003", "Benito Participante", Role::Participant),
];

/// Create an admin and two participants for development. Running it again changes nothing.
///
/// Uses `DATABASE_URL` if it is set, and otherwise the development database in .dev. `dev` creates
/// the same users.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Creates:
  +573001110001  Ada Admin            (admin)
  +573001110002  Ana Participante
  +573001110003  Benito Participante")]
pub(crate) struct Seed {
    /// The data folder of `dev`.
    #[arg(long, default_value = ".dev")]
    data: PathBuf,
}

impl Seed {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        environment::refuse_production("seed")?;
        let deployment = Deployment::find(&environment::in_root(&self.data)).await?;
        let n_created = seed(deployment.url()).await?;
        for (phone, name, role) in USERS {
            println!("{phone}  {name} ({})", role.as_str());
        }
        println!("{n_created} created, {} existed already", USERS.len() - n_created);
        Ok(())
    }
}

/// Creates the missing users and returns how many there were.
pub(crate) async fn seed(url: &SecretString) -> anyhow::Result<usize> {
    let owner = OwnerDb::connect(url).await.context("the database cannot be reached")?;
    let mut n_created = 0;
    for (phone, name, role) in USERS {
        let user = NewUser {
            phone: PhoneNumber::parse(phone).map_err(|error| anyhow!("{phone}: {error}"))?,
            name: UserName::parse(name).map_err(|error| anyhow!("{name}: {error}"))?,
            role,
            locale: Locale::Es,
        };
        let outcome = owner.add_user(&user).await.with_context(|| {
            format!(
                "{name} could not be created; check with `cargo xtask migrate status` that no migrations are pending"
            )
        })?;
        n_created += usize::from(matches!(outcome, CreateOutcome::Created(_)));
    }
    Ok(n_created)
}
