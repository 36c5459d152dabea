//! Users, for admins.

use ignacio_domain::audit::AuditAction;
use ignacio_domain::erasure::Erasure;
use ignacio_domain::ids::{ErasureId, UserId};
use ignacio_domain::managed_user::{ManagedUser, UserChange, UserFilter};
use ignacio_domain::page::{Page, PageSize, Position};
use ignacio_domain::phone::PhoneNumber;
use ignacio_domain::user::Role;
use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait as _, DatabaseTransaction,
    EntityTrait as _, FromQueryResult, PaginatorTrait as _, QueryFilter as _, QuerySelect as _,
    Select, Set, raw_sql,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::audit_read;
use crate::entities::users;
use crate::error::StoreError;
use crate::repos::new_users::NewUser;
use crate::repos::paging::newest_first;
use crate::rows;

/// All users except the temporary user of the log.
pub struct ManagedUsers<'s> {
    txn: &'s DatabaseTransaction,
    admin: UserId,
}

impl TryFrom<users::Model> for ManagedUser {
    type Error = StoreError;

    fn try_from(row: users::Model) -> Result<Self, StoreError> {
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

/// The users that match a filter, without the temporary user of the log.
fn matching(filter: &UserFilter) -> Select<users::Entity> {
    let mut query = existing();
    if let Some(role) = filter.role {
        query = query.filter(users::Column::IsAdmin.eq(role == Role::Admin));
    }
    if let Some(is_active) = filter.is_active {
        query = query.filter(users::Column::IsActive.eq(is_active));
    }
    if let Some(text) = &filter.query {
        let text = text.trim().to_lowercase();
        // A number is searched for as it is stored, however it was typed.
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let mut is_found =
            Condition::any().add(Expr::cust_with_values("strpos(lower(name), $1) > 0", [text]));
        if digits.len() >= 3 {
            let has_digits = Expr::cust_with_values("strpos(phone_number, $1) > 0", [digits]);
            is_found = is_found.add(has_digits);
        }
        query = query.filter(is_found);
    }
    query
}

fn existing() -> Select<users::Entity> {
    users::Entity::find().filter(users::Column::Id.ne(Uuid::nil()))
}

/// Finds a user without recording it; the caller records what it reads of the user.
pub(super) async fn find_unrecorded(
    txn: &DatabaseTransaction,
    id: UserId,
) -> Result<Option<ManagedUser>, StoreError> {
    let row = existing().filter(users::Column::Id.eq(id.into_uuid())).one(txn).await?;
    row.map(ManagedUser::try_from).transpose()
}

impl<'s> ManagedUsers<'s> {
    pub(crate) const fn new(txn: &'s DatabaseTransaction, admin: UserId) -> Self {
        Self { txn, admin }
    }

    /// A page of users, newest first.
    #[tracing::instrument(name = "db.admin.users.list", skip_all, err(level = "debug"))]
    pub async fn list(
        &self,
        filter: &UserFilter,
        after: Option<Position>,
        size: PageSize,
    ) -> Result<Page<ManagedUser>, StoreError> {
        let order = [users::Column::CreatedAt, users::Column::Id];
        let rows = newest_first(self.txn, matching(filter), order, after, size).await?;
        let rows = rows.into_iter().map(ManagedUser::try_from).collect::<Result<_, _>>()?;
        let page = Page::from_lookahead(rows, size, |row: &ManagedUser| Position {
            at: row.created_at,
            id: row.id.into_uuid(),
        });
        audit_read(self.txn, AuditAction::UsersListed, None, page.rows.len()).await?;
        Ok(page)
    }

    /// How many users match a filter.
    #[tracing::instrument(name = "db.admin.users.count", skip_all, err(level = "debug"))]
    pub async fn count(&self, filter: &UserFilter) -> Result<i64, StoreError> {
        let count = matching(filter).count(self.txn).await?;
        Ok(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// Finds one, and records the read in the audit log.
    #[tracing::instrument(name = "db.admin.users.find", skip_all, err(level = "debug"))]
    pub async fn find(&self, id: UserId) -> Result<Option<ManagedUser>, StoreError> {
        let user = find_unrecorded(self.txn, id).await?;
        if user.is_some() {
            audit_read(self.txn, AuditAction::UserRead, Some(id.into_uuid()), 1).await?;
        }
        Ok(user)
    }

    /// Finds one to change it, and locks it until the scope ends. `None` when there is no such
    /// user; [`StoreError::OwnAccount`] for the caller's own, which no admin may change.
    #[tracing::instrument(name = "db.admin.users.lock", skip_all, err(level = "debug"))]
    pub async fn lock(&self, id: UserId) -> Result<Option<ManagedUser>, StoreError> {
        if id == self.admin {
            return Err(StoreError::OwnAccount);
        }
        let row = users::Entity::find_by_id(id.into_uuid())
            .lock(LockType::NoKeyUpdate)
            .one(self.txn)
            .await?;
        row.map(ManagedUser::try_from).transpose()
    }

    /// Creates a user; [`StoreError::Conflict`] with `users_phone_number_key` when the number is
    /// taken, [`StoreError::StepUpRequired`] for an admin without a fresh code.
    #[tracing::instrument(name = "db.admin.users.insert", skip_all, err(level = "debug"))]
    pub async fn insert(&self, new: &NewUser) -> Result<ManagedUser, StoreError> {
        let row = users::ActiveModel {
            id: Set(UserId::new().into_uuid()),
            phone_number: Set(new.phone.expose().to_owned()),
            name: Set(new.name.as_str().to_owned()),
            is_admin: Set(new.role == Role::Admin),
            locale: Set(new.locale.as_str().to_owned()),
            ..Default::default()
        };
        row.insert(self.txn).await?.try_into()
    }

    /// Changes another user. The row should be locked by [`Self::lock`]: then no login is in
    /// progress, and any session that one opened is seen here.
    ///
    /// A new number or role, or deactivation, ends the user's sessions; a new number, or
    /// deactivation, also voids their codes and forgets their devices.
    /// [`StoreError::StepUpRequired`] for a new number, and for a new admin, without a fresh code;
    /// [`StoreError::LastAdmin`] when no active admin would be left, [`StoreError::Conflict`] with
    /// `users_phone_number_key` when the number is taken; `None` when there is no such user.
    #[tracing::instrument(name = "db.admin.users.update", skip_all, err(level = "debug"))]
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
        // One statement, so that all rows are locked before the audit's triggers run.
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
        let Some(row) = users::Model::find_by_statement(write).one(self.txn).await? else {
            return Ok(None);
        };
        // The response shows the whole user, even when nothing was changed.
        audit_read(self.txn, AuditAction::UserRead, Some(user), 1).await?;
        row.try_into().map(Some)
    }

    /// Voids codes and forgets devices before the sessions end: in the order in which a login locks
    /// these rows, and before the audit's chain, so that neither waits for the other.
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

    /// Ends all of a user's sessions, and forgets their devices; returns the number of sessions, or
    /// `None` when there is no such user. [`StoreError::StepUpRequired`] without a fresh code.
    #[tracing::instrument(name = "db.admin.users.revoke_sessions", skip_all, err(level = "debug"))]
    pub async fn revoke_sessions(&self, id: UserId) -> Result<Option<u64>, StoreError> {
        let user = id.into_uuid();
        if find_unrecorded(self.txn, id).await?.is_none() {
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

    /// Deletes another user with all their data. What lies outside the database is queued for the
    /// worker, and the receipt says how much of it is left. [`StoreError::NotFound`],
    /// [`StoreError::OwnAccount`], [`StoreError::LastAdmin`] or, without a fresh code,
    /// [`StoreError::StepUpRequired`].
    #[tracing::instrument(name = "db.admin.users.erase", skip_all, err(level = "debug"))]
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

    /// The receipt of a deletion.
    #[tracing::instrument(name = "db.admin.users.erasure", skip_all, err(level = "debug"))]
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
