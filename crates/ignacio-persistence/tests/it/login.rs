//! Challenges, attempts and sessions.

mod lockout;
mod session_expiry;

use ignacio_domain::ids::OtpId;
use ignacio_domain::phone::PhoneNumber;
use ignacio_domain::session::SessionToken;
use ignacio_domain::user::Role;
use ignacio_persistence::{CodeCheck, MessageKind, StoreError};

use crate::support::{Stack, redeem};

fn phone(text: &str) -> PhoneNumber {
    PhoneNumber::parse(text).unwrap()
}

#[tokio::test]
async fn a_login_creates_a_valid_session() {
    let stack = Stack::start().await;
    let ana = stack.user("+573001110002").await;

    let found = stack.api.authenticated_user(&ana.digest).await.unwrap();
    assert_eq!((found.id, found.phone), (ana.id, ana.phone.clone()));
    assert_eq!(stack.api.verify_session(&ana.digest).await.unwrap().user, ana.id);
    let scope = stack.scope(&ana).await;
    let sessions = scope.sessions().list().await.unwrap();
    assert_eq!(sessions.len(), 1);
    assert!(sessions[0].is_current);
    assert_eq!(sessions[0].device_name.as_deref(), Some("phone"));
}

#[tokio::test]
async fn an_unknown_digest_is_refused_everywhere() {
    let stack = Stack::start().await;
    let nobody = SessionToken::generate(&mut rand::rng()).digest();
    assert!(matches!(stack.api.verify_session(&nobody).await, Err(StoreError::Unauthenticated)));
    assert!(matches!(
        stack.api.authenticated_user(&nobody).await,
        Err(StoreError::Unauthenticated)
    ));
    assert!(matches!(stack.api.begin(&nobody).await.err(), Some(StoreError::Unauthenticated)));
}

#[tokio::test]
async fn ended_expired_and_idle_sessions_and_inactive_users_are_refused() {
    let stack = Stack::start().await;
    for change in [
        "update user_sessions set revoked_at = now()",
        "update user_sessions set expires_at = now() - interval '1 second'",
        "update user_sessions set idle_expires_at = now() - interval '1 second'",
        "update users set is_active = false where phone_number = '+573001110002'",
    ] {
        let ana = stack.user("+573001110002").await;
        stack.api.verify_session(&ana.digest).await.unwrap();
        stack.database.execute(change).await;
        let after = stack.api.verify_session(&ana.digest).await;
        assert!(matches!(after, Err(StoreError::Unauthenticated)), "{change}");
    }
}

#[tokio::test]
async fn unknown_inactive_and_impossible_numbers_get_decoys() {
    let stack = Stack::start().await;
    let inactive = phone("+573001110003");
    stack.add_user(&inactive, Role::Participant).await;
    stack.database.execute("update users set is_active = false").await;
    for number in [Some(phone("+573009999999")), Some(inactive), None] {
        let challenge = stack.challenge(number.as_ref()).await;
        assert!(matches!(
            stack.api.codes().check(challenge.id, None).await.unwrap(),
            CodeCheck::Open { digest: None, .. }
        ));
        assert!(redeem(&stack.api, challenge.id).await.unwrap().is_none());
    }
    assert!(stack.worker.outbox().claim(10).await.unwrap().is_empty());
    assert_eq!(stack.database.query_i64("select count(*) from otp_codes").await, 3);
}

#[tokio::test]
async fn five_attempts_and_no_more_even_in_a_race() {
    let stack = Stack::start().await;
    let challenge = stack.challenge(Some(&phone("+573009999999"))).await;
    let tries = (0..50).map(|_| {
        let api = stack.api.clone();
        async move { api.codes().check(challenge.id, None).await.unwrap() }
    });
    let answers = futures_util::future::join_all(tries).await;
    let open = answers.iter().filter(|it| matches!(it, CodeCheck::Open { .. })).count();
    assert_eq!(open, 5);
}

#[tokio::test]
async fn a_code_opens_one_session_even_in_a_race() {
    let stack = Stack::start().await;
    let number = phone("+573001110002");
    stack.add_user(&number, Role::Participant).await;
    let challenge = stack.challenge(Some(&number)).await;
    let redeems = (0..32).map(|_| {
        let api = stack.api.clone();
        async move { redeem(&api, challenge.id).await.unwrap() }
    });
    let answers = futures_util::future::join_all(redeems).await;
    assert_eq!(answers.iter().flatten().count(), 1);
    assert_eq!(stack.database.query_i64("select count(*) from user_sessions").await, 1);
}

#[tokio::test]
async fn expired_and_unknown_challenges_are_distinguished() {
    let stack = Stack::start().await;
    let challenge = stack.challenge(None).await;
    stack.database.execute("update otp_codes set expires_at = now() - interval '1 second'").await;
    assert!(matches!(
        stack.api.codes().check(challenge.id, None).await.unwrap(),
        CodeCheck::Expired
    ));
    assert!(matches!(
        stack.api.codes().check(OtpId::new(), None).await.unwrap(),
        CodeCheck::Refused
    ));
}

#[tokio::test]
async fn a_login_voids_the_users_other_codes_and_keeps_ten_sessions() {
    let stack = Stack::start().await;
    let number = phone("+573001110002");
    stack.add_user(&number, Role::Participant).await;
    let earlier = stack.challenge(Some(&number)).await;
    let first = stack.log_in(&number).await;
    assert!(matches!(stack.api.codes().check(earlier.id, None).await.unwrap(), CodeCheck::Refused));
    for _ in 0..10 {
        stack.log_in(&number).await;
    }
    let live = "select count(*) from user_sessions where revoked_at is null";
    assert_eq!(stack.database.query_i64(live).await, 10);
    assert!(matches!(stack.api.verify_session(&first).await, Err(StoreError::Unauthenticated)));
}

#[tokio::test]
async fn the_temporary_user_can_have_neither_code_nor_session() {
    let stack = Stack::start().await;
    // As if its number could be parsed.
    stack.database.execute("update users set phone_number = '+573000000000'").await;
    let number = phone("+573000000000");
    let challenge = stack.challenge(Some(&number)).await;
    let jobs = stack.worker.outbox().claim(10).await.unwrap();
    assert!(!jobs.iter().any(|it| matches!(it.kind, MessageKind::Code(_))), "{jobs:?}");
    // As if a code had been sent nevertheless.
    stack.database.execute("update otp_codes set user_id = (select id from users)").await;
    let refused = redeem(&stack.api, challenge.id).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
}

#[tokio::test]
async fn a_session_can_end_the_others_and_itself() {
    let stack = Stack::start().await;
    let ana = stack.user("+573001110002").await;
    let other = stack.log_in(&ana.phone).await;
    let scope = stack.scope(&ana).await;
    assert_eq!(scope.sessions().revoke_others().await.unwrap(), 1);
    scope.commit().await.unwrap();
    assert!(matches!(stack.api.verify_session(&other).await, Err(StoreError::Unauthenticated)));

    let scope = stack.scope(&ana).await;
    let own = scope.identity().session;
    assert!(scope.sessions().revoke(own).await.unwrap());
    scope.commit().await.unwrap();
    assert!(matches!(
        stack.api.verify_session(&ana.digest).await,
        Err(StoreError::Unauthenticated)
    ));
}

#[tokio::test]
async fn a_session_is_touched_at_most_every_five_minutes() {
    let stack = Stack::start().await;
    let ana = stack.user("+573001110002").await;
    let touched = "select (last_used_at > now() - interval '1 minute')::int from user_sessions";
    stack
        .database
        .execute("update user_sessions set last_used_at = now() - interval '4 minutes'")
        .await;
    stack.api.verify_session(&ana.digest).await.unwrap();
    assert_eq!(stack.database.query_i64(touched).await, 0);
    stack
        .database
        .execute("update user_sessions set last_used_at = now() - interval '6 minutes'")
        .await;
    stack.api.verify_session(&ana.digest).await.unwrap();
    assert_eq!(stack.database.query_i64(touched).await, 1);
}
