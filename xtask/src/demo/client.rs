//! A client of the REST API that uses only what the API documents.

use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::{
    Method, Response, StatusCode,
    header::{ACCEPT, ACCEPT_LANGUAGE, RETRY_AFTER},
    multipart::{Form, Part},
};
use serde_json::Value;

/// The limit for a response to begin, and for silence in a stream.
const READ_TIMEOUT: Duration = Duration::from_mins(1);

/// The API and the outbox of the WhatsApp stand-in.
pub(super) struct Client {
    http: reqwest::Client,
    api: String,
    whatsapp: String,
    token: Option<String>,
}

impl Client {
    #[expect(
        clippy::disallowed_methods,
        reason = "the demo is a client, not a part of the service"
    )]
    pub(super) fn new(api: &str, whatsapp: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .read_timeout(READ_TIMEOUT)
            .build()?;
        let bare = |url: &str| url.trim_end_matches('/').to_owned();
        Ok(Self { http, api: bare(api), whatsapp: bare(whatsapp), token: None })
    }

    /// Sends this session token with all further requests.
    pub(super) fn set_token(&mut self, token: String) {
        self.token = Some(token);
    }

    /// Sends a request; `body` is JSON.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Response> {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().await.with_context(|| format!("{path} no respondió"))
    }

    /// Sends a request and returns the JSON of the response, which must have the expected status.
    pub(super) async fn json(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        expected: StatusCode,
    ) -> anyhow::Result<Value> {
        let response =
            expect_status(self.send(method, path, body).await?, path, &[expected]).await?;
        response.json().await.with_context(|| format!("{path} no respondió con JSON"))
    }

    /// Sends a request whose response has no body.
    pub(super) async fn send_without_body(
        &self,
        method: Method,
        path: &str,
    ) -> anyhow::Result<StatusCode> {
        let expected = [StatusCode::NO_CONTENT, StatusCode::ACCEPTED];
        Ok(expect_status(self.send(method, path, None).await?, path, &expected).await?.status())
    }

    /// The status of a GET request.
    pub(super) async fn status(&self, path: &str) -> anyhow::Result<StatusCode> {
        Ok(self.send(Method::GET, path, None).await?.status())
    }

    /// Uploads a file.
    pub(super) async fn upload(&self, name: &str, bytes: &'static [u8]) -> anyhow::Result<Value> {
        let path = "/v1/files";
        let part = Part::bytes(bytes).file_name(name.to_owned()).mime_str("application/pdf")?;
        let request = self.request(Method::POST, path).multipart(Form::new().part("file", part));
        let response = request.send().await.with_context(|| format!("{path} no respondió"))?;
        let response = expect_status(response, path, &[StatusCode::CREATED]).await?;
        response.json().await.context("la respuesta no es JSON")
    }

    /// Posts a message and returns the stream of the reply.
    pub(super) async fn stream(&self, path: &str, body: &Value) -> anyhow::Result<Response> {
        let request = self.request(Method::POST, path).json(body);
        let response = request
            .header(ACCEPT, "text/event-stream")
            .send()
            .await
            .with_context(|| format!("{path} no respondió"))?;
        expect_status(response, path, &[StatusCode::OK]).await
    }

    /// The messages that the WhatsApp stand-in received for a number, newest first.
    pub(super) async fn outbox(&self, phone: &str) -> anyhow::Result<Vec<Value>> {
        let url = format!("{}/outbox", self.whatsapp);
        let response = self.http.get(&url).query(&[("to", phone)]).send().await;
        let response = response.with_context(|| format!("{url} no respondió"))?;
        if !response.status().is_success() {
            bail!("{url} no es el doble de WhatsApp de `dev`: el código llega solo al teléfono");
        }
        Ok(response.json().await?)
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.api));
        let request = request.header(ACCEPT_LANGUAGE, "es");
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
}

/// The pause that a rate-limited response asks for, unless it is too long.
pub(super) fn short_pause(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    let pause = Duration::from_secs(seconds);
    (response.status() == StatusCode::TOO_MANY_REQUESTS && pause <= READ_TIMEOUT).then_some(pause)
}

/// A response with one of the expected statuses; otherwise an error with the details of the problem.
pub(super) async fn expect_status(
    response: Response,
    path: &str,
    expected: &[StatusCode],
) -> anyhow::Result<Response> {
    let status = response.status();
    if expected.contains(&status) {
        return Ok(response);
    }
    let wait =
        response.headers().get(RETRY_AFTER).and_then(|it| it.to_str().ok()).map(str::to_owned);
    let problem: Value = response.json().await.unwrap_or_default();
    let field = |name: &str| problem.get(name).and_then(Value::as_str).unwrap_or("—").to_owned();
    let wait = wait.map_or_else(String::new, |seconds| format!("; probar de nuevo en {seconds} s"));
    bail!(
        "{path} respondió {status} {}: {}{wait} (petición {})",
        field("code"),
        field("detail"),
        field("request_id")
    )
}

/// A text in a response, by JSON pointer.
pub(super) fn text(value: &Value, pointer: &str) -> anyhow::Result<String> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.map(str::to_owned).with_context(|| format!("a la respuesta le falta {pointer}: {value}"))
}
