//! The tools' way to the database, for what must be there before anybody can log in.

use ignacio_domain::ids::UserId;
use ignacio_domain::phone::PhoneNumber;
use ignacio_domain::user::{Locale, Role, UserName};
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, FromQueryResult, TransactionTrait as _, raw_sql,
};
use secrecy::SecretString;
use uuid::Uuid;

use crate::error::StoreError;
use crate::pool;

mod audit;

pub use audit::{AuditFault, AuditHead, AuditHeadError, AuditReport};

/// The migrating role's database, used as a role that may add people, or
/// check the audit, and nothing else.
pub struct OwnerDb {
    db: DatabaseConnection,
}

/// A person to add.
pub struct NewUser {
    /// Their number, by which a person is known.
    pub phone: PhoneNumber,
    /// How they are called.
    pub name: UserName,
    /// What they may do.
    pub role: Role,
    /// How they are spoken to.
    pub locale: Locale,
}

/// What became of a person to add.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreateOutcome {
    /// They are new.
    New(UserId),
    /// Somebody with this number was there before; nothing was changed.
    Known(UserId),
}

#[derive(FromQueryResult)]
struct IdRow {
    id: Uuid,
}

impl OwnerDb {
    /// Connects with the migrating role's URL.
    pub async fn connect(url: &SecretString) -> Result<Self, StoreError> {
        Ok(Self { db: pool::open_for_tool(url).await? })
    }

    /// Adds a person unless somebody has the number.
    #[tracing::instrument(name = "db.owner.add_person", skip_all, err(level = "debug"))]
    pub async fn add_person(&self, new: &NewUser) -> Result<CreateOutcome, StoreError> {
        let txn = self.db.begin().await?;
        txn.execute_unprepared("set local role ignacio_owner; set local role ignacio_seeder")
            .await?;
        let id = UserId::new().into_uuid();
        let (phone, name) = (new.phone.expose().to_owned(), new.name.as_str().to_owned());
        let (is_admin, locale) = (new.role == Role::Admin, new.locale.as_str());
        let write = raw_sql!(
            Postgres,
            "insert into users (id, phone_number, name, is_admin, locale)
             values ({id}, {phone}, {name}, {is_admin}, {locale})
             on conflict (phone_number) do nothing returning id"
        );
        if let Some(added) = IdRow::find_by_statement(write).one(&txn).await? {
            txn.commit().await?;
            return Ok(CreateOutcome::New(UserId::from_uuid(added.id)));
        }
        let read = raw_sql!(Postgres, "select id from users where phone_number = {phone}");
        let found = IdRow::find_by_statement(read).one(&txn).await?;
        txn.rollback().await?;
        let found = found.ok_or(StoreError::corrupt("users", "phone_number"))?;
        Ok(CreateOutcome::Known(UserId::from_uuid(found.id)))
    }

    /// Whether this person is an admin who may log in.
    #[tracing::instrument(name = "db.owner.is_active_admin", skip_all, err(level = "debug"))]
    pub async fn is_active_admin(&self, id: UserId) -> Result<bool, StoreError> {
        let txn = self.db.begin().await?;
        txn.execute_unprepared("set local role ignacio_owner; set local role ignacio_seeder")
            .await?;
        let id = id.into_uuid();
        let read =
            raw_sql!(Postgres, "select id from users where id = {id} and is_admin and is_active");
        let found = IdRow::find_by_statement(read).one(&txn).await?;
        txn.rollback().await?;
        Ok(found.is_some())
    }

    /// Checks the whole chain of the audit, as it is at one moment. `noted` is an end that somebody
    /// wrote down earlier; `progress` hears the number of events checked so far.
    #[tracing::instrument(name = "db.owner.verify_audit", skip_all, err(level = "debug"))]
    pub async fn verify_audit(
        &self,
        noted: Option<&AuditHead>,
        progress: impl FnMut(i64),
    ) -> Result<AuditReport, StoreError> {
        let txn = self.db.begin().await?;
        audit::enter(&txn).await?;
        let report = audit::verify(&txn, noted, progress).await?;
        txn.rollback().await?;
        Ok(report)
    }
}
