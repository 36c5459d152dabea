//! The one who asks, as handlers get them.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use ignacio_domain::session::SessionDigest;

use crate::problem::ApiError;

/// Somebody with a session token of the right form. Whose it is and whether it lives, the database
/// says with the first thing that is asked of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    session: SessionDigest,
    by_cookie: bool,
}

impl Caller {
    pub(super) const fn new(session: SessionDigest, by_cookie: bool) -> Self {
        Self { session, by_cookie }
    }

    /// What the database knows the session by.
    pub(crate) const fn session(&self) -> &SessionDigest {
        &self.session
    }

    /// Whether the token came in the cookie.
    pub(crate) const fn is_by_cookie(&self) -> bool {
        self.by_cookie
    }
}

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Self>().copied();
        ready(caller.ok_or(ApiError::Unauthenticated { presented: false }))
    }
}
