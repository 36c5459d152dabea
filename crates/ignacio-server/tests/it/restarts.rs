//! Stopping in the middle of work, and what the log contains meanwhile.

use ignacio_devstack::openai::{Effect, Fault, Script};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::{
    process::SECRET,
    stack::{Stack, events, text},
};

const PHONE: &str = "+573001110002";

#[tokio::test]
async fn a_reply_continues_over_a_restart_and_its_reader_misses_nothing() {
    let mut stack = Stack::start().await;
    let ana = stack.participant(PHONE).await;
    let token = ana.token.clone();
    let conversation = ana.conversation().await;
    let words: Vec<String> = (0..80).map(|n| format!("palabra{n} ")).collect();
    stack.openai.script(Script::deltas(words.clone()));
    let slowly = Fault::new(Effect::Slow { millis: 20 });
    stack.openai.fault(slowly.on("POST", "/v1/responses"));

    let mut stream = ana
        .request(Method::POST, &format!("/v1/conversations/{conversation}/messages"))
        .header("Accept", "text/event-stream")
        .json(&json!({ "content": "Cuenta." }))
        .send()
        .await
        .unwrap();
    let mut read = String::new();
    while !read.contains("palabra5") {
        read.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap());
    }
    let stopping = tokio::task::spawn_blocking(move || {
        stack.stop();
        stack
    });
    while let Ok(Some(more)) = stream.chunk().await {
        read.push_str(std::str::from_utf8(&more).unwrap());
    }
    let mut stack = stopping.await.unwrap();
    let before = events(&read);
    assert_ne!(before.last().unwrap().kind, "response.completed", "it was stopped too late");

    stack.start_again(&[]);
    let id = before[0].data["response_id"].as_str().unwrap();
    let rest = stack
        .user(&token)
        .request(Method::GET, &format!("/v1/responses/{id}/events"))
        .header("Last-Event-ID", before.last().unwrap().id.to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(rest.status(), StatusCode::OK);
    let after = events(&rest.text().await.unwrap());
    assert_eq!(after.last().unwrap().kind, "response.completed");
    assert_eq!(format!("{}{}", text(&before), text(&after)), words.concat());
    assert_eq!(stack.openai.counters().responses, 1);
}

#[tokio::test]
async fn a_verbose_log_contains_nothing_private() {
    let mut stack = Stack::start().await;
    stack.stop();
    stack.start_again(&[("IGNACIO_LOG", "debug")]);
    let ana = stack.participant(PHONE).await;
    let token = ana.token.clone();
    ana.document("nombre privado.txt", "El saldo privado es de cuatrolunas exactas.").await;
    let conversation = ana.conversation().await;
    let reply = text(&ana.ask(&conversation, "¿Cuál es el saldo privado?").await);
    assert!(reply.contains("cuatrolunas"), "{reply}");
    let code = stack.whatsapp.code_for(PHONE).unwrap();
    ana.get("/v1/files").await;
    let wrong = json!({ "otp_id": "01900000-0000-7000-8000-000000000000", "code": code });
    let refused = stack.request(Method::POST, "/v1/auth/sessions").json(&wrong).send().await;
    assert_eq!(refused.unwrap().status(), StatusCode::UNAUTHORIZED);

    let log = stack.stop();
    assert!(log.lines().count() > 20, "{log}");
    let private = [
        "3001110002",
        &code,
        &token,
        "privado",
        "cuatrolunas",
        "Participante",
        SECRET,
        "sk-nobody",
        "a token",
    ];
    for line in log.lines() {
        for word in private {
            // Ids and times are full of digits, and a code has only six of them.
            let stands_alone = line.split(|it: char| !it.is_alphanumeric()).any(|it| it == word);
            let is_in = if word == code { stands_alone } else { line.contains(word) };
            assert!(!is_in, "`{word}` is in the log: {line}");
        }
    }
}
