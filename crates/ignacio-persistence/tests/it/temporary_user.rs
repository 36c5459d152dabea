//! The temporary user of the old log can never log in. Three layers prevent it, and each suffices
//! if the other two are disabled.

use ignacio_domain::ids::UserId;
use ignacio_domain::managed_user::UserChange;
use ignacio_domain::phone::PhoneNumber;
use ignacio_persistence::StoreError;
use uuid::Uuid;

use crate::support::{Stack, redeem};

/// Disables the policies that deny the temporary user sessions and devices.
const NO_POLICY: &str = "
    alter policy user_sessions_auth_insert on user_sessions with check (true);
    alter policy known_devices_auth_insert on known_devices with check (true)";
/// Disables the policy that keeps admins from changing the temporary user.
const ANYBODYS: &str = "alter policy users_admin_update on users using (true) with check (true)";
/// Gives it a number that parses.
const NUMBERED: &str = "update users set phone_number = '+573000000000'
                         where id = '00000000-0000-0000-0000-000000000000'";

const NIL: UserId = UserId::from_uuid(Uuid::nil());

#[tokio::test]
async fn its_number_does_not_parse() {
    let stack = Stack::start().await;
    stack.database.execute(NO_POLICY).await;
    stack.database.execute(ANYBODYS).await;
    let read = "select phone_number from users
                 where id = '00000000-0000-0000-0000-000000000000'";
    let stored = stack.database.query_text(read).await;
    for typed in [stored.as_str(), "0000000000", "000000000000", "+0 000 000 000", "٠٠٠٠٠٠٠٠٠٠"]
    {
        assert!(PhoneNumber::parse(typed).is_err(), "{typed}");
    }
    // So a request with it is a request for no user.
    let challenge = stack.challenge(None).await;
    assert!(redeem(&stack.api, challenge.id).await.unwrap().is_none());
    assert_eq!(stack.database.query_i64("select count(*) from user_sessions").await, 0);
}

#[tokio::test]
async fn policies_deny_it_sessions_and_devices() {
    for policy in [
        "alter policy user_sessions_auth_insert on user_sessions with check (true)",
        "alter policy known_devices_auth_insert on known_devices with check (true)",
    ] {
        let stack = Stack::start().await;
        stack.database.execute(ANYBODYS).await;
        stack.database.execute(NUMBERED).await;
        // Each of the two without the other.
        stack.database.execute(policy).await;
        let number = PhoneNumber::parse("+573000000000").unwrap();
        let challenge = stack.challenge(Some(&number)).await;
        // As if a code had been sent nevertheless.
        stack.database.execute("update otp_codes set user_id = (select id from users)").await;
        let refused = redeem(&stack.api, challenge.id).await;
        assert!(matches!(refused, Err(StoreError::Refused(_))), "{policy}: {refused:?}");
        assert_eq!(stack.database.query_i64("select count(*) from user_sessions").await, 0);
    }
}

#[tokio::test]
async fn admins_cannot_give_it_a_number() {
    let stack = Stack::start().await;
    stack.database.execute(NO_POLICY).await;
    let ada = stack.admin("+573001110001").await;
    let number = PhoneNumber::parse("+573000000000").unwrap();
    let change = UserChange { phone: Some(number.clone()), ..Default::default() };
    let scope = stack.as_admin(&ada).await;
    assert!(scope.users().find(NIL).await.unwrap().is_none());
    assert!(scope.users().update(NIL, &change).await.unwrap().is_none());
    scope.commit().await.unwrap();
    let numbered = "select count(*) from users where phone_number = '+573000000000'";
    assert_eq!(stack.database.query_i64(numbered).await, 0);

    // The policy refused that; with it disabled, only the other layers are left.
    stack.database.execute(ANYBODYS).await;
    let scope = stack.as_admin(&ada).await;
    assert!(scope.users().update(NIL, &change).await.unwrap().is_some());
    drop(scope);
}
