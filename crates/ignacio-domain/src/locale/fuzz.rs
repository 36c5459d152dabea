//! Whatever bytes come as `Accept-Language`, the answer is a language that stands in them.

use super::*;
use crate::testing::{scale, texts};

/// What the value says of a language at most: its greatest weight above zero.
fn greatest(value: &str, locale: Locale) -> Option<f32> {
    let entries = value.split(',').filter_map(|entry| {
        let (tag, rest) = entry.split_once(';').unwrap_or((entry, ""));
        let primary = tag.trim().split('-').next()?;
        let said = rest.split(';').find_map(|it| it.trim().strip_prefix("q=")?.parse().ok());
        primary.eq_ignore_ascii_case(locale.as_str()).then_some(said.unwrap_or(1.0))
    });
    entries.filter(|weight| *weight > 0.0).reduce(f32::max)
}

#[test]
fn the_answer_stands_in_the_value() {
    bolero::check!().with_iterations(scale(20_000, 1_000_000)).with_max_len(32).for_each(|bytes| {
        for value in texts(bytes, "eessnnEN-,,;;q=q=019. *") {
            let (spanish, english) = (greatest(&value, Locale::Es), greatest(&value, Locale::En));
            match Locale::negotiate(&value) {
                Some(Locale::Es) => assert!(spanish.is_some() && spanish >= english, "{value:?}"),
                Some(Locale::En) => assert!(english.is_some() && english >= spanish, "{value:?}"),
                None => assert_eq!((spanish, english), (None, None), "{value:?}"),
            }
        }
    });
}
