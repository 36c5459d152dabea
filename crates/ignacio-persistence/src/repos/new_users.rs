//! The users that must exist before anyone can log in, with the role that may add them.

use ignacio_domain::ids::UserId;
use ignacio_domain::locale::Locale;
use ignacio_domain::phone::PhoneNumber;
use ignacio_domain::user::{Role, UserName};
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, FromQueryResult,
    TransactionTrait as _, raw_sql,
};
use uuid::Uuid;

use crate::error::StoreError;

/// A user to add.
pub struct NewUser {
    /// The number, which identifies a user.
    pub phone: PhoneNumber,
    /// The user's name.
    pub name: UserName,
    /// What the user may do.
    pub role: Role,
    /// The language for messages to the user.
    pub locale: Locale,
}

/// The outcome of adding a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreateOutcome {
    /// The user is new.
    Created(UserId),
    /// A user with this number existed; nothing was changed.
    Existing(UserId),
}

#[derive(FromQueryResult)]
struct IdRow {
    id: Uuid,
}

pub(crate) async fn add(
    db: &DatabaseConnection,
    new: &NewUser,
) -> Result<CreateOutcome, StoreError> {
    let txn = begin(db).await?;
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
        return Ok(CreateOutcome::Created(UserId::from_uuid(added.id)));
    }
    let read = raw_sql!(Postgres, "select id from users where phone_number = {phone}");
    let found = IdRow::find_by_statement(read).one(&txn).await?;
    txn.rollback().await?;
    let found = found.ok_or(StoreError::corrupt("users", "phone_number"))?;
    Ok(CreateOutcome::Existing(UserId::from_uuid(found.id)))
}

pub(crate) async fn is_active_admin(
    db: &DatabaseConnection,
    id: UserId,
) -> Result<bool, StoreError> {
    let txn = begin(db).await?;
    let id = id.into_uuid();
    let read =
        raw_sql!(Postgres, "select id from users where id = {id} and is_admin and is_active");
    let found = IdRow::find_by_statement(read).one(&txn).await?;
    txn.rollback().await?;
    Ok(found.is_some())
}

async fn begin(db: &DatabaseConnection) -> Result<DatabaseTransaction, StoreError> {
    let txn = db.begin().await?;
    txn.execute_unprepared("set local role ignacio_owner; set local role ignacio_seeder").await?;
    Ok(txn)
}
