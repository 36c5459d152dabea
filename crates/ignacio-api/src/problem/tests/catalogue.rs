//! Every text that a problem may show is there in both languages, and in no mixture of them.
//!
//! That no text is forgotten, the compiler says: a text without its other language does not build,
//! and neither does one that is in no list below.

use std::collections::{BTreeSet, HashSet};

use serde_json::json;
use utoipa::PartialSchema as _;

use super::super::*;
use super::context;

/// Lists values of every variant of an enum. It does not build while a variant is missing.
macro_rules! every {
    ($kind:ident: $($name:ident $(($($inner:expr),+))? $({$($field:ident: $value:expr),+})?),+ $(,)?) => {{
        let _is_complete: fn(&$kind) = |it| match it { $($kind::$name { .. })|+ => () };
        [$($kind::$name $(($($inner),+))? $({$($field: $value),+})?),+]
    }};
}

/// One text in both languages, and where it stands.
struct Entry {
    place: String,
    es: String,
    en: String,
}

fn entry(place: String, text: impl Fn(Locale) -> String) -> Entry {
    Entry { place, es: text(Locale::Es), en: text(Locale::En) }
}

/// Every title, every detail that a code has alone, and every rule.
fn plain_texts() -> Vec<Entry> {
    let titles = ProblemCode::ALL
        .map(|code| entry(format!("title of {code:?}"), |locale| code.title(locale).to_owned()));
    let details = ProblemCode::ALL
        .map(|code| entry(format!("{code:?}"), |locale| plain_detail(code, locale).to_owned()));
    let rules =
        ValidationCode::ALL.map(|rule| entry(format!("{rule:?}"), |locale| rule.detail(locale)));
    titles.into_iter().chain(details).chain(rules).collect()
}

/// What problems say of one case, where that is more than their code says.
fn details_of_cases() -> Vec<Entry> {
    let things = every!(ResourceKind:
        Any, Route, Conversation, Summary, Message, Feedback, Response, File, Session, User, Erasure, Grant, Code,
    );
    let malformed = every!(Malformed:
        Request, Json { line: 3, column: 14 }, Encoding, Body, Multipart, Id, EventId, IdempotencyKey,
    );
    let unsupported = every!(Unsupported: ContentType, File);
    let others = [
        ApiError::FilesNotFound(Vec::new()),
        ApiError::TooLarge { limit: 25 },
        ApiError::RangeNotSatisfiable { size: 9 },
        ApiError::CrossSite,
        ApiError::WrongVerifyToken,
        ApiError::Draining,
        ApiError::Busy,
    ];
    let all = things.map(ApiError::NotFound).into_iter();
    let all = all.chain(malformed.map(ApiError::Malformed));
    let all = all.chain(unsupported.map(ApiError::Unsupported)).chain(others);
    all.map(|error| entry(format!("{error:?}"), |locale| error.problem(&context(locale)).detail))
        .collect()
}

fn every_text() -> Vec<Entry> {
    plain_texts().into_iter().chain(details_of_cases()).collect()
}

/// The whole catalogue. What a client reads changes together with this snapshot.
#[test]
fn the_catalogue_is_as_the_snapshot_shows() {
    let codes = ProblemCode::ALL.map(|code| {
        json!({
            "code": code.as_str(),
            "status": code.status().as_u16(),
            "type": code.uri(),
            "title": [code.title(Locale::Es), code.title(Locale::En)],
            "detail": [plain_detail(code, Locale::Es), plain_detail(code, Locale::En)],
        })
    });
    let rules = ValidationCode::ALL.map(|rule| {
        json!({
            "code": rule.as_str(),
            "detail": [rule.detail(Locale::Es), rule.detail(Locale::En)],
        })
    });
    let cases: Vec<_> = details_of_cases().into_iter().map(|it| json!([it.es, it.en])).collect();
    let catalogue = json!({
        "codes": codes.as_slice(),
        "rules": rules.as_slice(),
        "details_of_cases": cases,
    });
    insta::with_settings!(
        { omit_expression => true, sort_maps => true },
        { insta::assert_json_snapshot!("catalogue", catalogue) }
    );
}

/// The words of a text, in small letters.
fn words(text: &str) -> HashSet<String> {
    let words = text.split(|it: char| !it.is_alphabetic()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// The words of a list that a text has.
fn words_of_list<'l>(text: &str, list: &[&'l str]) -> Vec<&'l str> {
    let words = words(text);
    list.iter().copied().filter(|word| words.contains(*word)).collect()
}

/// The numbers in a text, in their order.
fn numbers(text: &str) -> Vec<&str> {
    text.split(|it: char| !it.is_ascii_digit()).filter(|it| !it.is_empty()).collect()
}

/// Words of one language that the other has not. The short ones that both have are left out, and
/// so are `es` and `en`, which are also the languages' names.
const SPANISH: [&str; 28] = [
    "el", "la", "los", "las", "un", "una", "de", "del", "que", "y", "con", "para", "por", "se",
    "su", "al", "lo", "ya", "o", "ese", "esa", "este", "esta", "hay", "tiene", "falta", "existe",
    "archivo",
];
const ENGLISH: [&str; 28] = [
    "the", "is", "are", "of", "and", "not", "this", "that", "there", "has", "have", "with", "for",
    "from", "to", "it", "its", "too", "be", "or", "at", "what", "your", "must", "needs", "file",
    "request", "reply",
];

#[test]
fn the_list_of_codes_is_complete() {
    let schema = serde_json::to_value(ProblemCode::schema()).unwrap();
    let described = schema["enum"].as_array().unwrap().iter().map(|it| it.as_str().unwrap());
    let listed = ProblemCode::ALL.map(ProblemCode::as_str);
    assert_eq!(BTreeSet::from(listed), described.collect());
}

#[test]
fn the_list_of_rules_is_complete() {
    let rules = every!(ValidationCode:
        UnknownField, Required, WrongType, WrongValue, Duplicate, Limit, Uuid, UserName, Language,
        Phone, PhoneLength, OtpCode, DeviceName, Title, MessageBlank, MessageTooLong, MessageNul,
        TooManyFiles, FileNotFound, ModelNotAllowed, Date, FileFailed, FileName, FileNameLength, FileEmpty,
        AfterFile, Reason, UserNotFound, SearchQuery, EndedReply, FeedbackReason,
    );
    assert_eq!(ValidationCode::ALL, rules);
}

#[test]
fn every_text_is_there_in_both_languages() {
    let all = every_text();
    assert!(all.len() > 2 * ProblemCode::ALL.len() + ValidationCode::ALL.len());
    for Entry { place, es, en } in all {
        for text in [&es, &en] {
            assert!(!text.trim().is_empty() && text.trim() == text, "{place}: {text:?}");
            assert!(!text.contains(['{', '}', '\n']) && !text.contains("  "), "{place}: {text:?}");
        }
        assert_ne!(es, en, "{place}");
        assert_eq!(numbers(&es), numbers(&en), "{place}: {es:?} {en:?}");
        assert_eq!(es.ends_with('.'), en.ends_with('.'), "{place}: {es:?} {en:?}");
    }
}

#[test]
fn no_text_has_leftovers_of_the_other_language() {
    for Entry { place, es, en } in every_text() {
        assert_eq!(words_of_list(&es, &ENGLISH), [""; 0], "{place}: {es}");
        assert_eq!(words_of_list(&en, &SPANISH), [""; 0], "{place}: {en}");
        assert!(en.is_ascii(), "{place}: {en}");
    }
}

#[test]
fn every_sentence_is_recognised_as_its_language() {
    let sentences = every_text().into_iter().filter(|it| it.es.ends_with('.'));
    for Entry { place, es, en } in sentences {
        let has_one_of = |text: &str, list: &[&str]| {
            words(text).len() < 4 || !words_of_list(text, list).is_empty()
        };
        assert!(has_one_of(&es, &SPANISH), "{place}: {es}");
        assert!(has_one_of(&en, &ENGLISH), "{place}: {en}");
    }
}

#[test]
fn a_whole_problem_is_in_one_language() {
    for code in ProblemCode::ALL {
        let es = Problem::of(code, "r-1", Locale::Es);
        let en = Problem::of(code, "r-1", Locale::En);
        assert_eq!(
            (es.title.as_str(), en.title.as_str()),
            (code.title(Locale::Es), code.title(Locale::En))
        );
        assert_ne!(es.detail, en.detail);
        // What programs read does not depend on the language.
        assert_eq!((es.kind, es.status, es.code), (en.kind, en.status, en.code));
    }
    for rule in ValidationCode::ALL {
        let error = ApiError::invalid("/x", rule);
        for locale in [Locale::Es, Locale::En] {
            let problem = error.problem(&context(locale));
            assert_eq!(problem.errors[0].detail, rule.detail(locale));
            assert_eq!(problem.title, ProblemCode::InvalidRequest.title(locale));
        }
    }
}
