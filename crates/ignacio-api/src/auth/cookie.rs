//! The cookie that carries a session token to and from browsers.

use actix_web::cookie::{Cookie, SameSite};
use ignacio_domain::session::{Session, SessionToken};
use time::Duration;

/// The prefix makes browsers refuse it without Secure, with a Domain, or on another path.
pub(super) const NAME: &str = "__Host-ignacio";

/// The cookie of a fresh session; it goes when the session ends at the latest.
pub(crate) fn remember(token: &SessionToken, session: &Session) -> Cookie<'static> {
    with(token.expose().to_owned(), session.expires_at - session.created_at)
}

/// Makes the browser drop the cookie.
pub(crate) fn forget() -> Cookie<'static> {
    with(String::new(), Duration::ZERO)
}

fn with(value: String, max_age: Duration) -> Cookie<'static> {
    Cookie::build(NAME, value)
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(max_age)
        .finish()
}

#[cfg(test)]
mod tests {
    //! The cookie is only for us, only over TLS, and not for scripts.

    use super::*;

    #[test]
    fn the_cookie_is_closed_on_all_sides() {
        let cookie = with("v".to_owned(), Duration::days(30)).to_string();
        assert_eq!(
            cookie,
            "__Host-ignacio=v; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=2592000"
        );
        assert!(forget().to_string().contains("Max-Age=0"));
    }
}
