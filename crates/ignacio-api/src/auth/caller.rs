//! The sender of a request, as handlers receive it.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use ignacio_domain::session::SessionDigest;

use crate::problem::ApiError;

/// The holder of a well-formed session token. Whose token it is, and whether it is still valid, only
/// the database knows: the first statement of a request finds out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    session: SessionDigest,
    by_cookie: bool,
}

impl Caller {
    pub(super) const fn new(session: SessionDigest, by_cookie: bool) -> Self {
        Self { session, by_cookie }
    }

    /// The digest under which the database stores the session.
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
