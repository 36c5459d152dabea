//! The request log: a line and two metrics per request, without any value of a query, header or body.

use std::time::Instant;

use actix_web::HttpRequest;
use actix_web::dev::ServiceRequest;
use actix_web::http::{Method, StatusCode};

/// Requests that matched no route share one label.
const NO_ROUTE: &str = "-";

/// A request whose response is still to come.
pub(super) struct RequestLog {
    method: &'static str,
    started: Instant,
}

impl RequestLog {
    /// Starts the timer.
    pub(super) fn start(request: &ServiceRequest) -> Self {
        Self { method: label(request.method()), started: Instant::now() }
    }

    /// Counts and logs the response. A stream counts when its head is sent.
    pub(super) fn finish(self, request: &HttpRequest, status: StatusCode) {
        let route = request.match_pattern().unwrap_or_else(|| NO_ROUTE.to_owned());
        let took = self.started.elapsed();
        tracing::info!(
            http.request.method = self.method,
            http.route = route,
            http.response.status_code = status.as_u16(),
            ms = took.as_secs_f64() * 1000.0,
            "answered"
        );
        metrics::histogram!(
            "http_request_duration_seconds",
            "method" => self.method, "route" => route.clone()
        )
        .record(took.as_secs_f64());
        metrics::counter!(
            "http_requests_total",
            "method" => self.method, "route" => route, "status" => status.as_str().to_owned()
        )
        .increment(1);
    }
}

/// Maps invented methods to one label, so that clients cannot create new time series.
fn label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PATCH" => "PATCH",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "OTHER",
    }
}
