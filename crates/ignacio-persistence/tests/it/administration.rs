//! What the database lets admins do.

use ignacio_domain::access::GrantReason;
use ignacio_domain::audit::{AuditAction, AuditFilter};
use ignacio_domain::ids::{ConversationId, UserId};
use ignacio_domain::locale::Locale;
use ignacio_domain::managed_user::{UserChange, UserFilter};
use ignacio_domain::page::PageSize;
use ignacio_domain::phone::PhoneNumber;
use ignacio_domain::user::{Role, UserName};
use ignacio_persistence::{AdminDb, AdminScope, NewUser, StoreError};
use sea_orm::{ConnectionTrait as _, Database};

use crate::support::{Stack, User, redeem};

impl Stack {
    /// A logged-in admin.
    pub(crate) async fn admin(&self, phone: &str) -> User {
        let phone = PhoneNumber::parse(phone).unwrap();
        let id = self.add_user(&phone, Role::Admin).await;
        let digest = self.log_in(&phone).await;
        User { id, digest, phone }
    }

    /// A transaction of an admin.
    pub(crate) async fn as_admin(&self, admin: &User) -> AdminScope {
        self.admin_db().await.begin(&admin.digest).await.unwrap()
    }

    pub(crate) async fn admin_db(&self) -> AdminDb {
        let url = self.database.url(ignacio_devstack::DatabaseRole::Admin);
        AdminDb::connect(&url.into(), 2).await.unwrap()
    }
}

pub(crate) fn reason() -> GrantReason {
    GrantReason::parse("Pidió ayuda con su plan").unwrap()
}

async fn grant(stack: &Stack, admin: &User, user: UserId) {
    let scope = stack.as_admin(admin).await;
    scope.user_content().grant(user, &reason()).await.unwrap();
    scope.commit().await.unwrap();
}

fn whole() -> PageSize {
    PageSize::default()
}

#[tokio::test]
async fn only_a_live_session_of_an_active_admin_opens_a_scope() {
    let stack = Stack::start().await;
    let (ada, ana) = (stack.admin("+573001110001").await, stack.user("+573001110002").await);
    let db = stack.admin_db().await;
    assert!(matches!(db.begin(&ana.digest).await, Err(StoreError::Forbidden)));
    assert_eq!(db.begin(&ada.digest).await.unwrap().identity().user, ada.id);
    stack.database.execute("update user_sessions set expires_at = now()").await;
    assert!(matches!(db.begin(&ada.digest).await, Err(StoreError::Unauthenticated)));
}

#[tokio::test]
async fn conversations_are_visible_only_under_a_live_grant_for_their_owner() {
    let stack = Stack::start().await;
    let ada = stack.admin("+573001110001").await;
    let (ana, ben) = (stack.user("+573001110002").await, stack.user("+573001110003").await);
    let mut conversations = Vec::new();
    for user in [&ana, &ben] {
        let conversation = stack.conversation(user).await;
        stack.post(user, conversation.id, "hola").await;
        conversations.push(conversation.id);
    }
    let scope = stack.as_admin(&ada).await;
    let refused = scope.user_content().conversations(ana.id, None, whole()).await;
    assert!(matches!(refused, Err(StoreError::GrantRequired)));
    drop(scope);

    grant(&stack, &ada, ana.id).await;
    let scope = stack.as_admin(&ada).await;
    let listed = scope.user_content().conversations(ana.id, None, whole()).await.unwrap();
    assert_eq!(listed.rows.iter().map(|it| it.id).collect::<Vec<_>>(), [conversations[0]]);
    drop(scope);
    let scope = stack.as_admin(&ada).await;
    let read = scope.user_content().messages(conversations[0], None, whole()).await.unwrap();
    assert_eq!(read.rows.len(), 2);
    drop(scope);

    // Ben's, one that does not exist, and Ana's after half an hour: all look the same.
    for foreign in [conversations[1], ConversationId::new()] {
        let scope = stack.as_admin(&ada).await;
        let refused = scope.user_content().messages(foreign, None, whole()).await;
        assert!(matches!(refused, Err(StoreError::GrantRequired)));
    }
    stack.database.execute("update access_grants set expires_at = now()").await;
    let scope = stack.as_admin(&ada).await;
    let refused = scope.user_content().messages(conversations[0], None, whole()).await;
    assert!(matches!(refused, Err(StoreError::GrantRequired)));
    drop(scope);
    let scope = stack.as_admin(&ada).await;
    let nobody = scope.user_content().conversations(UserId::new(), None, whole()).await;
    assert!(matches!(nobody, Err(StoreError::NotFound)));
}

#[tokio::test]
async fn a_user_sees_who_read_what_and_why() {
    let stack = Stack::start().await;
    let (ada, ana) = (stack.admin("+573001110001").await, stack.user("+573001110002").await);
    let ben = stack.user("+573001110003").await;
    let conversation = stack.conversation(&ana).await;
    grant(&stack, &ada, ana.id).await;
    let scope = stack.as_admin(&ada).await;
    scope.user_content().messages(conversation.id, None, whole()).await.unwrap();
    scope.commit().await.unwrap();
    // Nothing is shown that is not recorded: the response follows the commit.
    let scope = stack.as_admin(&ada).await;
    scope.users().find(ana.id).await.unwrap().unwrap();
    drop(scope);

    let scope = stack.scope(&ana).await;
    let log = scope.access_log().list(None, whole()).await.unwrap().rows;
    let actions: Vec<_> = log.iter().map(|it| it.action).collect();
    assert_eq!(actions, [AuditAction::MessagesListed, AuditAction::GrantCreated]);
    assert_eq!(log[0].target, Some(conversation.id.into_uuid()));
    assert_eq!(log[0].actor_name.as_deref(), Some("Ana Participante"));
    assert!(log.iter().all(|it| it.reason.as_deref() == Some(reason().as_str())));
    let others = stack.scope(&ben).await.access_log().list(None, whole()).await.unwrap();
    assert!(others.rows.is_empty());
}

#[tokio::test]
async fn users_are_listed_searched_and_filtered() {
    let stack = Stack::start().await;
    let ada = stack.admin("+573001110001").await;
    let mut ids = Vec::new();
    for (n, name) in ["Zoé Ñáñez", "Luis 100%_a", "zoë otra"].into_iter().enumerate() {
        let scope = stack.as_admin(&ada).await;
        let new = NewUser {
            phone: PhoneNumber::parse(&format!("+5730099900{n:02}")).unwrap(),
            name: UserName::parse(name).unwrap(),
            role: Role::Participant,
            locale: Locale::Es,
        };
        ids.push(scope.users().insert(&new).await.unwrap().id);
        let again = scope.users().insert(&new).await;
        assert!(
            matches!(again, Err(StoreError::Conflict(rule)) if rule == "users_phone_number_key")
        );
        drop(scope);
        let scope = stack.as_admin(&ada).await;
        ids[n] = scope.users().insert(&new).await.unwrap().id;
        scope.commit().await.unwrap();
    }
    let find = async |text: &str| {
        let filter = UserFilter { query: Some(text.to_owned()), ..Default::default() };
        let scope = stack.as_admin(&ada).await;
        let rows = scope.users().list(&filter, None, whole()).await.unwrap().rows;
        let n = usize::try_from(scope.users().count(&filter).await.unwrap()).unwrap();
        assert_eq!(n, rows.len());
        rows.into_iter().map(|it| it.id).collect::<Vec<_>>()
    };
    assert_eq!(find("ZO").await, [ids[2], ids[0]]);
    assert_eq!(find("%_").await, [ids[1]]);
    assert_eq!(find("+57 300 999 0001").await, [ids[1]]);
    assert_eq!(find("nadie").await, []);

    let admins = UserFilter { role: Some(Role::Admin), ..Default::default() };
    let scope = stack.as_admin(&ada).await;
    let only = scope.users().list(&admins, None, whole()).await.unwrap().rows;
    assert_eq!(only.iter().map(|it| it.id).collect::<Vec<_>>(), [ada.id]);
    let one = PageSize::new(1).unwrap();
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = scope.users().list(&UserFilter::default(), after, one).await.unwrap();
        seen.extend(page.rows.into_iter().map(|it| it.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, [ids[2], ids[1], ids[0], ada.id], "newest first, without the temporary user");
}

#[tokio::test]
async fn a_deactivated_user_loses_access_immediately_and_for_good() {
    let stack = Stack::start().await;
    let (ada, ana) = (stack.admin("+573001110001").await, stack.user("+573001110002").await);
    for is_active in [false, true] {
        let scope = stack.as_admin(&ada).await;
        let change = UserChange { is_active: Some(is_active), ..Default::default() };
        let changed = scope.users().update(ana.id, &change).await.unwrap().unwrap();
        assert_eq!(changed.is_active, is_active);
        scope.commit().await.unwrap();
        assert!(matches!(
            stack.api.verify_session(&ana.digest).await,
            Err(StoreError::Unauthenticated)
        ));
    }
    stack.log_in(&ana.phone).await;
}

#[tokio::test]
async fn a_role_change_ends_existing_sessions() {
    let stack = Stack::start().await;
    let (ada, ana) = (stack.admin("+573001110001").await, stack.user("+573001110002").await);
    let scope = stack.as_admin(&ada).await;
    let rename = UserChange { name: UserName::parse("Ana").ok(), ..Default::default() };
    scope.users().update(ana.id, &rename).await.unwrap().unwrap();
    scope.commit().await.unwrap();
    stack.api.verify_session(&ana.digest).await.unwrap();
    let scope = stack.as_admin(&ada).await;
    let promote = UserChange { role: Some(Role::Admin), ..Default::default() };
    scope.users().update(ana.id, &promote).await.unwrap().unwrap();
    scope.commit().await.unwrap();
    assert!(matches!(
        stack.api.verify_session(&ana.digest).await,
        Err(StoreError::Unauthenticated)
    ));
}

#[tokio::test]
async fn admins_cannot_change_themselves_and_the_last_admin_stays() {
    let stack = Stack::start().await;
    let (ada, eva) = (stack.admin("+573001110001").await, stack.admin("+573001110002").await);
    let demote = UserChange { role: Some(Role::Participant), ..Default::default() };
    let scope = stack.as_admin(&ada).await;
    assert!(matches!(scope.users().lock(ada.id).await, Err(StoreError::OwnAccount)));
    assert!(matches!(scope.users().erase(ada.id).await, Err(StoreError::OwnAccount)));
    assert!(scope.users().update(ada.id, &demote).await.unwrap().is_none(), "by the policy");
    drop(scope);

    // Two admins who demote each other at the same time: the second is refused.
    let (one, other) = (stack.as_admin(&ada).await, stack.as_admin(&eva).await);
    one.users().update(eva.id, &demote).await.unwrap().unwrap();
    let second = async { other.users().update(ada.id, &demote).await };
    let (second, ()) = tokio::join!(second, async { one.commit().await.unwrap() });
    assert!(matches!(second, Err(StoreError::LastAdmin | StoreError::Unauthenticated) | Ok(None)));
    drop(other);

    // Nor as the superuser, nor by deletion.
    for statement in ["update users set is_active = false", "delete from users where is_admin"] {
        let superuser = Database::connect(stack.database.admin_url()).await.unwrap();
        let refused = superuser.execute_unprepared(statement).await;
        assert!(refused.unwrap_err().to_string().contains("the last active admin"), "{statement}");
    }
    let admins = "select count(*) from users where is_admin and is_active";
    assert_eq!(stack.database.query_i64(admins).await, 1);
}

#[tokio::test]
async fn an_erased_user_leaves_only_a_receipt() {
    let stack = Stack::start().await;
    let (ada, ana) = (stack.admin("+573001110001").await, stack.user("+573001110002").await);
    let conversation = stack.conversation(&ana).await;
    stack.post(&ana, conversation.id, "hola").await;
    stack.file(&ana, "plan.pdf").await;
    let id = ana.id;
    stack.worker.file_jobs().adopt_vector_store(id, "vs_ana").await.unwrap();

    let scope = stack.as_admin(&ada).await;
    let receipt = scope.users().erase(id).await.unwrap();
    scope.commit().await.unwrap();
    assert_eq!((receipt.n_conversations, receipt.n_messages, receipt.n_files), (1, 2, 1));
    assert_eq!((receipt.n_objects_left, receipt.n_provider_items_left), (1, 1));
    assert!(!receipt.is_done());
    for table in ["users", "conversations", "messages", "user_files", "user_sessions", "responses"]
    {
        let column = if table == "users" { "id" } else { "user_id" };
        let left = format!("select count(*) from {table} where {column} = '{id}'");
        assert_eq!(stack.database.query_i64(&left).await, 0, "{table}");
    }
    // One event for the whole erasure.
    let events = format!(
        "select string_agg(action, ' ' order by seq) from audit_events where subject_id = '{id}'"
    );
    let events = stack.database.query_text(&events).await;
    assert_eq!(events, "user.created session.opened user.deleted");

    stack.database.execute("delete from purge_queue").await;
    let scope = stack.as_admin(&ada).await;
    assert!(scope.users().erasure(receipt.id).await.unwrap().unwrap().is_done());
    assert!(matches!(scope.users().erase(id).await, Err(StoreError::NotFound)));
}

#[tokio::test]
async fn the_audit_log_records_every_action() {
    let stack = Stack::start().await;
    let (ada, ana) = (stack.admin("+573001110001").await, stack.user("+573001110002").await);
    let conversation = stack.conversation(&ana).await;
    let file = stack.file(&ana, "plan.pdf").await;
    let scope = stack.scope(&ana).await;
    scope.conversations().delete(conversation.id, true).await.unwrap();
    scope.files().delete(file.id).await.unwrap();
    scope.sessions().revoke(scope.identity().session).await.unwrap();
    scope.commit().await.unwrap();

    let scope = stack.as_admin(&ada).await;
    let filter = AuditFilter { subject: Some(ana.id), ..Default::default() };
    let events = scope.audit_log().list(&filter, None, whole()).await.unwrap().rows;
    scope.commit().await.unwrap();
    let actions: Vec<_> = events.iter().rev().map(|it| (it.action, it.actor)).collect();
    assert_eq!(
        actions,
        [
            (AuditAction::UserCreated, None),
            (AuditAction::SessionOpened, Some(ana.id)),
            (AuditAction::ConversationDeleted, Some(ana.id)),
            (AuditAction::FileDeleted, Some(ana.id)),
            // By a session that this very change has ended.
            (AuditAction::SessionEnded, Some(ana.id)),
        ]
    );
    let scope = stack.as_admin(&ada).await;
    let filter = AuditFilter { actor: Some(ada.id), ..Default::default() };
    let events = scope.audit_log().list(&filter, None, whole()).await.unwrap().rows;
    assert_eq!(events[0].action, AuditAction::AuditListed);
    assert_eq!((events[0].subject, events[0].detail.n_rows), (Some(ana.id), Some(5)));
}

#[tokio::test]
async fn a_new_number_ends_the_sessions_and_codes_of_the_old_one() {
    let stack = Stack::start().await;
    let (ada, ana) = (stack.admin("+573001110001").await, stack.user("+573001110002").await);
    let give = async |phone: &str| {
        let phone = PhoneNumber::parse(phone).ok();
        let scope = stack.as_admin(&ada).await;
        let change = UserChange { phone, ..Default::default() };
        let changed = scope.users().update(ana.id, &change).await?;
        scope.commit().await?;
        Ok::<_, StoreError>(changed.unwrap().phone)
    };
    assert_eq!(give("+573001110002").await.unwrap(), Some(ana.phone.clone()), "no change at all");
    stack.api.verify_session(&ana.digest).await.unwrap();
    let taken = give("+573001110001").await;
    assert!(matches!(taken, Err(StoreError::Conflict(rule)) if rule == "users_phone_number_key"));
    stack.api.verify_session(&ana.digest).await.unwrap();

    let open = stack.challenge(Some(&ana.phone)).await;
    let phone = PhoneNumber::parse("+573001110009").unwrap();
    assert_eq!(give("+573001110009").await.unwrap(), Some(phone.clone()));
    assert!(matches!(
        stack.api.verify_session(&ana.digest).await,
        Err(StoreError::Unauthenticated)
    ));
    assert!(redeem(&stack.api, open.id).await.unwrap().is_none());
    let left = "select count(*) from known_devices where user_id <> (
                    select id from users where phone_number = '+573001110001')";
    assert_eq!(stack.database.query_i64(left).await, 0);
    let notified = "select string_agg(phone_number, ' ' order by phone_number) from outbox
                 where kind = 'phone_changed'";
    assert_eq!(stack.database.query_text(notified).await, "+573001110002 +573001110009");
    stack.database.execute("delete from outbox where kind <> 'code'").await;

    let unreadable = format!(
        "set session_replication_role = replica;
         update users set phone_number = '+0000000007' where id = '{}'",
        ana.id
    );
    stack.database.execute(&unreadable).await;
    let scope = stack.as_admin(&ada).await;
    assert_eq!(scope.users().find(ana.id).await.unwrap().unwrap().phone, None);
    drop(scope);
    assert_eq!(give("+573001110009").await.unwrap(), Some(phone.clone()));
    stack.database.execute("delete from outbox where kind <> 'code'").await;
    stack.log_in(&phone).await;
}

#[tokio::test]
async fn a_code_is_void_once_the_user_has_another_number() {
    let stack = Stack::start().await;
    let ana = stack.user("+573001110002").await;
    let challenge = stack.challenge(Some(&ana.phone)).await;
    let change = "set session_replication_role = replica;
         update users set phone_number = '+573001110009' where phone_number = '+573001110002'";
    stack.database.execute(change).await;
    assert!(redeem(&stack.api, challenge.id).await.unwrap().is_none());
}
