//! Which paths exist and which methods they take, read from the OpenAPI document, so that what is
//! not routed is refused by the same list that clients read.

use actix_web::dev::ResourceDef;
use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse, web};
use utoipa::openapi::{OpenApi, PathItem};

use crate::problem::{ApiError, Thing};
use crate::state::AppState;

/// Every path pattern with its methods.
pub(crate) struct Surface {
    routes: Vec<(ResourceDef, Vec<Method>)>,
}

impl Surface {
    /// The surface that a document describes.
    pub(crate) fn of(document: &OpenApi) -> Self {
        let routes = document
            .paths
            .paths
            .iter()
            .map(|(path, item)| (ResourceDef::new(path.as_str()), methods(item)))
            .collect();
        Self { routes }
    }

    /// Whether there is such an operation.
    pub(crate) fn has(&self, method: &Method, path: &str) -> bool {
        self.methods_of(path).any(|it| it == method)
    }

    /// The `Allow` of a path; `None` where there is none.
    fn allow(&self, path: &str) -> Option<String> {
        let mut names: Vec<&str> = self.methods_of(path).map(Method::as_str).collect();
        if names.is_empty() {
            return None;
        }
        if names.contains(&"GET") {
            names.push("HEAD");
        }
        names.push("OPTIONS");
        names.sort_unstable();
        names.dedup();
        Some(names.join(", "))
    }

    fn methods_of(&self, path: &str) -> impl Iterator<Item = &Method> {
        self.routes.iter().filter(|(route, _)| route.is_match(path)).flat_map(|(_, it)| it)
    }
}

fn methods(item: &PathItem) -> Vec<Method> {
    [
        (&item.get, Method::GET),
        (&item.post, Method::POST),
        (&item.put, Method::PUT),
        (&item.patch, Method::PATCH),
        (&item.delete, Method::DELETE),
    ]
    .into_iter()
    .filter_map(|(operation, method)| operation.is_some().then_some(method))
    .collect()
}

/// Answers whatever no route took: 405 or the options of a path that exists, 404 elsewhere.
pub(crate) async fn elsewhere(
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    match state.surface.allow(request.path()) {
        None => Err(ApiError::NotFound(Thing::Route)),
        Some(allow) if request.method() == Method::OPTIONS => {
            Ok(HttpResponse::NoContent().insert_header((header::ALLOW, allow)).finish())
        }
        Some(allow) => Err(ApiError::MethodNotAllowed { allow }),
    }
}

#[cfg(test)]
mod tests {
    //! The document decides what exists.

    use super::*;

    #[test]
    fn paths_and_methods_come_from_the_document() {
        let surface = Surface::of(&crate::openapi());
        assert!(surface.has(&Method::PATCH, "/v1/me"));
        assert!(!surface.has(&Method::POST, "/v1/me"));
        let allow = |path| surface.allow(path);
        assert_eq!(allow("/v1/me").as_deref(), Some("GET, HEAD, OPTIONS, PATCH"));
        assert_eq!(allow("/v1/sessions/current").as_deref(), Some("DELETE, OPTIONS"));
        assert_eq!(
            allow("/v1/conversations/x/messages").as_deref(),
            Some("GET, HEAD, OPTIONS, POST")
        );
        for nowhere in ["/", "/v1", "/v1/me/", "/v1/conversations/x/y/z", "/v2/me"] {
            assert_eq!(allow(nowhere), None, "{nowhere}");
        }
    }
}
