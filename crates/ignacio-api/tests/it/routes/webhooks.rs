//! Webhooks of WhatsApp: only Meta can post them, and each is stored.

use ignacio_api::AppSecrets;
use ignacio_devstack::{scale, whatsapp::sign};

use crate::client::ApiResponse;
use crate::stack::{APP_SECRET, Stack, VERIFY_TOKEN};

const PATH: &str = "/v1/webhooks/whatsapp";
const INBOX: &str = "select count(*) from webhook_inbox";

impl Stack {
    async fn verify(&self, query: &str) -> ApiResponse {
        self.client.get(format!("{PATH}?{query}")).send().await
    }

    async fn receive(&self, signature: &str, body: impl Into<Vec<u8>>) -> ApiResponse {
        let call = self.client.post(PATH).header("content-type", "application/json");
        call.header("x-hub-signature-256", signature).bytes(body.into()).send().await
    }

    async fn receive_signed(&self, body: &[u8]) -> ApiResponse {
        self.receive(&sign(APP_SECRET, body), body).await
    }

    async fn n_stored(&self) -> i64 {
        self.database.query_i64(INBOX).await
    }
}

fn verification_query(token: &str, challenge: &str) -> String {
    format!("hub.mode=subscribe&hub.verify_token={token}&hub.challenge={challenge}")
}

#[tokio::test]
async fn the_right_verify_token_gets_the_challenge_back() {
    let stack = Stack::start().await;
    // Meta may add parameters, in any order.
    for query in [
        verification_query(VERIFY_TOKEN, "1158201444"),
        format!("{}&hub.more=1", verification_query(VERIFY_TOKEN, "1158201444")),
        format!("hub.challenge=1158201444&hub.verify_token={VERIFY_TOKEN}&hub.mode=subscribe"),
    ] {
        let response = stack.verify(&query).await;
        assert_eq!(response.status, 200, "{query}");
        assert!(response.header("content-type").starts_with("text/plain"), "{response:?}");
        assert_eq!(response.body, "1158201444");
    }
}

#[tokio::test]
async fn a_wrong_verify_token_or_challenge_gets_nothing_back() {
    let stack = Stack::start().await;
    for token in ["", "x", "verify-toke", "verify-token2", "VERIFY-TOKEN", "app-secret"] {
        stack.verify(&verification_query(token, "1")).await.problem(403, "forbidden");
    }
    for challenge in ["", "a%20b", "%3Cscript%3E", "%C3%B1", "a.b", &"x".repeat(257)] {
        let refused = stack.verify(&verification_query(VERIFY_TOKEN, challenge)).await.invalid();
        assert_eq!(refused, ("/hub.challenge".to_owned(), "wrong-value".to_owned()));
    }
    let other_mode = verification_query(VERIFY_TOKEN, "1").replace("subscribe", "unsubscribe");
    assert_eq!(stack.verify(&other_mode).await.invalid().0, "/hub.mode");
    assert_eq!(stack.verify("hub.mode=subscribe").await.invalid().1, "required");

    let stack = Stack::with(|it| it.webhook.verify_token = None).await;
    for token in ["", VERIFY_TOKEN] {
        stack.verify(&verification_query(token, "1")).await.problem(403, "forbidden");
    }
}

#[tokio::test]
async fn a_signed_webhook_is_stored_once_byte_for_byte() {
    let stack = Stack::start().await;
    let bodies: [&[u8]; 6] = [
        br#"{"object":"whatsapp_business_account","entry":[]}"#,
        "{\"name\":\"Ana 🌱 ñandú\"}".as_bytes(),
        br#"{"name":"Ana \ud83c\udf31 \u00f1and\u00fa","url":"https:\/\/example.org"}"#,
        // Any body is accepted, whatever is in it.
        b"",
        b"{",
        b"\xff\xfe\x00",
    ];
    for body in bodies {
        for _ in 0..5 {
            let response = stack.receive_signed(body).await;
            assert_eq!((response.status.as_u16(), response.body.len()), (200, 0), "{body:?}");
        }
    }
    assert_eq!(stack.n_stored().await, 6);
    let same = "select bool_and(digest = sha256(body))::text from webhook_inbox";
    assert_eq!(stack.database.query_text(same).await, "true");
}

#[tokio::test]
async fn a_webhook_with_a_wrong_signature_is_not_stored() {
    let stack = Stack::start().await;
    let body = br#"{"object":"whatsapp_business_account"}"#;
    let good = sign(APP_SECRET, body);
    let (prefix, hex) = good.split_at(7);
    let (short, _) = good.split_at(70);
    for signature in ["", prefix, hex, short, &sign("other", body)] {
        let refused = stack.receive(signature, body).await;
        assert!(refused.header("www-authenticate").starts_with("X-Hub-Signature-256"));
        refused.problem(401, "signature-invalid");
    }
    stack.receive(&good, &b"{}"[..]).await.problem(401, "signature-invalid");
    stack.client.post(PATH).bytes("{}").send().await.problem(401, "signature-invalid");
    let twice = stack.client.post(PATH).header("x-hub-signature-256", &good);
    let twice = twice.header("x-hub-signature-256", &good).bytes(&body[..]);
    twice.send().await.problem(401, "signature-invalid");
    assert_eq!(stack.n_stored().await, 0);
}

#[tokio::test]
async fn app_secrets_can_be_rotated_without_a_gap() {
    let stack =
        Stack::with(|it| it.webhook.app_secrets = AppSecrets::new(["new", "old"].map(Into::into)))
            .await;
    for (secret, status) in [("new", 200), ("old", 200), (APP_SECRET, 401), ("", 401)] {
        let response = stack.receive(&sign(secret, secret.as_bytes()), secret).await;
        assert_eq!(response.status, status, "{secret}");
    }
    let stack = Stack::with(|it| it.webhook.app_secrets = AppSecrets::default()).await;
    for secret in [APP_SECRET, ""] {
        let refused = stack.receive(&sign(secret, b"{}"), &b"{}"[..]).await;
        refused.problem(401, "signature-invalid");
    }
}

#[tokio::test]
async fn no_forged_webhook_is_accepted() {
    let stack = Stack::start().await;
    let n_forged = scale(500, 50_000_u32);
    for number in 0..n_forged {
        let body = format!("{{\"number\":{number}}}");
        let signature = match number % 5 {
            0 => sign("app-secret ", body.as_bytes()),
            1 => sign(APP_SECRET, format!("{body} ").as_bytes()),
            2 => format!("sha256={number:064x}"),
            3 => sign(APP_SECRET, body.as_bytes()).replace("sha256", "sha1"),
            _ => sign("", body.as_bytes()),
        };
        let response = stack.receive(&signature, body).await;
        assert_eq!(response.status, 401, "{signature}");
    }
    println!("{n_forged} forged, {} kept", stack.n_stored().await);
    assert_eq!(stack.n_stored().await, 0);
    assert_eq!(stack.receive_signed(b"{}").await.status, 200);
}

#[tokio::test]
async fn a_webhook_has_at_most_four_mebibytes() {
    let stack = Stack::start().await;
    let most = 4 * 1024 * 1024;
    assert_eq!(stack.receive_signed(&vec![b' '; most]).await.status, 200);
    let over = vec![b' '; most + 1];
    stack.receive_signed(&over).await.problem(413, "too-large");
    // An unsigned body is refused before its size matters.
    stack.receive("sha256=", over).await.problem(401, "signature-invalid");
    assert_eq!(stack.n_stored().await, 1);
}

#[tokio::test]
async fn a_webhook_is_retried_while_the_database_is_down() {
    let stack = Stack::start().await;
    let name = stack.database.name();
    stack.database.execute(&format!("alter database {name} connection limit 0")).await;
    let gone = "select pg_terminate_backend(pid) from pg_stat_activity
                 where datname = current_database() and usename = 'ignacio_auth'";
    stack.database.execute(gone).await;

    stack.receive_signed(b"{}").await.problem(503, "unavailable");
}
