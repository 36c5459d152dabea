//! `Accept-Language`: one of our languages.

use actix_web::HttpMessage;
use actix_web::http::header::{AcceptLanguage, Header as _, Preference, Quality};
use ignacio_domain::locale::Locale;

/// The language of the response: the best one that the client accepts and we have, else Spanish.
pub(crate) fn locale(request: &impl HttpMessage) -> Locale {
    let Ok(mut accepted) = AcceptLanguage::parse(request) else { return Locale::default() };
    // `ranked` ignores that a quality of zero refuses a language.
    accepted.retain(|it| it.quality > Quality::ZERO);
    let ranked = accepted.ranked();
    let mut tags = ranked.iter().filter_map(Preference::item);
    tags.find_map(|tag| tag.primary_language().to_ascii_lowercase().parse().ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests {
    //! The best language that we have is chosen; Spanish is the default.

    use actix_web::http::header;
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_best_language_that_we_speak_is_chosen() {
        let locale = |value: &str| {
            let request = TestRequest::get().insert_header((header::ACCEPT_LANGUAGE, value));
            locale(&request.to_http_request())
        };
        for english in ["fr, en;q=0.5", "es;q=0.2, en-GB;q=0.7", "en, es", "EN"] {
            assert_eq!(locale(english), Locale::En, "{english}");
        }
        for spanish in ["es-CO,es;q=0.9,en;q=0.8", "fr, de", "en;q=0", ";;q=,,", "", "*"] {
            assert_eq!(locale(spanish), Locale::Es, "{spanish}");
        }
        assert_eq!(super::locale(&TestRequest::get().to_http_request()), Locale::Es);
    }
}
