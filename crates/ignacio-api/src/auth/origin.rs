//! The origin of a browser's request. Browsers attach a cookie to requests that other sites trigger,
//! so a request that changes something must prove that it comes from our own pages.

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap, HeaderName};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The web origins whose pages may call this API.
#[derive(Clone, Debug)]
pub(crate) struct Origins {
    allowed: Vec<String>,
}

impl Origins {
    /// Permits these origins, and the one that the request is sent to.
    pub(crate) const fn new(allowed: Vec<String>) -> Self {
        Self { allowed }
    }

    /// Every configured origin.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.allowed.iter().map(String::as_str)
    }

    /// Whether to serve a request that is authenticated by cookie.
    pub(crate) fn permit(&self, request: &HttpRequest) -> bool {
        request.method().is_safe() || self.is_ours(request.headers())
    }

    /// Most browsers state in `Sec-Fetch-Site` whether a request is same-origin; for the others
    /// `Origin` decides. A request with neither header is refused.
    fn is_ours(&self, headers: &HeaderMap) -> bool {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let origin = text(header::ORIGIN);
        if origin.is_some_and(|origin| self.allowed.iter().any(|it| it == origin)) {
            return true;
        }
        match text(SEC_FETCH_SITE) {
            Some(site) => site == "same-origin",
            None => origin.is_some_and(|origin| host_of(origin) == text(header::HOST)),
        }
    }
}

fn host_of(origin: &str) -> Option<&str> {
    origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"))
}

#[cfg(test)]
mod tests {
    //! With a cookie, only our own pages may change anything.

    use actix_web::http::Method;
    use actix_web::test::TestRequest;

    use super::*;

    fn is_permitted(method: &Method, site: Option<&str>, origin: Option<&str>) -> bool {
        let mut request = TestRequest::default()
            .method(method.clone())
            .insert_header(("host", "api.example.org"));
        for (name, value) in [("sec-fetch-site", site), ("origin", origin)] {
            if let Some(value) = value {
                request = request.insert_header((name, value));
            }
        }
        let origins = Origins::new(vec!["https://app.example.org".to_owned()]);
        origins.permit(&request.to_http_request())
    }

    #[test]
    fn every_combination_is_decided() {
        let sites =
            [None, Some("same-origin"), Some("same-site"), Some("cross-site"), Some("none")];
        let origins = [
            None,
            Some("https://app.example.org"),
            Some("https://api.example.org"),
            Some("https://evil.example"),
            Some("null"),
        ];
        for site in sites {
            for origin in origins {
                let expected = origin == Some("https://app.example.org")
                    || site == Some("same-origin")
                    || site.is_none() && origin == Some("https://api.example.org");
                for method in [Method::POST, Method::PATCH, Method::PUT, Method::DELETE] {
                    let permitted = is_permitted(&method, site, origin);
                    assert_eq!(permitted, expected, "{method} {site:?} {origin:?}");
                }
                assert!(is_permitted(&Method::GET, site, origin));
            }
        }
    }
}
