//! The token that a login presents does not determine the session that it opens.

use ignacio_domain::session::{DeviceToken, SessionToken};
use serde_json::{Value, json};

use crate::stack::Stack;
use crate::users::{CODE, User};

/// The user of a token's session.
async fn holder(stack: &Stack, token: &str) -> String {
    let me = stack.client.get("/v1/me").bearer(token).send().await.ok(200);
    me["id"].as_str().unwrap().to_owned()
}

/// Logs in with the right code, and with a token that an attacker has planted in the client.
async fn log_in_with(stack: &Stack, phone: &str, planted: &str, as_cookie: bool) -> Value {
    let body = json!({ "otp_id": stack.challenge(phone).await, "code": CODE });
    let call = stack.client.post("/v1/auth/sessions").json(&body);
    let call = if as_cookie {
        call.header("cookie", format!("__Host-ignacio={planted}"))
    } else {
        call.bearer(planted)
    };
    call.send().await.ok(201)
}

#[tokio::test]
async fn a_login_opens_a_new_session_whatever_token_it_presents() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let mallory = stack.participant("Mallory").await;
    let ended = stack.log_in(&mallory.phone).await;
    assert_eq!(ended.delete("/v1/sessions/current").send().await.status.as_u16(), 204);
    let unknown = SessionToken::generate(&mut rand::rng()).expose().to_owned();

    let mut tokens = vec![ana.token.clone(), mallory.token.clone()];
    let planted = [&mallory.token, &ended.token, &unknown, &ana.token];
    for (planted, as_cookie) in planted.into_iter().flat_map(|it| [(it, false), (it, true)]) {
        let opened = log_in_with(&stack, &ana.phone, planted, as_cookie).await;
        let token = opened["token"].as_str().unwrap().to_owned();
        assert!(!tokens.contains(&token) && token != *planted, "an old token");
        assert_eq!(holder(&stack, &token).await, ana.id);
        tokens.push(token);
    }
    // The planted tokens are unchanged: another user's, ended, or invalid.
    assert_eq!(holder(&stack, &mallory.token).await, mallory.id);
    for dead in [&ended.token, &unknown] {
        let refused = stack.client.get("/v1/me").bearer(dead).send().await;
        refused.problem(401, "unauthenticated");
    }
    assert_eq!(sessions_of(&mallory).await, 1);
    // Ana's first session, and one for each login.
    assert_eq!(sessions_of(&ana).await, 9);
}

async fn sessions_of(user: &User) -> usize {
    let listed = user.get("/v1/sessions").send().await.ok(200);
    listed["data"].as_array().unwrap().len()
}

#[tokio::test]
async fn another_users_device_token_is_not_known() {
    let stack = Stack::start().await;
    stack.add_participant("Ana", "+573001110002").await;
    stack.add_participant("Mallory", "+573001110003").await;
    let open = async |phone: &str, device: Option<&str>| {
        stack.database.execute("delete from rate_buckets").await;
        let body = json!({ "phone": phone, "device_token": device });
        let asked = stack.client.post("/v1/auth/otp").json(&body).send().await.ok(202);
        stack.send_codes().await;
        let body = json!({ "otp_id": asked["id"], "code": CODE });
        stack.client.post("/v1/auth/sessions").json(&body).send().await.ok(201)
    };
    let mallory = open("+573001110003", None).await;
    let of_mallory = mallory["device_token"].as_str().unwrap();
    let unknown = DeviceToken::generate(&mut rand::rng()).expose().to_owned();
    let ana = open("+573001110002", None).await;
    let of_ana = ana["device_token"].as_str().unwrap();
    for planted in [of_mallory, &unknown, "igd_", of_ana] {
        let opened = open("+573001110002", Some(planted)).await;
        let given = opened["device_token"].as_str();
        // Her own device is known, so no new token is issued.
        assert_eq!(given.is_none(), planted == of_ana, "{planted}");
        assert!(given.is_none_or(|it| it != planted));
    }
    // Each user has their own devices.
    for (phone, count) in [("+573001110002", 4), ("+573001110003", 1)] {
        let devices = format!(
            "select count(*) from known_devices d join users u on u.id = d.user_id
              where u.phone_number = '{phone}'"
        );
        assert_eq!(stack.database.query_i64(&devices).await, count, "{phone}");
    }
}
