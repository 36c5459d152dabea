//! Thousands of random requests: each response matches the document, and none is a 500.

use serde_json::{Value, json};

use crate::client::{Call, file_part, part};
use crate::contract::operations;
use crate::stack::Stack;
use crate::users::User;

const N_REQUESTS: usize = 2_500;

/// A small generator, the same in every run (Knuth's MMIX numbers).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.roll(from.len())]
    }
}

fn odd_text(dice: &mut Dice) -> String {
    let texts = [
        "",
        " ",
        "x",
        "\u{0}",
        "ñ",
        "\u{202e}abc",
        "null",
        "-1",
        "1e999",
        "'; drop table users; --",
        "019ab2f4-0000-7000-8000-000000000001",
        "00000000-0000-0000-0000-000000000000",
        "+573001234567",
        "+0000000000",
        "\u{1f600}",
        "%00",
        "../..",
        "\r\nX-Evil: 1",
        "es",
        "true",
        "admin",
        "participant",
        "Pidió ayuda con su plan",
    ];
    let text = (*dice.pick(&texts)).to_owned();
    if dice.roll(20) == 0 { text.repeat(3_000) } else { text }
}

fn odd_value(dice: &mut Dice, depth: usize) -> Value {
    match dice.roll(if depth == 0 { 6 } else { 8 }) {
        0 => Value::Null,
        1 => json!(dice.roll(2) == 0),
        2 => json!(*dice.pick(&[0_i64, -1, 1, i64::MAX, i64::MIN])),
        3 => json!(*dice.pick(&[0.5, -1e308, 1e-300])),
        4 | 5 => json!(odd_text(dice)),
        6 => Value::Array((0..dice.roll(4)).map(|_| odd_value(dice, depth - 1)).collect()),
        _ => odd_object(dice, depth - 1),
    }
}

fn odd_object(dice: &mut Dice, depth: usize) -> Value {
    let names = [
        "phone",
        "otp_id",
        "code",
        "device_name",
        "cookie",
        "name",
        "locale",
        "title",
        "archived",
        "pinned",
        "message",
        "content",
        "file_ids",
        "is_admin",
        "phone",
        "role",
        "active",
        "user_id",
        "reason",
        "",
        "~/",
        "__proto__",
    ];
    let n_fields = dice.roll(5);
    (0..n_fields)
        .map(|_| ((*dice.pick(&names)).to_owned(), odd_value(dice, depth)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn odd_query(dice: &mut Dice) -> String {
    let names = [
        "limit",
        "cursor",
        "archived",
        "keep_files",
        "sync_status",
        "conversation_id",
        "q",
        "after",
        "except",
        "active",
        "role",
        "count",
        "actor",
        "subject",
        "action",
        "from",
        "to",
        "x",
        "limit%00",
    ];
    let values = [
        "",
        "1",
        "100",
        "0",
        "-1",
        "true",
        "current",
        "pending",
        "%00",
        "%ff",
        "%",
        "a%20b",
        "x=y",
        "99999999999999999999",
        "admin",
        "user.read",
        "2026-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "019ab2f4-0000-7000-8000-000000000001",
    ];
    let pairs: Vec<_> = (0..dice.roll(4))
        .map(|_| format!("{}={}", dice.pick(&names), dice.pick(&values)))
        .collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

fn with_odd_headers(mut call: Call, dice: &mut Dice) -> Call {
    let headers = [
        ("accept", "text/event-stream"),
        ("accept", "text/html"),
        ("accept", "*/*;q=x"),
        ("accept", ",,;"),
        ("if-match", "*"),
        ("if-match", "\"x\""),
        ("if-none-match", "*"),
        ("if-none-match", ",,"),
        ("range", "bytes=0-0"),
        ("range", "bytes=9999-"),
        ("range", "bytes=--"),
        ("if-range", "\"x\""),
        ("last-event-id", "1"),
        ("last-event-id", "x"),
        ("accept-language", "en;q=2,*"),
        ("x-request-id", "../x"),
        ("content-type", "text/plain"),
        ("content-encoding", "br"),
        ("cookie", "__Host-ignacio=ign_x"),
        ("cookie", ";;="),
        ("origin", "null"),
        ("traceparent", "00-x"),
        ("expect", "200-ok"),
        ("authorization", "Bearer"),
    ];
    for _ in 0..dice.roll(3) {
        let (name, value) = dice.pick(&headers);
        call = call.header(name, *value);
    }
    call
}

fn with_odd_body(call: Call, dice: &mut Dice) -> Call {
    match dice.roll(6) {
        0 => call,
        1 => call.header("content-type", "application/json").bytes(odd_text(dice)),
        2 => {
            let name = ["a.txt", "a.pdf", "", "\u{202e}"][dice.roll(4)];
            let content = odd_text(dice);
            let mut parts = vec![file_part(name, "text/plain", content.as_bytes())];
            if dice.roll(2) == 0 {
                parts.insert(dice.roll(2), part("conversation_id", &odd_text(dice)));
            }
            call.form(&parts)
        }
        _ => call.json(&odd_object(dice, 3)),
    }
}

/// Ids of Ana's resources, and of users whom admins may change: not Ana's own, because she has to stay.
async fn ids_of(stack: &Stack, ana: &User, others: &[String]) -> Vec<String> {
    let at = ana.start_conversation("uno").await;
    let posted = ana.post_message(&at, "hola").await;
    let file = ana.upload_file("a.txt", b"hola").await;
    let mut ids = vec![
        "019ab2f4-0000-7000-8000-000000000001".to_owned(),
        "00000000-0000-0000-0000-000000000000".to_owned(),
        "x".to_owned(),
        "%00".to_owned(),
        "%ff".to_owned(),
        at.rsplit('/').next().unwrap().to_owned(),
    ];
    ids.extend_from_slice(others);
    let grant = "select id from access_grants order by created_at desc limit 1";
    ids.extend(stack.database.query_column(grant).await.into_iter().flatten());
    for value in [&posted["message"], &posted["reply"], &posted["response"], &file] {
        ids.push(value["id"].as_str().unwrap().to_owned());
    }
    ids
}

/// Adds another user, whose conversations the admin may read; returns ids of both.
async fn prepare(stack: &Stack, eva: &User) -> Vec<String> {
    let ben = stack.participant("Ben").await;
    let resources = stack.create_resources(&ben).await;
    let grant = json!({ "user_id": ben.id, "reason": "Pidió ayuda con su plan" });
    eva.post("/v1/admin/access-grants").json(&grant).send().await.ok(201);
    vec![ben.id, eva.id.clone(), resources.conversation, resources.erasure]
}

// 10,000 in all, in four runs that may run in parallel.

#[tokio::test]
async fn no_request_breaks_the_contract_1() {
    odd_requests(Dice(42)).await;
}

#[tokio::test]
async fn no_request_breaks_the_contract_2() {
    odd_requests(Dice(1_042)).await;
}

#[tokio::test]
async fn no_request_breaks_the_contract_3() {
    odd_requests(Dice(2_042)).await;
}

#[tokio::test]
async fn no_request_breaks_the_contract_4() {
    odd_requests(Dice(3_042)).await;
}

async fn odd_requests(mut dice: Dice) {
    let stack = Stack::start().await;
    let (mut n_good, mut n_good_by_admin) = (0, 0);
    let mut ana = stack.participant("Ana").await;
    let mut eva = stack.admin("Eva").await;
    let others = prepare(&stack, &eva).await;
    let mut ids = ids_of(&stack, &ana, &others).await;
    let all = operations();
    for number in 0..N_REQUESTS {
        let (method, path, operation) = dice.pick(&all);
        // Streams of open replies have no end; they have their own tests.
        if operation["operationId"] == "follow_response" {
            continue;
        }
        let target =
            format!("{}{}", path.replace("{id}", dice.pick::<String>(&ids)), odd_query(&mut dice));
        let mut call = stack.client.call(method, &target);
        let is_for_admins = path.starts_with("/v1/admin/");
        if dice.roll(8) > 0 {
            let by_admin = is_for_admins != (dice.roll(8) == 0);
            call = call.bearer(if by_admin { &eva.token } else { &ana.token });
        }
        let is_stream = path.ends_with("/messages") && method == "POST";
        let call = if is_stream { call } else { with_odd_headers(call, &mut dice) };
        let response = with_odd_body(call, &mut dice).send().await;
        let status = response.status.as_u16();
        assert!(status < 500, "request {number}: {method} {target}: {response:?}");
        n_good += usize::from(status < 300);
        n_good_by_admin += usize::from(status < 300 && is_for_admins);
        let may_log_out = operation["operationId"].as_str().unwrap().contains("session");
        if may_log_out && ana.get("/v1/me").send().await.status.as_u16() == 401 {
            ana = stack.log_in(&ana.phone).await;
            ids = ids_of(&stack, &ana, &others).await;
        }
        if may_log_out && eva.get("/v1/me").send().await.status.as_u16() == 401 {
            eva = stack.log_in(&eva.phone).await;
        }
    }
    assert!(n_good > N_REQUESTS / 20, "too few successes to mean anything: {n_good}");
    assert!(n_good_by_admin > N_REQUESTS / 125, "too few by an admin: {n_good_by_admin}");
}
