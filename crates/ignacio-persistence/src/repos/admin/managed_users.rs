//! Everybody's accounts, for the staff.

use ignacio_domain::audit::AuditAction;
use ignacio_domain::erasure::Erasure;
use ignacio_domain::ids::{ErasureId, UserId};
use ignacio_domain::managed_user::{ManagedUser, UserChange, UserFilter};
use ignacio_domain::page::{Page, PageSize, Position};
use ignacio_domain::phone::PhoneNumber;
use ignacio_domain::user::Role;
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, FromQueryResult, raw_sql};
use time::OffsetDateTime;
use uuid::Uuid;

use super::audit_read;
use crate::error::StoreError;
use crate::repos::new_users::NewUser;
use crate::repos::paging::FIRST_PAGE;
use crate::rows;

/// Accounts of all people but the temporary user of the log.
pub struct ManagedUsers<'s> {
    txn: &'s DatabaseTransaction,
    admin: UserId,
}

#[derive(FromQueryResult)]
pub(super) struct AccountRow {
    id: Uuid,
    phone_number: String,
    name: String,
    is_admin: bool,
    is_active: bool,
    locale: String,
    unreachable_at: Option<OffsetDateTime>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl TryFrom<AccountRow> for ManagedUser {
    type Error = StoreError;

    fn try_from(row: AccountRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: UserId::from_uuid(row.id),
            phone: PhoneNumber::parse(&row.phone_number).ok(),
            name: row.name,
            role: rows::role(row.is_admin),
            is_active: row.is_active,
            locale: rows::locale(&row.locale)?,
            unreachable_since: row.unreachable_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

#[derive(FromQueryResult)]
struct ErasureRow {
    id: Uuid,
    erased_user_id: Uuid,
    n_conversations: i64,
    n_messages: i64,
    n_files: i64,
    n_objects_left: i64,
    n_provider_items_left: i64,
    created_at: OffsetDateTime,
}

#[derive(FromQueryResult)]
struct CountRow {
    n: i64,
}

/// A filter in the form in which the queries take it.
struct Wanted {
    text: Option<String>,
    digits: Option<String>,
    is_active: Option<bool>,
    is_admin: Option<bool>,
}

impl From<&UserFilter> for Wanted {
    fn from(filter: &UserFilter) -> Self {
        let text = filter.query.as_ref().map(|it| it.trim().to_lowercase());
        // However a number was typed, it is looked for as it is stored.
        let digits: Option<String> =
            text.as_ref().map(|it| it.chars().filter(char::is_ascii_digit).collect());
        Self {
            text,
            digits: digits.filter(|it| it.len() >= 3),
            is_active: filter.is_active,
            is_admin: filter.role.map(|it| it == Role::Admin),
        }
    }
}

impl<'s> ManagedUsers<'s> {
    pub(crate) const fn new(txn: &'s DatabaseTransaction, admin: UserId) -> Self {
        Self { txn, admin }
    }

    /// A page of accounts, newest first.
    #[tracing::instrument(name = "db.admin.accounts.list", skip_all, err(level = "debug"))]
    pub async fn list(
        &self,
        filter: &UserFilter,
        after: Option<Position>,
        size: PageSize,
    ) -> Result<Page<ManagedUser>, StoreError> {
        let Wanted { text, digits, is_active, is_admin } = filter.into();
        let start = after.unwrap_or(FIRST_PAGE);
        let (at, last) = (start.at, start.id);
        let limit = i32::from(size.rows()) + 1;
        let read = raw_sql!(
            Postgres,
            "select * from users
              where id <> '00000000-0000-0000-0000-000000000000'
                and (created_at, id) < ({at}, {last})
                and ({is_active}::boolean is null or is_active = {is_active})
                and ({is_admin}::boolean is null or is_admin = {is_admin})
                and ({text}::text is null or strpos(lower(name), {text}) > 0
                     or strpos(phone_number, {digits}) > 0)
              order by created_at desc, id desc limit {limit}"
        );
        let rows = AccountRow::find_by_statement(read).all(self.txn).await?;
        let rows = rows.into_iter().map(ManagedUser::try_from).collect::<Result<_, _>>()?;
        let page = Page::from_lookahead(rows, size, |row: &ManagedUser| Position {
            at: row.created_at,
            id: row.id.into_uuid(),
        });
        audit_read(self.txn, AuditAction::UsersListed, None, page.rows.len()).await?;
        Ok(page)
    }

    /// How many accounts a filter lets through.
    #[tracing::instrument(name = "db.admin.accounts.count", skip_all, err(level = "debug"))]
    pub async fn count(&self, filter: &UserFilter) -> Result<i64, StoreError> {
        let Wanted { text, digits, is_active, is_admin } = filter.into();
        let read = raw_sql!(
            Postgres,
            "select count(*) as n from users
              where id <> '00000000-0000-0000-0000-000000000000'
                and ({is_active}::boolean is null or is_active = {is_active})
                and ({is_admin}::boolean is null or is_admin = {is_admin})
                and ({text}::text is null or strpos(lower(name), {text}) > 0
                     or strpos(phone_number, {digits}) > 0)"
        );
        Ok(CountRow::find_by_statement(read).one(self.txn).await?.map_or(0, |row| row.n))
    }

    /// Finds one, and writes down that it was looked at.
    #[tracing::instrument(name = "db.admin.accounts.find", skip_all, err(level = "debug"))]
    pub async fn find(&self, id: UserId) -> Result<Option<ManagedUser>, StoreError> {
        let user = id.into_uuid();
        let read = raw_sql!(
            Postgres,
            "select * from users
              where id = {user} and id <> '00000000-0000-0000-0000-000000000000'"
        );
        let Some(row) = AccountRow::find_by_statement(read).one(self.txn).await? else {
            return Ok(None);
        };
        audit_read(self.txn, AuditAction::UserRead, Some(user), 1).await?;
        row.try_into().map(Some)
    }

    /// Finds one to change it, and keeps others from changing it until the scope ends. `None` when
    /// there is no such account; [`StoreError::OwnAccount`] for the caller's own, which nobody
    /// looks after alone.
    #[tracing::instrument(name = "db.admin.accounts.lock", skip_all, err(level = "debug"))]
    pub async fn lock(&self, id: UserId) -> Result<Option<ManagedUser>, StoreError> {
        if id == self.admin {
            return Err(StoreError::OwnAccount);
        }
        let id = id.into_uuid();
        let read = raw_sql!(Postgres, "select * from users where id = {id} for no key update");
        let row = AccountRow::find_by_statement(read).one(self.txn).await?;
        row.map(ManagedUser::try_from).transpose()
    }

    /// Makes an account; [`StoreError::Conflict`] with `users_phone_number_key` when somebody has
    /// the number, [`StoreError::StepUpRequired`] for an admin's without a fresh code.
    #[tracing::instrument(name = "db.admin.accounts.add", skip_all, err(level = "debug"))]
    pub async fn insert(&self, new: &NewUser) -> Result<ManagedUser, StoreError> {
        let id = UserId::new().into_uuid();
        let (phone, name) = (new.phone.expose().to_owned(), new.name.as_str().to_owned());
        let (is_admin, locale) = (new.role == Role::Admin, new.locale.as_str().to_owned());
        let write = raw_sql!(
            Postgres,
            "insert into users (id, phone_number, name, is_admin, locale)
             values ({id}, {phone}, {name}, {is_admin}, {locale}) returning *"
        );
        let row = AccountRow::find_by_statement(write).one(self.txn).await?;
        row.ok_or(StoreError::corrupt("users", "id"))?.try_into()
    }

    /// Changes somebody else's account. It should be held by [`Self::lock`]: then no login is under
    /// way, and what one has opened is seen here.
    ///
    /// Another number or role, or not being active any more, ends the person's sessions; another
    /// number, or not being active, also voids their codes and makes their devices unknown.
    /// [`StoreError::StepUpRequired`] for another number, and for a new admin, without a fresh code;
    /// [`StoreError::LastAdmin`] when nobody would be left to let others in,
    /// [`StoreError::Conflict`] with `users_phone_number_key` when somebody has the number; `None`
    /// when there is no such account.
    #[tracing::instrument(name = "db.admin.accounts.change", skip_all, err(level = "debug"))]
    pub async fn update(
        &self,
        id: UserId,
        change: &UserChange,
    ) -> Result<Option<ManagedUser>, StoreError> {
        let user = id.into_uuid();
        let phone = change.phone.as_ref().map(|it| it.expose().to_owned());
        let name = change.name.as_ref().map(|it| it.as_str().to_owned());
        let locale = change.locale.map(|it| it.as_str().to_owned());
        let is_admin = change.role.map(|it| it == Role::Admin);
        let is_active = change.is_active;
        if phone.is_some() || is_active == Some(false) {
            self.revoke_login_means(user, phone.clone(), is_active).await?;
        }
        // One statement, so that all rows are taken before the audit's triggers run.
        let write = raw_sql!(
            Postgres,
            "with before as (select phone_number, is_admin, is_active from users where id = {user}),
             ended as (
                 update user_sessions s set revoked_at = now()
                   from before b
                  where s.user_id = {user} and s.revoked_at is null
                    and (coalesce({phone}, b.phone_number) <> b.phone_number
                         or coalesce({is_admin}, b.is_admin) <> b.is_admin
                         or (b.is_active and not coalesce({is_active}, true))))
             update users
                set phone_number = coalesce({phone}, phone_number),
                    name = coalesce({name}, name),
                    locale = coalesce({locale}, locale),
                    is_admin = coalesce({is_admin}, is_admin),
                    is_active = coalesce({is_active}, is_active)
              where id = {user}
             returning *"
        );
        let Some(row) = AccountRow::find_by_statement(write).one(self.txn).await? else {
            return Ok(None);
        };
        // The answer shows the whole account, also when nothing was changed.
        audit_read(self.txn, AuditAction::UserRead, Some(user), 1).await?;
        row.try_into().map(Some)
    }

    /// What a login was or will be opened with, gone before the sessions are: in the order in which
    /// a login takes these rows, and before the audit's chain, so that neither waits for the other.
    async fn revoke_login_means(
        &self,
        user: Uuid,
        phone: Option<String>,
        is_active: Option<bool>,
    ) -> Result<(), StoreError> {
        let void = raw_sql!(
            Postgres,
            "update otp_codes c set used_at = now()
               from users u
              where u.id = {user} and c.user_id = u.id and c.used_at is null
                and (coalesce({phone}, u.phone_number) <> u.phone_number
                     or (u.is_active and not coalesce({is_active}, true)))"
        );
        self.txn.execute_raw(void).await?;
        let forget = raw_sql!(
            Postgres,
            "delete from known_devices d using users u
              where u.id = {user} and d.user_id = u.id
                and (coalesce({phone}, u.phone_number) <> u.phone_number
                     or (u.is_active and not coalesce({is_active}, true)))"
        );
        self.txn.execute_raw(forget).await?;
        Ok(())
    }

    /// Ends all of somebody's sessions, and their devices are not known any more; gives the number
    /// of the sessions, or `None` when there is no such account. [`StoreError::StepUpRequired`]
    /// without a fresh code.
    #[tracing::instrument(name = "db.admin.accounts.end_sessions", skip_all, err(level = "debug"))]
    pub async fn revoke_sessions(&self, id: UserId) -> Result<Option<u64>, StoreError> {
        let user = id.into_uuid();
        let read = raw_sql!(
            Postgres,
            "select 1 from users
              where id = {user} and id <> '00000000-0000-0000-0000-000000000000'"
        );
        if self.txn.query_one_raw(read).await?.is_none() {
            return Ok(None);
        }
        self.txn.execute_raw(raw_sql!(Postgres, "select app.require_step_up()")).await?;
        let forget = raw_sql!(Postgres, "delete from known_devices where user_id = {user}");
        self.txn.execute_raw(forget).await?;
        let write = raw_sql!(
            Postgres,
            "update user_sessions set revoked_at = now()
              where user_id = {user} and revoked_at is null
                and expires_at > now() and idle_expires_at > now()"
        );
        Ok(Some(self.txn.execute_raw(write).await?.rows_affected()))
    }

    /// Removes somebody else with everything that is theirs. What lies outside the database is
    /// queued for the worker, and the receipt tells how much of it is left.
    /// [`StoreError::NotFound`], [`StoreError::OwnAccount`], [`StoreError::LastAdmin`] or, without
    /// a fresh code, [`StoreError::StepUpRequired`] when that cannot be.
    #[tracing::instrument(name = "db.admin.accounts.erase", skip_all, err(level = "debug"))]
    pub async fn erase(&self, id: UserId) -> Result<Erasure, StoreError> {
        if id == self.admin {
            return Err(StoreError::OwnAccount);
        }
        if id.into_uuid().is_nil() {
            return Err(StoreError::NotFound);
        }
        let erasure = ErasureId::new();
        let (receipt, user) = (erasure.into_uuid(), id.into_uuid());
        let write = raw_sql!(Postgres, "select app.erase_user({receipt}, {user})");
        self.txn.execute_raw(write).await?;
        self.erasure(erasure).await?.ok_or(StoreError::NotFound)
    }

    /// The receipt of a removal.
    #[tracing::instrument(name = "db.admin.accounts.erasure", skip_all, err(level = "debug"))]
    pub async fn erasure(&self, id: ErasureId) -> Result<Option<Erasure>, StoreError> {
        let id = id.into_uuid();
        let read = raw_sql!(
            Postgres,
            "select e.id, e.erased_user_id, e.n_conversations, e.n_messages, e.n_files, e.created_at,
                    count(q.id) filter (where q.kind = 'object') as n_objects_left,
                    count(q.id) filter (where q.kind <> 'object') as n_provider_items_left
               from erasures e left join purge_queue q on q.erasure_id = e.id
              where e.id = {id} group by e.id"
        );
        let row = ErasureRow::find_by_statement(read).one(self.txn).await?;
        Ok(row.map(|row| Erasure {
            id: ErasureId::from_uuid(row.id),
            user_id: UserId::from_uuid(row.erased_user_id),
            n_conversations: row.n_conversations,
            n_messages: row.n_messages,
            n_files: row.n_files,
            n_objects_left: row.n_objects_left,
            n_provider_items_left: row.n_provider_items_left,
            created_at: row.created_at,
        }))
    }
}
