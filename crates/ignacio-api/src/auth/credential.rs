//! Finds the session token in a request.

use actix_web::HttpRequest;
use actix_web::http::header;
use ignacio_domain::session::SessionToken;

use super::caller::Caller;
use super::cookie;
use crate::problem::ApiError;

/// The caller whose token a request presents.
pub(crate) fn find_caller(request: &HttpRequest) -> Result<Caller, ApiError> {
    let (token, by_cookie) = read(request)?;
    Ok(Caller::new(token.digest(), by_cookie))
}

/// The token itself, for the one route that derives a new one from it.
pub(crate) fn session_token(request: &HttpRequest) -> Result<SessionToken, ApiError> {
    read(request).map(|(token, _)| token)
}

/// The token, and whether it came in the cookie. A token of the wrong form or checksum is refused
/// here, without a query. `Authorization` takes precedence over the cookie.
fn read(request: &HttpRequest) -> Result<(SessionToken, bool), ApiError> {
    let refused = ApiError::Unauthenticated { presented: true };
    let (text, by_cookie) = match request.headers().get(header::AUTHORIZATION) {
        Some(value) => (value.to_str().ok().and_then(bearer).map(str::to_owned), false),
        None => match request.cookie(cookie::NAME) {
            Some(found) => (Some(found.value().to_owned()), true),
            None => return Err(ApiError::Unauthenticated { presented: false }),
        },
    };
    let token = text.and_then(|text| SessionToken::parse(&text).ok());
    token.map(|token| (token, by_cookie)).ok_or(refused)
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    //! Tokens are found in the header and in the cookie, and malformed ones are refused.

    use actix_web::cookie::Cookie;
    use actix_web::test::TestRequest;

    use super::*;

    fn token() -> SessionToken {
        SessionToken::generate(&mut rand::rng())
    }

    fn is_presented(error: &ApiError) -> bool {
        matches!(error, ApiError::Unauthenticated { presented: true })
    }

    #[test]
    fn header_and_cookie_are_read() {
        let (one, other) = (token(), token());
        for scheme in ["Bearer", "bearer"] {
            let value = format!("{scheme} {}", one.expose());
            let request = TestRequest::get()
                .insert_header(("authorization", value))
                .cookie(Cookie::new(cookie::NAME, other.expose().to_owned()))
                .to_http_request();
            let found = find_caller(&request).unwrap();
            assert_eq!((*found.session(), found.is_by_cookie()), (one.digest(), false));
        }
        let request = TestRequest::get()
            .cookie(Cookie::new(cookie::NAME, other.expose().to_owned()))
            .to_http_request();
        let found = find_caller(&request).unwrap();
        assert_eq!((*found.session(), found.is_by_cookie()), (other.digest(), true));
    }

    #[test]
    fn a_malformed_token_is_refused() {
        for value in ["Basic abc", "Bearer", "Bearer ign_x", "ign_x", ""] {
            let request =
                TestRequest::get().insert_header(("authorization", value)).to_http_request();
            assert!(is_presented(&find_caller(&request).unwrap_err()), "{value}");
        }
        let nothing = find_caller(&TestRequest::get().to_http_request()).unwrap_err();
        assert!(!is_presented(&nothing));
    }
}
