//! The paths that exist and the methods of each, read from the OpenAPI document.

use actix_web::dev::ResourceDef;
use actix_web::http::Method;
use utoipa::openapi::{OpenApi, PathItem};

/// Every path pattern with its methods.
pub(crate) struct RouteIndex {
    routes: Vec<(ResourceDef, Vec<Method>)>,
}

impl RouteIndex {
    /// Indexes the operations of a document.
    pub(crate) fn of(document: &OpenApi) -> Self {
        let routes = document
            .paths
            .paths
            .iter()
            .map(|(path, item)| (ResourceDef::new(path.as_str()), methods(item)))
            .collect();
        Self { routes }
    }

    /// Whether such an operation exists.
    pub(crate) fn contains(&self, method: &Method, path: &str) -> bool {
        self.methods_of(path).any(|it| it == method)
    }

    /// The value of `Allow` for a path; `None` if no such path exists.
    pub(crate) fn allow(&self, path: &str) -> Option<String> {
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

#[cfg(test)]
mod tests {
    //! The document decides what exists.

    use super::*;

    #[test]
    fn paths_and_methods_come_from_the_document() {
        let index = RouteIndex::of(&crate::openapi());
        assert!(index.contains(&Method::PATCH, "/v1/me"));
        assert!(!index.contains(&Method::POST, "/v1/me"));
        let allow = |path| index.allow(path);
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
