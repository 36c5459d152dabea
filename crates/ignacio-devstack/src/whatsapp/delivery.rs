//! The way of a webhook to the service.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};

use crate::DevstackError;

/// Meta waits about as long.
const LIMIT: Duration = Duration::from_secs(10);

/// Posts a signed body; gives the status of the answer.
pub(super) async fn post(url: &str, signature: &str, body: String) -> Result<u16, DevstackError> {
    let failed = |detail: String| DevstackError::Callback { url: url.to_owned(), detail };
    let request = Request::post(url)
        .header("content-type", "application/json")
        .header("user-agent", "facebookexternalua")
        .header("x-hub-signature-256", signature)
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| failed(error.to_string()))?;
    let client = Client::builder(TokioExecutor::new()).build_http();
    match tokio::time::timeout(LIMIT, client.request(request)).await {
        Ok(Ok(answer)) => Ok(answer.status().as_u16()),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(_elapsed) => Err(failed(format!("no answer in {} seconds", LIMIT.as_secs()))),
    }
}
