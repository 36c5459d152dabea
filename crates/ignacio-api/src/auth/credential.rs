//! Finds the session token in a request.

use actix_web::dev::ServiceRequest;
use actix_web::http::header;
use ignacio_domain::session::SessionToken;

use super::caller::Caller;
use super::cookie;
use crate::problem::ApiError;

/// The caller that a request presents. A token whose shape or checksum is wrong is refused here,
/// without a question to the database. `Authorization` goes before the cookie.
pub(super) fn find(request: &ServiceRequest) -> Result<Caller, ApiError> {
    let refused = ApiError::Unauthenticated { presented: true };
    if let Some(value) = request.headers().get(header::AUTHORIZATION) {
        let token = value.to_str().ok().and_then(bearer).ok_or(refused)?;
        return caller(token, false);
    }
    match request.cookie(cookie::NAME) {
        Some(found) => caller(found.value(), true),
        None => Err(ApiError::Unauthenticated { presented: false }),
    }
}

fn caller(token: &str, by_cookie: bool) -> Result<Caller, ApiError> {
    match SessionToken::parse(token) {
        Ok(token) => Ok(Caller::new(token.digest(), by_cookie)),
        Err(_) => Err(ApiError::Unauthenticated { presented: true }),
    }
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    //! Tokens are found where they may be, and slips are noticed.

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
                .to_srv_request();
            let found = find(&request).unwrap();
            assert_eq!((*found.session(), found.is_by_cookie()), (one.digest(), false));
        }
        let request = TestRequest::get()
            .cookie(Cookie::new(cookie::NAME, other.expose().to_owned()))
            .to_srv_request();
        let found = find(&request).unwrap();
        assert_eq!((*found.session(), found.is_by_cookie()), (other.digest(), true));
    }

    #[test]
    fn a_slip_is_noticed() {
        for value in ["Basic abc", "Bearer", "Bearer ign_x", "ign_x", ""] {
            let request =
                TestRequest::get().insert_header(("authorization", value)).to_srv_request();
            assert!(is_presented(&find(&request).unwrap_err()), "{value}");
        }
        let nothing = find(&TestRequest::get().to_srv_request()).unwrap_err();
        assert!(!is_presented(&nothing));
    }
}
