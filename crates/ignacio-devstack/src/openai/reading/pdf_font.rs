//! The fonts of a PDF page: how their codes read and how wide they run.

use std::collections::HashMap;

use lopdf::{Dictionary, Document, Encoding, Object};

/// A page's content and a font's tables may unpack to this many bytes.
pub(crate) const MOST: usize = 64 * 1024 * 1024;

/// What is needed to turn shown codes into text and a width.
pub(crate) struct Font<'a> {
    encoding: Option<Encoding<'a>>,
    widths: HashMap<u32, f64>,
    default_width: f64,
    is_wide: bool,
}

impl<'a> Font<'a> {
    /// Reads a font's tables; what is missing is guessed.
    pub(crate) fn read(document: &'a Document, font: &'a Dictionary) -> Self {
        let encoding = font.get_font_encoding_with_limit(document, MOST).ok();
        let is_wide = font.get(b"Subtype").and_then(Object::as_name).is_ok_and(|it| it == b"Type0");
        let (widths, default_width) = if is_wide {
            composite_widths(document, font).unwrap_or_else(|| (HashMap::new(), 1000.0))
        } else {
            (simple_widths(document, font).unwrap_or_default(), 500.0)
        };
        Self { encoding, widths, default_width, is_wide }
    }

    /// The text of a shown string.
    pub(crate) fn text(&self, codes: &[u8]) -> String {
        let decoded = match &self.encoding {
            Some(encoding) => encoding.bytes_to_string(codes).unwrap_or_default(),
            None => codes.iter().map(|it| char::from(*it)).collect(),
        };
        decoded.chars().filter(|it| *it != '\0').flat_map(unligate).collect()
    }

    /// The width of a shown string in units of the font size, and its number of codes and spaces.
    pub(crate) fn measure(&self, codes: &[u8]) -> (f64, u32, u32) {
        let codes: Vec<u32> = if self.is_wide {
            let (pairs, _) = codes.as_chunks::<2>();
            pairs.iter().map(|it| u32::from(u16::from_be_bytes(*it))).collect()
        } else {
            codes.iter().map(|it| u32::from(*it)).collect()
        };
        let width = |code: &u32| self.widths.get(code).copied().unwrap_or(self.default_width);
        let total: f64 = codes.iter().map(width).sum();
        let spaces = codes.iter().filter(|it| !self.is_wide && **it == 32).count();
        let small = |n: usize| u32::try_from(n).unwrap_or_default();
        (total / 1000.0, small(codes.len()), small(spaces))
    }
}

/// Takes joined letters apart, so that words can be found.
fn unligate(letter: char) -> impl Iterator<Item = char> {
    let parts: &[char] = match letter {
        'ﬀ' => &['f', 'f'],
        'ﬁ' => &['f', 'i'],
        'ﬂ' => &['f', 'l'],
        'ﬃ' => &['f', 'f', 'i'],
        'ﬄ' => &['f', 'f', 'l'],
        _ => &[],
    };
    parts.iter().copied().chain(parts.is_empty().then_some(letter))
}

/// A number of either kind.
pub(crate) fn number(object: &Object) -> f64 {
    object.as_float().map(f64::from).unwrap_or_default()
}

fn simple_widths(document: &Document, font: &Dictionary) -> Option<HashMap<u32, f64>> {
    let first = font.get_deref(b"FirstChar", document).ok()?.as_i64().ok()?;
    let widths = font.get_deref(b"Widths", document).ok()?.as_array().ok()?;
    let codes = u32::try_from(first).ok()?..;
    Some(codes.zip(widths.iter().map(number)).collect())
}

fn composite_widths(document: &Document, font: &Dictionary) -> Option<(HashMap<u32, f64>, f64)> {
    let descendants = font.get_deref(b"DescendantFonts", document).ok()?.as_array().ok()?;
    let (_, inner) = document.dereference(descendants.first()?).ok()?;
    let inner = inner.as_dict().ok()?;
    let default = inner.get_deref(b"DW", document).map_or(1000.0, number);
    let mut widths = HashMap::new();
    let listed = inner.get_deref(b"W", document).ok().and_then(|it| it.as_array().ok());
    let mut entries = listed.into_iter().flatten();
    while let (Some(first), Some(second)) = (entries.next(), entries.next()) {
        let from = u32::try_from(first.as_i64().ok()?).ok()?;
        let (_, second) = document.dereference(second).ok()?;
        if let Ok(list) = second.as_array() {
            widths.extend((from..).zip(list.iter().map(number)));
        } else {
            let to = u32::try_from(second.as_i64().ok()?).ok()?.min(from.saturating_add(0xffff));
            let width = entries.next().map(number)?;
            widths.extend((from..=to).map(|code| (code, width)));
        }
    }
    Some((widths, default))
}
