//! Who asks: the session token, the cookie that may carry it, and what a cookie demands.

mod caller;
mod cookie;
mod credential;
mod middleware;
mod origin;

pub(crate) use self::caller::Caller;
pub(crate) use self::cookie::{forget, known_device, remember, remember_device};
pub(crate) use self::credential::token;
pub(crate) use self::middleware::{admit_staff, authenticate};
pub(crate) use self::origin::Origins;
