//! Codes and sessions, from the request of a code to the cookie.

use serde_json::json;

use crate::stack::Stack;
use crate::users::CODE;

const KNOWN: &str = "+57 300 123 4567";

#[tokio::test]
async fn a_code_opens_a_session_whose_token_works() {
    let stack = Stack::start().await;
    stack.add_participant("Ana", KNOWN).await;
    let body = json!({
        "otp_id": stack.challenge("573001234567").await,
        "code": "123 456",
        "device_name": " Mi teléfono ",
    });

    let response = stack.client.post("/v1/auth/sessions").json(&body).send().await;

    let location = response.header("location").to_owned();
    assert_eq!(response.header("set-cookie"), "");
    let opened = response.ok(201);
    assert_eq!(location, format!("/v1/sessions/{}", opened["session"]["id"].as_str().unwrap()));
    assert_eq!(opened["session"]["device_name"], "Mi teléfono");
    assert_eq!(opened["user"]["phone"], "+573001234567");
    let token = opened["token"].as_str().unwrap();
    let me = stack.client.get("/v1/me").bearer(token).send().await.ok(200);
    assert_eq!(me["id"], opened["user"]["id"]);
    let stored = stack.database.query_text("select token_hash::text from user_sessions").await;
    assert!(!stored.contains(token));
}

#[tokio::test]
async fn unknown_inactive_and_invalid_numbers_look_like_known_ones() {
    let stack = Stack::start().await;
    stack.add_participant("Ana", KNOWN).await;
    stack.add_participant("Ben", "+573001234568").await;
    stack.database.execute("update users set is_active = false where name = 'Ben'").await;
    let mut shapes = Vec::new();
    for phone in [KNOWN, "+573001234568", "+573009999999", "+0000000000"] {
        let call = stack.client.post("/v1/auth/otp").json(&json!({ "phone": phone }));
        let response = call.send().await;
        let mut names: Vec<_> = response.headers.keys().map(ToString::to_string).collect();
        names.sort();
        let challenge = response.ok(202);
        let fields: Vec<_> = challenge.as_object().unwrap().keys().cloned().collect();
        let id_length = challenge["id"].as_str().unwrap().len();
        shapes.push((names, fields, id_length));

        let body = json!({ "otp_id": challenge["id"], "code": "000000" });
        let refused = stack.client.post("/v1/auth/sessions").json(&body).send().await;
        refused.problem(401, "code-invalid");
    }
    assert!(shapes.windows(2).all(|pair| pair[0] == pair[1]), "{shapes:?}");
    // All have a row to send, and only one of them is ever sent.
    assert_eq!(stack.database.query_i64("select count(*) from outbox").await, 4);
    assert_eq!(stack.worker.outbox().claim(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_sixth_guess_fails_even_if_it_is_right() {
    let stack = Stack::start().await;
    stack.add_participant("Ana", KNOWN).await;
    let challenge = stack.challenge(KNOWN).await;
    let guess = |code: &'static str| {
        let body = json!({ "otp_id": challenge, "code": code });
        stack.client.post("/v1/auth/sessions").json(&body).send()
    };
    for _ in 0..5 {
        guess("654321").await.problem(401, "code-invalid");
    }
    guess(CODE).await.problem(401, "code-invalid");
}

#[tokio::test]
async fn a_code_is_valid_once_and_until_it_expires() {
    let stack = Stack::start().await;
    stack.add_participant("Ana", KNOWN).await;
    let used = json!({ "otp_id": stack.challenge(KNOWN).await, "code": CODE });
    stack.client.post("/v1/auth/sessions").json(&used).send().await.ok(201);
    stack.client.post("/v1/auth/sessions").json(&used).send().await.problem(401, "code-invalid");

    let late = json!({ "otp_id": stack.challenge(KNOWN).await, "code": CODE });
    stack.database.execute("update otp_codes set expires_at = now() - interval '1 second'").await;
    stack.client.post("/v1/auth/sessions").json(&late).send().await.problem(410, "code-expired");

    let unknown = json!({ "otp_id": "019ab2f4-0000-7000-8000-000000000001", "code": CODE });
    stack.client.post("/v1/auth/sessions").json(&unknown).send().await.problem(401, "code-invalid");
}

#[tokio::test]
async fn twenty_concurrent_right_codes_open_one_session() {
    let stack = Stack::start().await;
    stack.add_participant("Ana", KNOWN).await;
    let body = json!({ "otp_id": stack.challenge(KNOWN).await, "code": CODE });
    let calls = (0..20).map(|_| stack.client.post("/v1/auth/sessions").json(&body).send());
    let answers = futures_util::future::join_all(calls).await;
    let opened = answers.iter().filter(|it| it.status.as_u16() == 201).count();
    assert_eq!(opened, 1);
    assert!(answers.iter().all(|it| matches!(it.status.as_u16(), 201 | 401)));
}

#[tokio::test]
async fn invalid_numbers_and_codes_are_refused_with_a_pointer() {
    let stack = Stack::start().await;
    for (phone, rule) in [("123", "phone-length"), ("+57 300 abc", "phone"), ("", "phone-length")] {
        let refused = stack.client.post("/v1/auth/otp").json(&json!({ "phone": phone })).send();
        assert_eq!(refused.await.invalid(), ("/phone".to_owned(), rule.to_owned()), "{phone}");
    }
    let id = "019ab2f4-0000-7000-8000-000000000001";
    let too_long = "x".repeat(101);
    for (body, place, rule) in [
        (json!({ "otp_id": id, "code": "12345" }), "/code", "code"),
        (json!({ "otp_id": "x", "code": CODE }), "/otp_id", "uuid"),
        (
            json!({ "otp_id": id, "code": CODE, "device_name": too_long }),
            "/device_name",
            "device-name",
        ),
        (
            json!({ "otp_id": id, "code": CODE, "device_name": "a\nb" }),
            "/device_name",
            "device-name",
        ),
        (json!({ "otp_id": id, "code": CODE, "is_admin": true }), "/is_admin", "unknown-field"),
        (json!({ "otp_id": id }), "/code", "required"),
        (json!({ "otp_id": id, "code": 123_456 }), "/code", "wrong-type"),
    ] {
        let refused = stack.client.post("/v1/auth/sessions").json(&body).send().await;
        assert_eq!(refused.invalid(), (place.to_owned(), rule.to_owned()), "{body}");
    }
}

#[tokio::test]
async fn a_browser_gets_a_cookie_that_logging_out_deletes() {
    let stack = Stack::start().await;
    stack.add_participant("Ana", KNOWN).await;
    let body = json!({ "otp_id": stack.challenge(KNOWN).await, "code": CODE, "cookie": true });
    let login = || stack.client.post("/v1/auth/sessions").json(&body);
    login().header("origin", "https://evil.example").send().await.problem(403, "forbidden");
    let response = login().header("sec-fetch-site", "same-origin").send().await;
    let cookie = response.header("set-cookie").to_owned();
    let token = response.ok(201)["token"].as_str().unwrap().to_owned();
    assert_eq!(
        cookie,
        format!("__Host-ignacio={token}; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=2592000")
    );

    let pair = format!("__Host-ignacio={token}");
    let me = stack.client.get("/v1/me").header("cookie", &pair).send().await;
    me.ok(200);
    let ended = stack
        .client
        .delete("/v1/sessions/current")
        .header("cookie", &pair)
        .header("sec-fetch-site", "same-origin")
        .send()
        .await;
    assert_eq!(ended.status.as_u16(), 204);
    assert!(ended.header("set-cookie").starts_with("__Host-ignacio=; "));
    let after = stack.client.get("/v1/me").header("cookie", &pair).send().await;
    after.problem(401, "unauthenticated");
}
