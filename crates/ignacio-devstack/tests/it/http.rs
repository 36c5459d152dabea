//! The few lines of an HTTP client that the tests need, and a place for webhooks to arrive.

use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt as _, Full};
use hyper::{HeaderMap, Request, Response, body::Bytes, service::service_fn};
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinSet};

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

/// Fetches `url`, with a bearer token if one is given.
pub(crate) async fn get(url: &str, token: Option<&str>) -> Answer {
    send("GET", url, token, &Value::Null).await.expect("an answer")
}

/// Sends a JSON body; an error is a connection that broke, before or within the answer.
pub(crate) async fn send(
    method: &str,
    url: &str,
    token: Option<&str>,
    body: &Value,
) -> Result<Answer, String> {
    let mut request =
        Request::builder().method(method).uri(url).header("content-type", "application/json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let request = request.body(Full::new(Bytes::from(body))).unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.request(request).await.map_err(|_broken| "no answer".to_owned())?;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.map_err(|_broken| "half an answer".to_owned())?;
    Ok(Answer { status, body: String::from_utf8(body.to_bytes().into()).unwrap() })
}

/// A webhook as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Arrived {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// A service that takes webhooks; it ends with the test's runtime.
pub(crate) struct Callback {
    pub(crate) url: String,
    arrived: Arc<Mutex<Vec<Arrived>>>,
    _serving: JoinSet<()>,
}

impl Callback {
    /// Answers every request with 200 and keeps it.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1/webhooks/whatsapp", listener.local_addr().unwrap());
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let mut serving = JoinSet::new();
        let kept = Arc::clone(&arrived);
        serving.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kept = Arc::clone(&kept);
                let respond = service_fn(move |request: Request<hyper::body::Incoming>| {
                    let kept = Arc::clone(&kept);
                    async move {
                        let (head, body) = request.into_parts();
                        let body = body.collect().await?.to_bytes();
                        kept.lock().unwrap().push(Arrived { headers: head.headers, body });
                        Ok::<_, hyper::Error>(Response::new(Full::new(Bytes::new())))
                    }
                });
                let http = auto::Builder::new(TokioExecutor::new());
                let _left = http.serve_connection(TokioIo::new(stream), respond).await;
            }
        });
        Self { url, arrived, _serving: serving }
    }

    /// What arrived since the last look.
    pub(crate) fn take(&self) -> Vec<Arrived> {
        std::mem::take(&mut *self.arrived.lock().unwrap())
    }
}
