//! The temporary user of the old log can never log in. Three things see to it, and each suffices
//! when the two others are off.

use ignacio_domain::ids::UserId;
use ignacio_domain::managed_user::UserChange;
use ignacio_domain::phone::PhoneNumber;
use ignacio_persistence::StoreError;
use uuid::Uuid;

use crate::support::{Stack, redeem};

/// As if no policy kept sessions and devices from the temporary user.
const NO_POLICY: &str = "
    alter policy user_sessions_auth_insert on user_sessions with check (true);
    alter policy known_devices_auth_insert on known_devices with check (true)";
/// As if anybody of the staff could look after the account.
const ANYBODYS: &str = "alter policy users_admin_update on users using (true) with check (true)";
/// As if somebody had given it a number that parses.
const NUMBERED: &str = "update users set phone_number = '+573000000000'
                         where id = '00000000-0000-0000-0000-000000000000'";

const NIL: UserId = UserId::from_uuid(Uuid::nil());

#[tokio::test]
async fn its_number_is_none() {
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
    // So whoever asks with it asks for nobody.
    let challenge = stack.challenge(None).await;
    assert!(redeem(&stack.api, challenge.id).await.unwrap().is_none());
    assert_eq!(stack.database.query_i64("select count(*) from user_sessions").await, 0);
}

#[tokio::test]
async fn the_policies_let_it_have_neither_session_nor_device() {
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
        // As if a code had been sent all the same.
        stack.database.execute("update otp_codes set user_id = (select id from users)").await;
        let refused = redeem(&stack.api, challenge.id).await;
        assert!(matches!(refused, Err(StoreError::Refused(_))), "{policy}: {refused:?}");
        assert_eq!(stack.database.query_i64("select count(*) from user_sessions").await, 0);
    }
}

#[tokio::test]
async fn nobody_of_the_staff_gives_it_a_number() {
    let stack = Stack::start().await;
    stack.database.execute(NO_POLICY).await;
    let ada = stack.staff("+573001110001").await;
    let number = PhoneNumber::parse("+573000000000").unwrap();
    let change = UserChange { phone: Some(number.clone()), ..Default::default() };
    let scope = stack.as_admin(&ada).await;
    assert!(scope.users().find(NIL).await.unwrap().is_none());
    assert!(scope.users().update(NIL, &change).await.unwrap().is_none());
    scope.commit().await.unwrap();
    let numbered = "select count(*) from users where phone_number = '+573000000000'";
    assert_eq!(stack.database.query_i64(numbered).await, 0);

    // That was the policy's doing, and with it off, only the other layers are left.
    stack.database.execute(ANYBODYS).await;
    let scope = stack.as_admin(&ada).await;
    assert!(scope.users().update(NIL, &change).await.unwrap().is_some());
    drop(scope);
}
