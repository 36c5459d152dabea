//! `cargo xtask seed`: people to develop with.

use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use clap::Args;
use ignacio_domain::{
    phone::PhoneNumber,
    user::{Locale, Role, UserName},
};
use ignacio_persistence::{CreateOutcome, NewUser, OwnerDb};
use secrecy::SecretString;

use crate::{deployment::Deployment, environment};

/// The people: number, name, role.
const PEOPLE: [(&str, &str, Role); 3] = [
    ("+573001110001", "Ada Admin", Role::Admin),
    ("+573001110002", "Ana Participante", Role::Participant),
    ("+573001110003", "Benito Participante", Role::Participant),
];

/// Make an admin and two participants to develop with. Doing it again changes nothing.
///
/// Works on `DATABASE_URL`, or else on the development database under .dev. `dev` does it too.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Makes:
  +573001110001  Ada Admin            (admin)
  +573001110002  Ana Participante
  +573001110003  Benito Participante")]
pub(crate) struct Seed {
    /// Where `dev` keeps its data.
    #[arg(long, default_value = ".dev")]
    data: PathBuf,
}

impl Seed {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        environment::refuse_production("seed")?;
        let deployment = Deployment::find(&environment::in_root(&self.data)).await?;
        let n_new = seed(deployment.url()).await?;
        for (phone, name, role) in PEOPLE {
            println!("{phone}  {name} ({})", role.as_str());
        }
        println!("{n_new} new, {} known", PEOPLE.len() - n_new);
        Ok(())
    }
}

/// Makes whoever is missing, and says how many that were.
pub(crate) async fn seed(url: &SecretString) -> anyhow::Result<usize> {
    let owner =
        OwnerDb::connect(url).await.context("the database cannot be reached for seeding")?;
    let mut n_new = 0;
    for (phone, name, role) in PEOPLE {
        let person = NewUser {
            phone: PhoneNumber::parse(phone).map_err(|error| anyhow!("{phone}: {error}"))?,
            name: UserName::parse(name).map_err(|error| anyhow!("{name}: {error}"))?,
            role,
            locale: Locale::Es,
        };
        let added = owner.add_user(&person).await.with_context(|| {
            format!(
                "{name} could not be added; are migrations pending? `cargo xtask migrate status`"
            )
        })?;
        n_new += usize::from(matches!(added, CreateOutcome::New(_)));
    }
    Ok(n_new)
}
