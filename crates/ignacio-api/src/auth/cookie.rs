//! The cookie that carries a session token to and from browsers.

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite};
use ignacio_domain::session::{DEVICE_LIFETIME, DeviceToken, Session, SessionToken};
use time::Duration;

/// The prefix makes browsers reject the cookie without `Secure`, with a `Domain`, or on another path.
pub(super) const NAME: &str = "__Host-ignacio";

/// The cookie that marks a browser as a known device at its next login.
const DEVICE_NAME: &str = "__Host-ignacio-device";

/// The cookie of a session. It expires with the session.
pub(crate) fn session_cookie(token: &SessionToken, session: &Session) -> Cookie<'static> {
    build(NAME, token.expose().to_owned(), session.expires_at - session.last_used_at)
}

/// The cookie of a new known device.
pub(crate) fn device_cookie(token: &DeviceToken) -> Cookie<'static> {
    build(DEVICE_NAME, token.expose().to_owned(), DEVICE_LIFETIME)
}

/// The device token that the browser sends.
pub(crate) fn device_token(request: &HttpRequest) -> Option<String> {
    request.cookie(DEVICE_NAME).map(|cookie| cookie.value().to_owned())
}

/// Makes the browser delete the session's cookie.
pub(crate) fn clear_cookie() -> Cookie<'static> {
    build(NAME, String::new(), Duration::ZERO)
}

fn build(name: &'static str, value: String, max_age: Duration) -> Cookie<'static> {
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
    //! The cookie is sent only to us, only over TLS, and is hidden from scripts.

    use super::*;

    #[test]
    fn the_cookie_is_locked_down() {
        let cookie = build(NAME, "v".to_owned(), Duration::days(30)).to_string();
        assert_eq!(
            cookie,
            "__Host-ignacio=v; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=2592000"
        );
        assert!(clear_cookie().to_string().contains("Max-Age=0"));
    }
}
