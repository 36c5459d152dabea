//! Ids in the path.

use std::future::{Ready, ready};
use std::ops::Deref;
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::problem::{ApiError, Malformed};

/// The length of a UUID in canonical form; with other forms, one resource would have several URLs.
const UUID_CHARS: usize = 36;

/// The `{id}` of the route.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PathId<T>(pub(crate) T);

impl<T> Deref for PathId<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: FromStr> FromRequest for PathId<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let text = request.match_info().query("id");
        let id = Some(text).filter(|text| text.len() == UUID_CHARS).map(str::parse::<T>);
        ready(match id {
            Some(Ok(id)) => Ok(Self(id)),
            Some(Err(_)) | None => Err(ApiError::Malformed(Malformed::Id)),
        })
    }
}

#[cfg(test)]
mod tests {
    //! Only the canonical form of an id is accepted.

    use actix_web::test::TestRequest;
    use ignacio_domain::ids::FileId;

    use super::*;

    fn read(text: &'static str) -> Result<PathId<FileId>, ApiError> {
        let request = TestRequest::get().param("id", text).to_http_request();
        PathId::from_request(&request, &mut Payload::None).into_inner()
    }

    #[test]
    fn the_canonical_form_is_read() {
        let text = "019ab2f4-0000-7000-8000-000000000001";
        assert_eq!(read(text).unwrap().to_string(), text);
    }

    #[test]
    fn other_forms_are_malformed() {
        for text in [
            "",
            "x",
            "019ab2f4000070008000000000000001",
            "{019ab2f4-0000-7000-8000-000000000001}",
            "019ab2f4-0000-7000-8000-00000000000g",
        ] {
            assert!(matches!(read(text), Err(ApiError::Malformed(Malformed::Id))), "{text}");
        }
    }
}
