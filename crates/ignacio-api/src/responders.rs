//! The few forms in which routes answer: one object with its tag, a new object with its place, a
//! page with the way to the next.

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, Responder, body};
use serde::Serialize;

use crate::etag::Etag;
use crate::views::page::{CountedPageView, PageView};

/// One object: 200 with its entity tag, or 304 when the client has it.
pub(crate) struct Tagged<T>(pub(crate) T);

/// A new object: 201 with its place.
pub(crate) struct Created<T> {
    pub(crate) location: String,
    pub(crate) view: T,
}

/// One object as it is now: 200.
pub(crate) struct Kept<T>(pub(crate) T);

/// Work that was taken on: 202.
pub(crate) struct Accepted<T>(pub(crate) T);

/// Work that was taken on, and where it can be followed: 202 with its place.
pub(crate) struct Begun<T> {
    pub(crate) location: String,
    pub(crate) view: T,
}

/// Nothing more to say: 204.
pub(crate) struct Done;

impl<T: Serialize> Responder for Tagged<T> {
    type Body = body::BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let tag = match Etag::of(&self.0) {
            Ok(tag) => tag,
            Err(error) => return HttpResponse::from_error(error),
        };
        if is_unchanged(request, &tag) {
            return unchanged(&tag);
        }
        let mut answer = HttpResponse::Ok().json(self.0);
        tag_with(answer.headers_mut(), &tag);
        answer
    }
}

/// Whether a reading request names the tag of what the client has.
pub(crate) fn is_unchanged(request: &HttpRequest, tag: &Etag) -> bool {
    request.method() == Method::GET && tag.is_known_to(request.headers())
}

/// 304: the client has it.
pub(crate) fn unchanged(tag: &Etag) -> HttpResponse {
    let mut answer = HttpResponse::NotModified().body(body::None::new());
    tag_with(answer.headers_mut(), tag);
    answer
}

/// Lets the client keep the answer, and ask whether it is still good before each use.
pub(crate) fn tag_with(headers: &mut HeaderMap, tag: &Etag) {
    if let Ok(value) = header::HeaderValue::from_str(tag.as_str()) {
        headers.insert(header::ETAG, value);
        let policy = header::HeaderValue::from_static("private, no-cache");
        headers.insert(header::CACHE_CONTROL, policy);
    }
}

impl<T: Serialize> Responder for Created<T> {
    type Body = body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Created().insert_header((header::LOCATION, self.location)).json(self.view)
    }
}

impl<T: Serialize> Responder for Kept<T> {
    type Body = body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().json(self.0)
    }
}

impl<T: Serialize> Responder for Accepted<T> {
    type Body = body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Accepted().json(self.0)
    }
}

impl<T: Serialize> Responder for Begun<T> {
    type Body = body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Accepted().insert_header((header::LOCATION, self.location)).json(self.view)
    }
}

impl Responder for Done {
    type Body = body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::NoContent().finish()
    }
}

impl<T: Serialize> Responder for PageView<T> {
    type Body = body::BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        page(request, self.next_cursor.as_deref(), &self)
    }
}

impl<T: Serialize> Responder for CountedPageView<T> {
    type Body = body::BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        page(request, self.next_cursor.as_deref(), &self)
    }
}

fn page(request: &HttpRequest, next: Option<&str>, view: &impl Serialize) -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    if let Some(cursor) = next {
        let link = format!("<{}>; rel=\"next\"", next_page(request, cursor));
        answer.insert_header((header::LINK, link));
    }
    answer.json(view)
}

/// The same request with the cursor of the next page.
fn next_page(request: &HttpRequest, cursor: &str) -> String {
    let mut target = format!("{}?", request.path());
    for parameter in request.query_string().split('&') {
        if !parameter.is_empty() && !parameter.starts_with("cursor=") {
            target.push_str(&parameter.replace('>', "%3E"));
            target.push('&');
        }
    }
    target.push_str("cursor=");
    target.push_str(cursor);
    target
}

#[cfg(test)]
mod tests {
    //! Tags save bodies; pages lead to the next.

    use actix_web::body::{BodySize, MessageBody as _};
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_known_object_is_not_sent_again() {
        let first = Tagged("view").respond_to(&TestRequest::get().to_http_request());
        let tag = first.headers().get("etag").unwrap().to_str().unwrap().to_owned();
        let again = TestRequest::get().insert_header(("if-none-match", tag.clone()));
        let second = Tagged("view").respond_to(&again.to_http_request());
        assert_eq!(second.status(), actix_web::http::StatusCode::NOT_MODIFIED);
        assert_eq!(second.headers().get("etag").unwrap().to_str().unwrap(), tag);
        assert_eq!(second.body().size(), BodySize::None);
        let change = TestRequest::patch().insert_header(("if-none-match", tag));
        let third = Tagged("view").respond_to(&change.to_http_request());
        assert_eq!(third.status(), actix_web::http::StatusCode::OK);
    }

    #[test]
    fn a_page_leads_to_the_next() {
        let request = TestRequest::get().uri("/v1/files?q=a%20b&cursor=old&limit=5");
        let page = PageView { data: vec![1], next_cursor: Some("new".to_owned()) };
        let answer = page.respond_to(&request.to_http_request());
        assert_eq!(
            answer.headers().get("link").unwrap(),
            "</v1/files?q=a%20b&limit=5&cursor=new>; rel=\"next\""
        );
        let last = PageView::<u8> { data: vec![], next_cursor: None };
        let answer = last.respond_to(&TestRequest::get().uri("/v1/files").to_http_request());
        assert!(!answer.headers().contains_key("link"));
    }
}
