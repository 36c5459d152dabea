//! The real program with the stand-ins, and users who use it only over HTTP.

mod replicas;

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use ignacio_devstack::{
    OpenAiOptions, OpenAiStandIn, S3Options, S3StandIn, TestDatabase, WhatsAppOptions,
    WhatsAppStandIn, log_leak_scan,
};
use ignacio_domain::{
    locale::Locale,
    phone::PhoneNumber,
    user::{Role, UserName},
};
use ignacio_persistence::{NewUser, OwnerDb};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

pub(crate) use self::replicas::{SERVE, SERVE_WITH_WORKER};
use crate::process::{Running, Variables};

/// Models with quotas that no test reaches by chance.
const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/stack/models.toml");
/// How long the background work may take on a busy machine.
const TIMEOUT: Duration = Duration::from_mins(1);
/// The interval of polls: at first, and at last.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// Counts posted messages, each of which has its own key.
static N_QUESTIONS: AtomicU64 = AtomicU64::new(0);

/// Ignacio and everything that it talks to.
pub(crate) struct Stack {
    pub(crate) database: TestDatabase,
    pub(crate) s3: S3StandIn,
    pub(crate) openai: OpenAiStandIn,
    pub(crate) whatsapp: WhatsAppStandIn,
    /// First the serving processes, then the worker, if that is a separate process.
    processes: Vec<Running>,
    variables: Variables,
    owner: OwnerDb,
    http: reqwest::Client,
}

impl Stack {
    /// One process that serves and runs the jobs.
    pub(crate) async fn start() -> Self {
        Self::start_replicas(&[SERVE_WITH_WORKER], &[]).await
    }

    /// One process that serves and another that runs the jobs.
    pub(crate) async fn start_with_separate_worker() -> Self {
        let mut stack = Self::start_replicas(&[SERVE], &[]).await;
        stack.start_worker();
        stack
    }

    /// The stand-ins and the database, without a process of Ignacio.
    async fn without_processes() -> Self {
        ignacio_integrations::http::install_crypto();
        let database = TestDatabase::create().await;
        let s3 = S3StandIn::start(S3Options::default()).unwrap();
        s3.create_bucket("user-files").unwrap();
        let openai = OpenAiStandIn::start(OpenAiOptions::for_tests()).unwrap();
        let whatsapp = WhatsAppStandIn::start(WhatsAppOptions {
            app_secret: "app-secret".to_owned(),
            ..WhatsAppOptions::default()
        })
        .unwrap();
        let variables = Variables::for_serve(&database)
            .with("APP_ENV", "production")
            .with("S3_ENDPOINT", s3.endpoint())
            .with("S3_ACCESS_KEY_ID", s3.access_key())
            .with("S3_SECRET_ACCESS_KEY", s3.secret_key())
            .with("OPENAI_API_KEY", "sk-nobody")
            .with("OPENAI_BASE_URL", openai.base_url())
            .with("WHATSAPP_BASE_URL", format!("{}/v23.0", whatsapp.base_url()))
            .with("WHATSAPP_PHONE_NUMBER_ID", ignacio_devstack::whatsapp::PHONE_NUMBER_ID)
            .with("WHATSAPP_ACCESS_TOKEN", "a token")
            .with("WHATSAPP_APP_SECRET", "app-secret")
            .with("IGNACIO_MODELS_FILE", MODELS);
        #[expect(clippy::disallowed_methods, reason = "a client of the service, not the service")]
        let http = reqwest::Client::new();
        let owner = OwnerDb::connect(&database.owner_url().into()).await.unwrap();
        let processes = Vec::new();
        Self { database, s3, openai, whatsapp, processes, variables, owner, http }
    }

    /// Stops the only process gracefully; returns what it logged.
    pub(crate) fn stop(&mut self) -> String {
        self.processes.remove(0).stop()
    }

    /// Starts it again, with additional variables.
    pub(crate) fn start_again(&mut self, more: &[(&'static str, &str)]) {
        let variables = more
            .iter()
            .fold(self.variables.clone(), |variables, (name, value)| variables.with(name, *value));
        self.processes.push(Running::start(&["serve", "--with-worker"], &variables));
    }

    /// A user with a session.
    pub(crate) fn user(&self, token: &str) -> User<'_> {
        User { stack: self, token: token.to_owned() }
    }

    /// The URL of the API.
    pub(crate) fn api(&self) -> &str {
        &self.processes[0].api
    }

    /// A request without a session.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.api()))
    }

    /// Adds a user and logs them in with a code.
    pub(crate) async fn participant(&self, phone: &str) -> User<'_> {
        let new = NewUser {
            phone: PhoneNumber::parse(phone).unwrap(),
            name: UserName::parse("Ana Participante").unwrap(),
            role: Role::Participant,
            locale: Locale::Es,
        };
        self.owner.add_user(&new).await.unwrap();
        let asked = self.request_code(phone).await;
        let mut code = None;
        until("a code", async || {
            code = self.whatsapp.code_for(phone);
            code.is_some()
        })
        .await;
        let login = json!({ "otp_id": asked["id"], "code": code, "device_name": "teléfono" });
        let sessions = || self.request(Method::POST, "/v1/auth/sessions");
        let response = retry_while_full(|| sessions().json(&login)).await;
        assert_eq!(response.status(), StatusCode::CREATED);
        let body: Value = response.json().await.unwrap();
        log_leak_scan::note_json(&login);
        log_leak_scan::note_json(&body);
        User { stack: self, token: body["token"].as_str().unwrap().to_owned() }
    }

    /// Requests a code; the response is the same for every number.
    pub(crate) async fn request_code(&self, phone: &str) -> Value {
        // As if no code had been requested recently.
        self.database.execute("delete from rate_buckets").await;
        let body = json!({ "phone": phone });
        let response =
            retry_while_full(|| self.request(Method::POST, "/v1/auth/otp").json(&body)).await;
        assert_eq!(response.status(), StatusCode::ACCEPTED);
        response.json().await.unwrap()
    }
}

/// A logged-in user.
pub(crate) struct User<'s> {
    stack: &'s Stack,
    pub(crate) token: String,
}

impl User<'_> {
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.stack.request(method, path).bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let response = retry_while_full(|| self.request(Method::GET, path)).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.unwrap()
    }

    pub(crate) async fn status(&self, method: Method, path: &str) -> StatusCode {
        self.request(method, path).send().await.unwrap().status()
    }

    /// Uploads a text and waits until it can be searched; returns its id.
    pub(crate) async fn document(&self, name: &str, text: &str) -> String {
        log_leak_scan::note(name);
        log_leak_scan::note(text);
        let response = retry_while_full(|| {
            let part = reqwest::multipart::Part::text(text.to_owned()).file_name(name.to_owned());
            let form = reqwest::multipart::Form::new().part("file", part);
            self.request(Method::POST, "/v1/files").multipart(form)
        })
        .await;
        assert_eq!(response.status(), StatusCode::CREATED);
        let file: Value = response.json().await.unwrap();
        assert_eq!(file["sync"]["status"], "pending");
        let id = file["id"].as_str().unwrap().to_owned();
        let path = format!("/v1/files/{id}");
        until("a synced file", async || self.get(&path).await["sync"]["status"] == "synced").await;
        id
    }

    pub(crate) async fn conversation(&self) -> String {
        let conversations = || self.request(Method::POST, "/v1/conversations");
        let response = retry_while_full(|| conversations().json(&json!({}))).await;
        assert_eq!(response.status(), StatusCode::CREATED);
        let body: Value = response.json().await.unwrap();
        body["id"].as_str().unwrap().to_owned()
    }

    /// Posts a message, and reads the stream to its end.
    pub(crate) async fn ask(&self, conversation: &str, content: &str) -> Vec<Event> {
        self.post_message(conversation, &json!({ "content": content })).await
    }

    pub(crate) async fn post_message(&self, conversation: &str, message: &Value) -> Vec<Event> {
        let path = format!("/v1/conversations/{conversation}/messages");
        // The key lets a request that was turned away after it was stored be repeated safely.
        let key = format!("question-{}", N_QUESTIONS.fetch_add(1, Ordering::Relaxed));
        let question = || self.request(Method::POST, &path).header("Idempotency-Key", &key);
        let response =
            retry_while_full(|| question().header("Accept", "text/event-stream").json(message))
                .await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        events(&response.text().await.unwrap())
    }

    /// The messages of a conversation, newest first.
    pub(crate) async fn messages(&self, conversation: &str) -> Vec<Value> {
        let page = self.get(&format!("/v1/conversations/{conversation}/messages")).await;
        page["data"].as_array().unwrap().clone()
    }
}

/// One event of a stream.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) id: i64,
    pub(crate) kind: String,
    pub(crate) data: Value,
}

/// The events of a finished stream.
pub(crate) fn events(stream: &str) -> Vec<Event> {
    stream
        .split("\n\n")
        .filter_map(|block| {
            let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
            Some(Event {
                id: field("id: ")?.parse().unwrap(),
                kind: field("event: ")?.to_owned(),
                data: serde_json::from_str(field("data: ")?).unwrap(),
            })
        })
        .collect()
}

/// The text of a stream's deltas.
pub(crate) fn text(events: &[Event]) -> String {
    let deltas = events.iter().filter(|it| it.kind == "delta");
    deltas.map(|it| it.data["text"].as_str().unwrap()).collect()
}

/// The response to a request. Under load the service turns requests away for a moment; a retry gets
/// through.
pub(crate) async fn retry_while_full(request: impl Fn() -> RequestBuilder) -> Response {
    let mut body = None;
    until("a place", async || {
        let response = request().send().await.unwrap();
        let is_full = response.status() == StatusCode::SERVICE_UNAVAILABLE;
        body = Some(response);
        !is_full
    })
    .await;
    body.unwrap()
}

/// Polls for a limited time, at growing intervals: many that poll without pause would keep the
/// service from what they wait for.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let (end, mut pause) = (Instant::now() + TIMEOUT, SHORTEST_PAUSE);
    while Instant::now() < end {
        if is_so().await {
            return;
        }
        sleep(pause).await;
        pause = LONGEST_PAUSE.min(pause + pause / 2);
    }
    panic!("{what} did not come within {TIMEOUT:?}");
}
