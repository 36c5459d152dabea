//! `cargo xtask admin`: the people who look after the programme.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use ignacio_domain::{
    person::{Locale, PersonName, Role},
    phone::PhoneNumber,
};
use ignacio_persistence::{Added, NewPerson, OwnerDb};

use crate::{deployment::Deployment, environment};

/// Make the first admin, who can then make everybody else over the API.
///
/// Works on `DATABASE_URL`, or else on the development database under .dev. In production the
/// program itself does the same: `ignacio admin create`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  cargo xtask admin create --phone '+57 300 111 0009' --name 'Eva Equipo'")]
pub(crate) struct Admin {
    #[command(subcommand)]
    what: What,
    /// Where `dev` keeps its data.
    #[arg(long, global = true, default_value = ".dev")]
    data: PathBuf,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make the account of an admin. Doing it again for the same number changes nothing.
    Create {
        /// The WhatsApp number, with its country code.
        #[arg(long, value_parser = PhoneNumber::parse)]
        phone: PhoneNumber,
        /// The name as colleagues know it.
        #[arg(long, value_parser = PersonName::parse)]
        name: PersonName,
    },
}

impl Admin {
    pub(crate) async fn run(self) -> anyhow::Result<()> {
        let What::Create { phone, name } = self.what;
        let deployment = Deployment::find(&environment::in_root(&self.data)).await?;
        let owner = OwnerDb::connect(deployment.url()).await?;
        let shown = phone.clone();
        let person = NewPerson { phone, name, role: Role::Admin, locale: Locale::Es };
        let added = owner.add_person(&person).await.context("the admin could not be created")?;
        match added {
            Added::New(id) => println!("created admin {shown}, id {id}"),
            Added::Known(id) if owner.is_active_admin(id).await? => {
                println!("{shown} is an admin already, id {id}; nothing changed");
            }
            Added::Known(id) => {
                bail!("{shown} belongs to somebody who is no active admin (id {id})");
            }
        }
        Ok(())
    }
}
