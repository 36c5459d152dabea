//! The current user.

use ignacio_domain::user::{ProfileChange, User};
use sea_orm::{DatabaseTransaction, FromQueryResult as _, raw_sql};

use crate::error::StoreError;
use crate::rows::UserRow;

/// The one user that the scope can see.
pub struct Users<'s> {
    txn: &'s DatabaseTransaction,
}

impl<'s> Users<'s> {
    pub(crate) const fn new(txn: &'s DatabaseTransaction) -> Self {
        Self { txn }
    }

    /// The user.
    #[tracing::instrument(name = "db.users.find", skip_all, err(level = "debug"))]
    pub async fn find(&self) -> Result<Option<User>, StoreError> {
        let read = raw_sql!(
            Postgres,
            "select id, phone_number, name, is_admin, locale, web_search, created_at, updated_at
               from users"
        );
        let row = UserRow::find_by_statement(read).one(self.txn).await?;
        row.map(User::try_from).transpose()
    }

    /// Changes what users may change about themselves.
    #[tracing::instrument(name = "db.users.update", skip_all, err(level = "debug"))]
    pub async fn update(&self, change: &ProfileChange) -> Result<Option<User>, StoreError> {
        let name = change.name.as_ref().map(|it| it.as_str().to_owned());
        let locale = change.locale.map(|it| it.as_str().to_owned());
        let web_search = change.web_search;
        let write = raw_sql!(
            Postgres,
            "update users
                set name = coalesce({name}, name), locale = coalesce({locale}, locale),
                    web_search = coalesce({web_search}, web_search)
              where id = app.current_user_id()
             returning id, phone_number, name, is_admin, locale, web_search, created_at,
                       updated_at"
        );
        let row = UserRow::find_by_statement(write).one(self.txn).await?;
        row.map(User::try_from).transpose()
    }
}
