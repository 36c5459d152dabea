//! The cookie that carries a session token to and from browsers.

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite};
use ignacio_domain::session::{DEVICE_LIFETIME, DeviceToken, Session, SessionToken};
use time::Duration;

/// The prefix makes browsers refuse it without Secure, with a Domain, or on another path.
pub(super) const NAME: &str = "__Host-ignacio";

/// The cookie by which a browser is known at its next login.
const DEVICE_NAME: &str = "__Host-ignacio-device";

/// The cookie of a session; it goes when the session ends at the latest.
pub(crate) fn remember(token: &SessionToken, session: &Session) -> Cookie<'static> {
    with(NAME, token.expose().to_owned(), session.expires_at - session.last_used_at)
}

/// The cookie of a device that has just become known.
pub(crate) fn remember_device(token: &DeviceToken) -> Cookie<'static> {
    with(DEVICE_NAME, token.expose().to_owned(), DEVICE_LIFETIME)
}

/// What the browser says to be known by.
pub(crate) fn known_device(request: &HttpRequest) -> Option<String> {
    request.cookie(DEVICE_NAME).map(|cookie| cookie.value().to_owned())
}

/// Makes the browser drop the session's cookie.
pub(crate) fn forget() -> Cookie<'static> {
    with(NAME, String::new(), Duration::ZERO)
}

fn with(name: &'static str, value: String, max_age: Duration) -> Cookie<'static> {
    Cookie::build(name, value)
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
        let cookie = with(NAME, "v".to_owned(), Duration::days(30)).to_string();
        assert_eq!(
            cookie,
            "__Host-ignacio=v; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=2592000"
        );
        assert!(forget().to_string().contains("Max-Age=0"));
    }
}
