//! The kinds of response: a resource with its tag, a new resource with its address, a page with the
//! link to the next.

use actix_web::http::Method;
use actix_web::http::header::{self, EntityTag, HeaderMap, HeaderValue, TryIntoHeaderValue as _};
use actix_web::{HttpRequest, HttpResponse, Responder, body};
use serde::Serialize;

use crate::etag;
use crate::views::page::{CountedPageView, PageView};

/// A resource: 200 with its entity tag, or 304 if the client has it.
pub(crate) struct WithEtag<T>(pub(crate) T);

/// A new resource: 201 with its address.
pub(crate) struct Created<T> {
    pub(crate) location: String,
    pub(crate) view: T,
}

/// Work that was accepted: 202, with the address at which it can be followed, where there is one.
pub(crate) struct Accepted<T> {
    location: Option<String>,
    view: T,
}

impl<T> Accepted<T> {
    /// Work without an address of its own.
    pub(crate) const fn new(view: T) -> Self {
        Self { location: None, view }
    }

    /// Work that can be followed at this address.
    pub(crate) const fn at(location: String, view: T) -> Self {
        Self { location: Some(location), view }
    }
}

/// Done, and nothing to show: 204.
pub(crate) struct NoContent;

impl<T: Serialize> Responder for WithEtag<T> {
    type Body = body::BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        let tag = match etag::of_view(&self.0) {
            Ok(tag) => tag,
            Err(error) => return HttpResponse::from_error(error),
        };
        if is_unchanged(request, &tag) {
            return unchanged(&tag);
        }
        let mut response = HttpResponse::Ok().json(self.0);
        tag_with(response.headers_mut(), &tag);
        response
    }
}

/// Whether the client of a GET already has what this tag names.
pub(crate) fn is_unchanged(request: &HttpRequest, tag: &EntityTag) -> bool {
    request.method() == Method::GET && etag::is_known(request, tag)
}

/// 304: the client has it.
pub(crate) fn unchanged(tag: &EntityTag) -> HttpResponse {
    let mut response = HttpResponse::NotModified().body(body::None::new());
    tag_with(response.headers_mut(), tag);
    response
}

/// Lets the client keep the response, and ask before each use whether it is still current.
pub(crate) fn tag_with(headers: &mut HeaderMap, tag: &EntityTag) {
    if let Ok(value) = tag.clone().try_into_value() {
        headers.insert(header::ETAG, value);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    }
}

impl<T: Serialize> Responder for Created<T> {
    type Body = body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Created().insert_header((header::LOCATION, self.location)).json(self.view)
    }
}

impl<T: Serialize> Responder for Accepted<T> {
    type Body = body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Accepted();
        if let Some(location) = self.location {
            response.insert_header((header::LOCATION, location));
        }
        response.json(self.view)
    }
}

impl Responder for NoContent {
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
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = next {
        let link = format!("<{}>; rel=\"next\"", next_page(request, cursor));
        response.insert_header((header::LINK, link));
    }
    response.json(view)
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
    //! A known tag saves the body; a page links to the next.

    use actix_web::body::{BodySize, MessageBody as _};
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_known_object_is_not_sent_again() {
        let first = WithEtag("view").respond_to(&TestRequest::get().to_http_request());
        let tag = first.headers().get("etag").unwrap().to_str().unwrap().to_owned();
        let again = TestRequest::get().insert_header(("if-none-match", tag.clone()));
        let second = WithEtag("view").respond_to(&again.to_http_request());
        assert_eq!(second.status(), actix_web::http::StatusCode::NOT_MODIFIED);
        assert_eq!(second.headers().get("etag").unwrap().to_str().unwrap(), tag);
        assert_eq!(second.body().size(), BodySize::None);
        let change = TestRequest::patch().insert_header(("if-none-match", tag));
        let third = WithEtag("view").respond_to(&change.to_http_request());
        assert_eq!(third.status(), actix_web::http::StatusCode::OK);
    }

    #[test]
    fn a_page_leads_to_the_next() {
        let request = TestRequest::get().uri("/v1/files?q=a%20b&cursor=old&limit=5");
        let page = PageView { data: vec![1], next_cursor: Some("new".to_owned()) };
        let response = page.respond_to(&request.to_http_request());
        assert_eq!(
            response.headers().get("link").unwrap(),
            "</v1/files?q=a%20b&limit=5&cursor=new>; rel=\"next\""
        );
        let last = PageView::<u8> { data: vec![], next_cursor: None };
        let response = last.respond_to(&TestRequest::get().uri("/v1/files").to_http_request());
        assert!(!response.headers().contains_key("link"));
    }
}
