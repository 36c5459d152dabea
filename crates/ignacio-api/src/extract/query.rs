//! Query parameters; unknown and mistyped ones are refused by name.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;

use super::json::pointer_and_code;
use crate::problem::ApiError;

/// The query parameters of a route.
pub(crate) struct ValidQuery<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest for ValidQuery<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(request.query_string()).map(Self))
    }
}

fn parse<T: DeserializeOwned>(query: &str) -> Result<T, ApiError> {
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(pairs).map_err(|error| {
        let (pointer, code) = pointer_and_code(&error.inner().to_string(), error.path());
        ApiError::invalid(pointer, code)
    })
}

#[cfg(test)]
mod tests {
    //! Unknown, missing, repeated and mistyped parameters are named.

    use ignacio_domain::locale::Locale;
    use serde::Deserialize;
    use serde_json::Value;

    use super::*;
    use crate::request_context::RequestContext;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        limit: Option<i64>,
        archived: Option<bool>,
        except: String,
    }

    fn refusal(query: &str) -> (Value, Value) {
        let context =
            RequestContext { request_id: "r".into(), locale: Locale::En, path: "/".into() };
        let error = parse::<Sample>(query).unwrap_err();
        let problem = serde_json::to_value(error.problem(&context)).unwrap();
        (problem["errors"][0]["pointer"].clone(), problem["errors"][0]["code"].clone())
    }

    #[test]
    fn parameters_are_parsed() {
        let parsed: Sample = parse("limit=5&archived=true&except=a%20b+c").unwrap();
        let expected = Sample { limit: Some(5), archived: Some(true), except: "a b c".to_owned() };
        assert_eq!(parsed, expected);
    }

    #[test]
    fn invalid_parameters_are_named() {
        for (query, pointer, code) in [
            ("", "/except", "required"),
            ("except=a&x=1", "/x", "unknown-field"),
            ("except=a&limit=x", "/limit", "wrong-value"),
            ("except=a&limit=", "/limit", "wrong-value"),
            ("except=a&archived=yes", "/archived", "wrong-value"),
            ("except=a&except=b", "/except", "duplicate"),
        ] {
            assert_eq!(refusal(query), (pointer.into(), code.into()), "{query}");
        }
    }
}
