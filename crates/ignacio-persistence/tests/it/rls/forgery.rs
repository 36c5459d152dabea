//! Arbitrary SQL as the request role: it cannot choose a victim, move a row or learn anything.

use ignacio_devstack::DatabaseRole;
use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection, TransactionTrait as _};

use crate::support::{Stack, User};

struct World {
    stack: Stack,
    ana: User,
    ben: User,
    api: DatabaseConnection,
    enter: String,
}

#[tokio::test]
async fn arbitrary_sql_on_the_request_role_cannot_choose_its_victim() {
    let world = world().await;
    let ben = world.ben.id;
    for forged in [
        format!("select set_config('app.user_id', '{ben}', true)"),
        format!("select set_config('app.session', '{}', true)", "00".repeat(32)),
        "select set_config('app.session', (select encode(token_hash, 'hex') from user_sessions
             limit 1), true)"
            .to_owned(),
        format!("select app.assume_lease('{ben}', '{ben}', 1)"),
    ] {
        let txn = world.api.begin().await.unwrap();
        let set = txn.execute_unprepared(&forged).await;
        if set.is_ok() {
            let read = "select id from conversations";
            let seen = txn.execute_unprepared(read).await.unwrap().rows_affected();
            assert_eq!(seen, 0, "{forged}");
        }
    }
}

#[tokio::test]
async fn no_user_becomes_admin_or_gives_a_row_to_another_owner() {
    let world = world().await;
    let ben = world.ben.id;
    for statement in [
        "update users set is_admin = true".to_owned(),
        "update users set is_active = true".to_owned(),
        "update users set phone_number = '+573000000001'".to_owned(),
        format!("update conversations set user_id = '{ben}'"),
        format!("update user_files set user_id = '{ben}'"),
        "update user_files set openai_file_id = 'file-of-ben'".to_owned(),
        format!(
            "insert into user_files (id, user_id, file_name, file_path, file_type)
             values (gen_random_uuid(), '{}', 'x', 'users/{ben}/x', 'text/plain')",
            world.ana.id
        ),
        "update conversations set message_count = 0".to_owned(),
        "select token_hash from user_sessions".to_owned(),
    ] {
        let error = world.as_ana(&statement).await;
        assert!(error.contains("42501"), "not a refusal: {statement}: {error}");
    }
}

#[tokio::test]
async fn a_row_cannot_refer_to_or_reveal_another_users_row() {
    let world = world().await;
    let ana = world.ana.id;
    let of_ben = format!("select id from conversations where user_id = '{}'", world.ben.id);
    let foreign = world.stack.database.query_text(&of_ben).await;
    let absent = "00000000-0000-7000-8000-000000000000".to_owned();
    let mut errors = Vec::new();
    for conversation in [foreign, absent] {
        let insert = format!(
            "insert into messages (user_id, conversation_id, content, is_from_user)
             values ('{ana}', '{conversation}', 'x', true)"
        );
        let error = world.as_ana(&insert).await;
        assert!(error.contains("23503"), "{error}");
        errors.push(error.replace(&conversation, "[id]"));
    }
    assert_eq!(errors[0], errors[1]);
}

impl World {
    /// The server's response when Ana's transaction tries this.
    async fn as_ana(&self, statement: &str) -> String {
        let txn = self.api.begin().await.unwrap();
        txn.execute_unprepared(&self.enter).await.unwrap();
        let error = txn.execute_unprepared(statement).await.expect_err(statement);
        format!("{error:?}")
    }
}

async fn world() -> World {
    let stack = Stack::start().await;
    let ana = stack.user("+573001110002").await;
    let ben = stack.user("+573001110003").await;
    for user in [&ana, &ben] {
        stack.conversation(user).await;
        stack.file(user, "plan.pdf").await;
    }
    let digest =
        format!("select encode(token_hash, 'hex') from user_sessions where user_id = '{}'", ana.id);
    let digest = stack.database.query_text(&digest).await;
    let enter = format!("select app.authenticate(decode('{digest}', 'hex'))");
    let api = Database::connect(stack.database.url(DatabaseRole::Api)).await.unwrap();
    World { stack, ana, ben, api, enter }
}
