//! Who sends a request: the session token, the cookie that may carry it, and what a cookie demands.

mod caller;
mod cookie;
mod credential;
mod origin;

pub(crate) use self::caller::Caller;
pub(crate) use self::cookie::{clear_cookie, device_cookie, device_token, session_cookie};
pub(crate) use self::credential::{find_caller, session_token};
pub(crate) use self::origin::Origins;
