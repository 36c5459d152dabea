//! Problems are complete in both languages, and show nothing of their causes.

mod catalogue;

use std::collections::HashSet;

use super::*;

fn context(locale: Locale) -> RequestContext {
    RequestContext { request_id: "r-1".into(), locale, path: "/v1/me".into() }
}

#[test]
fn every_code_has_its_word() {
    let mut words = HashSet::new();
    for code in ProblemCode::ALL {
        assert!(words.insert(code.as_str()), "{code:?}");
        assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        assert!(code.uri().ends_with(code.as_str()));
        assert!(code.status().is_client_error() || code.status().is_server_error());
    }
}

#[test]
fn every_rule_has_its_word() {
    let mut words = HashSet::new();
    for rule in ValidationCode::ALL {
        assert!(words.insert(rule.as_str()), "{rule:?}");
    }
}

#[test]
fn a_problem_reads_as_rfc_9457_wants() {
    let error = ApiError::invalid("/title", ValidationCode::Title);
    let problem = serde_json::to_value(error.problem(&context(Locale::Es))).unwrap();
    assert_eq!(
        problem,
        serde_json::json!({
            "type": "urn:ignacio:problem:invalid-request",
            "title": "Datos no válidos",
            "status": 422,
            "detail": "Hay valores no válidos: mira errors.",
            "instance": "/v1/me",
            "code": "invalid-request",
            "request_id": "r-1",
            "errors": [{
                "pointer": "/title",
                "code": "title",
                "detail": "un título debe tener de 1 a 200 caracteres, ninguno de control",
            }],
        })
    );
}

#[test]
fn headers_go_with_their_statuses() {
    let header = |error: ApiError, name: &str| {
        let response = error.to_response(&context(Locale::En));
        response.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(
        header(ApiError::Unauthenticated { presented: false }, "www-authenticate").unwrap(),
        r#"Bearer realm="ignacio""#
    );
    assert_eq!(
        header(ApiError::Unauthenticated { presented: true }, "www-authenticate").unwrap(),
        r#"Bearer realm="ignacio", error="invalid_token""#
    );
    let allow = ApiError::MethodNotAllowed { allow: "GET, HEAD".into() };
    assert_eq!(header(allow, "allow").unwrap(), "GET, HEAD");
    assert_eq!(
        header(ApiError::RangeNotSatisfiable { size: 9 }, "content-range").unwrap(),
        "bytes */9"
    );
    assert_eq!(header(ApiError::Draining, "retry-after").unwrap(), "1");
    assert_eq!(header(ApiError::Conflict, "content-language").unwrap(), "en");
    assert_eq!(header(ApiError::Conflict, "content-type").unwrap(), "application/problem+json");
}

#[test]
fn causes_are_for_the_log_only() {
    let error = ApiError::internal("password of postgres://secret");
    let problem = serde_json::to_string(&error.problem(&context(Locale::En))).unwrap();
    assert!(!problem.contains("postgres"));
    assert_eq!(error_chain(error.source().unwrap()), "password of postgres://secret");
}

#[test]
fn what_the_database_says_becomes_a_code() {
    let code = |error: StoreError| ApiError::from(error).code();
    assert_eq!(code(StoreError::Unauthenticated), ProblemCode::Unauthenticated);
    assert_eq!(code(StoreError::NotFound), ProblemCode::NotFound);
    assert_eq!(code(StoreError::ForeignCursor), ProblemCode::InvalidCursor);
    assert_eq!(code(StoreError::Forbidden), ProblemCode::Forbidden);
    assert_eq!(code(StoreError::GrantRequired), ProblemCode::GrantRequired);
    assert_eq!(code(StoreError::OwnAccount), ProblemCode::OwnAccount);
    assert_eq!(code(StoreError::LastAdmin), ProblemCode::LastAdmin);
    assert_eq!(code(StoreError::Conflict("users_pkey".to_owned())), ProblemCode::Conflict);
    let corrupt = StoreError::Corrupt { table: "users", column: "name" };
    assert_eq!(code(corrupt), ProblemCode::Internal);
}
