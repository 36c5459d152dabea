//! What applies to every route: methods, languages, request ids, origins, HEAD.

use serde_json::json;

use crate::contract::operations;
use crate::stack::{ORIGIN, Stack};

#[tokio::test]
async fn only_declared_methods_are_allowed() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let paths: std::collections::BTreeSet<_> =
        operations().into_iter().map(|(_, path, _)| path).collect();
    for path in paths {
        let target = path.replace("{id}", "019ab2f4-0000-7000-8000-000000000001");
        for call in [ana.call("PROPFIND", &target), stack.client.call("TRACE", &target)] {
            let response = call.unchecked().send().await;
            let allow = response.header("allow").to_owned();
            response.problem(405, "method-not-allowed");
            let options = stack.client.call("OPTIONS", &target).unchecked().send().await;
            assert_eq!((options.status.as_u16(), options.header("allow")), (204, allow.as_str()));
            for (method, described, _) in operations() {
                if described == path {
                    assert!(allow.split(", ").any(|it| it == method), "{path}: {allow}");
                }
            }
        }
    }
    for target in [
        "/",
        "/v1",
        "/v1/nothing",
        "/v1/auth",
        "/v1/me/",
        "/v2/me",
        "/v1/admin",
        "/v1/admin/nothing",
    ] {
        for call in [ana.get(target), stack.client.get(target), stack.client.post(target)] {
            call.unchecked().send().await.problem(404, "not-found");
        }
    }
}

#[tokio::test]
async fn problems_are_in_the_callers_language() {
    let stack = Stack::start().await;
    let es = ("es", "Sin sesión", "Inicia sesión: la sesión falta, terminó o no es válida.");
    let en = ("en", "Not signed in", "Log in: the session is missing, has ended or is not valid.");
    for (accept, (language, title, detail)) in [
        (None, es),
        (Some("es-CO"), es),
        (Some("es-CO,es;q=0.9,en;q=0.8"), es),
        (Some("fr"), es),
        (Some("*"), es),
        (Some("en;q=0"), es),
        (Some("en"), en),
        (Some("en-US,en;q=0.9,es;q=0.5"), en),
        (Some("fr, EN-gb;q=0.3"), en),
    ] {
        let call = stack.client.get("/v1/me");
        let call = accept.into_iter().fold(call, |call, it| call.header("accept-language", it));
        let response = call.send().await;
        assert_eq!(response.header("content-language"), language, "{accept:?}");
        assert!(response.header("vary").to_lowercase().contains("accept-language"), "{accept:?}");
        let problem = response.problem(401, "unauthenticated");
        assert_eq!((&problem["title"], &problem["detail"]), (&json!(title), &json!(detail)));
        assert_eq!(problem["type"], "urn:ignacio:problem:unauthenticated");
        assert_eq!(problem["instance"], "/v1/me");
    }
}

#[tokio::test]
async fn validation_errors_are_in_the_callers_language() {
    let stack = Stack::start().await;
    for (accept, title, rule) in [
        ("es-CO", "Datos no válidos", "falta este campo"),
        ("en", "Invalid request", "this field is missing"),
    ] {
        let call = stack.client.post("/v1/auth/otp").header("accept-language", accept);
        let problem = call.json(&json!({})).send().await.problem(422, "invalid-request");
        assert_eq!(
            (&problem["title"], &problem["errors"][0]["detail"]),
            (&json!(title), &json!(rule))
        );
    }
}

#[tokio::test]
async fn a_valid_request_id_is_echoed() {
    let stack = Stack::start().await;
    let echoed = stack.client.get("/healthz").header("x-request-id", "abc-1").send().await;
    assert_eq!(echoed.header("x-request-id"), "abc-1");
    let replaced = stack.client.get("/healthz").header("x-request-id", "a b").send().await;
    assert_eq!(replaced.header("x-request-id").len(), 36);
}

#[tokio::test]
async fn only_allowed_origins_get_cors_headers() {
    let stack = Stack::start().await;
    let ask = |origin: &str| {
        stack
            .client
            .call("OPTIONS", "/v1/me")
            .header("origin", origin)
            .header("access-control-request-method", "PATCH")
            .header("access-control-request-headers", "authorization,content-type,if-match")
            .unchecked()
            .send()
    };
    let allowed = ask(ORIGIN).await;
    assert_eq!(allowed.status.as_u16(), 200);
    assert_eq!(allowed.header("access-control-allow-origin"), ORIGIN);
    assert_eq!(allowed.header("access-control-allow-credentials"), "true");
    let refused = ask("https://evil.example").await;
    assert_eq!(refused.header("access-control-allow-origin"), "");
    assert!(refused.status.is_client_error());

    // A problem can be read by an allowed page, too.
    let problem = stack.client.get("/v1/me").header("origin", ORIGIN).send().await;
    assert_eq!(problem.header("access-control-allow-origin"), ORIGIN);
    assert!(
        problem.header("access-control-expose-headers").to_lowercase().contains("x-request-id")
    );
    let foreign = stack.client.get("/v1/me").header("origin", "https://evil.example").send().await;
    assert_eq!(foreign.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn head_responds_like_get_without_a_body() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let get = ana.get("/v1/me").send().await;
    let head = ana.call("HEAD", "/v1/me").unchecked().send().await;
    assert_eq!((head.status, head.body.len()), (get.status, 0));
    for name in ["etag", "content-type", "content-length"] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
    let refused = stack.client.call("HEAD", "/v1/me").unchecked().send().await;
    assert_eq!((refused.status.as_u16(), refused.body.len()), (401, 0));

    // A stream has no end, but HEAD returns at once.
    let at = ana.start_conversation("uno").await;
    let posted = ana.post_message(&at, "hola").await;
    let target = format!("/v1/responses/{}/events", posted["response"]["id"].as_str().unwrap());
    let stream = ana.call("HEAD", &target).unchecked().send().await;
    assert_eq!(stream.header("content-type"), "text/event-stream");
}

#[tokio::test]
async fn invalid_bodies_are_refused_with_the_right_problem() {
    let stack = Stack::start().await;
    let call = || stack.client.post("/v1/auth/otp").header("content-type", "application/json");
    call().bytes(&b"{\"phone\": \"\xff\"}"[..]).send().await.problem(400, "malformed");
    call().bytes("{\"phone\": ").send().await.problem(400, "malformed");
    call().bytes("").send().await.problem(400, "malformed");
    call().bytes(vec![b' '; 65_537]).send().await.problem(413, "too-large");
    let refused = call().header("content-encoding", "gzip").bytes("x").send().await;
    refused.problem(415, "unsupported-media-type");
    let untyped = stack.client.post("/v1/auth/otp").bytes("{}").send().await;
    untyped.problem(415, "unsupported-media-type");
    let list = stack.client.post("/v1/auth/otp").json(&json!(["+573001234567"])).send().await;
    assert_eq!(list.invalid(), (String::new(), "wrong-type".to_owned()));

    // Without a length, the limit still applies.
    let (endless, pieces) = call().chunked();
    let feed = async {
        while pieces.send(vec![b' '; 10_000].into()).await.is_ok() {}
        std::future::pending::<()>().await;
    };
    let response = tokio::select! {
        response = endless.send() => response,
        () = feed => panic!("the feed never ends"),
    };
    response.problem(413, "too-large");
}
