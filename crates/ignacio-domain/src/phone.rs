//! Phone numbers in canonical form, E.164.

use std::fmt;

use thiserror::Error;

/// A phone number in E.164: `+`, then 7 to 15 digits, the first not zero.
///
/// `Display` and `Debug` mask it, so that it cannot slip into a log; [`PhoneNumber::expose`] is the
/// way to the digits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PhoneNumber(String);

/// Why a text is not a phone number.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PhoneError {
    /// Something other than digits and the usual punctuation.
    #[error("a phone number has digits, spaces and dashes only")]
    Character,
    /// Fewer than 7 or more than 15 digits.
    #[error("a phone number has 7 to 15 digits, country code included")]
    Length,
    /// A country code never starts with zero.
    #[error("a phone number starts with a country code, as in +57")]
    CountryCode,
}

/// Longer texts are not parsed. Fifteen digits of three bytes each, with two invisible marks of three
/// bytes before each, stay well below.
const MAX_BYTES: usize = 256;

impl PhoneNumber {
    /// Parses a number however it was typed: with `+`, `00` or neither before the country code,
    /// with spaces, dashes, dots or brackets, with full-width or Arabic-Indic digits, and with the
    /// invisible direction marks that address books leave behind.
    ///
    /// Anything ambiguous is rejected, because the code would go to another user: letters,
    /// extensions, slashes (two numbers in one field), and the `(0)` that is dialled only within a
    /// country.
    pub fn parse(text: &str) -> Result<Self, PhoneError> {
        if text.len() > MAX_BYTES {
            return Err(PhoneError::Length);
        }
        let (digits, plus) = digits_of(text.trim()).ok_or(PhoneError::Character)?;
        let number = match digits.strip_prefix("00") {
            Some(rest) if !plus => rest,
            _ => digits.as_str(),
        };
        if !(7..=15).contains(&number.len()) {
            return Err(PhoneError::Length);
        }
        if number.starts_with('0') {
            return Err(PhoneError::CountryCode);
        }
        Ok(Self(format!("+{number}")))
    }

    /// The whole number, for the database and for sending.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// The digits of a typed number, and whether a plus came before them; `None` if it contains
/// anything else.
fn digits_of(typed: &str) -> Option<(String, bool)> {
    let mut digits = String::with_capacity(17);
    let mut plus = false;
    let mut bracket: Option<usize> = None;
    for character in typed.chars() {
        match character {
            '+' | '＋' if digits.is_empty() && !plus => plus = true,
            '(' | '（' if bracket.is_none() => bracket = Some(digits.len()),
            ')' | '）' => {
                let before = bracket.take()?;
                let inside = digits.get(before..).filter(|inside| !inside.is_empty())?;
                // Dropping a national zero is right for most countries and wrong for some.
                if before > 0 && inside.starts_with('0') {
                    return None;
                }
            }
            other if is_filler(other) => {}
            other => digits.push(ascii_digit(other)?),
        }
    }
    bracket.is_none().then_some((digits, plus))
}

/// Characters between digits that have no meaning.
const fn is_filler(character: char) -> bool {
    matches!(
        character,
        ' ' | '-'
            | '.'
            | '\u{a0}' // spaces of all widths
            | '\u{2000}'..='\u{200a}'
            | '\u{202f}'
            | '\u{3000}'
            | '\u{2010}'..='\u{2015}' // dashes
            | '\u{2212}'
            | '\u{ff0d}'
            | '\u{ff0e}' // the full-width dot
            | '\u{ad}' // invisible: hyphens and joiners, then marks of direction
            | '\u{200b}'..='\u{200f}'
            | '\u{2060}'
            | '\u{feff}'
            | '\u{61c}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
    )
}

fn ascii_digit(character: char) -> Option<char> {
    let zero = match character {
        '0'..='9' => return Some(character),
        '０'..='９' => '０',
        '\u{660}'..='\u{669}' => '\u{660}',
        '\u{6f0}'..='\u{6f9}' => '\u{6f0}',
        _ => return None,
    };
    char::from_digit(u32::from(character) - u32::from(zero), 10)
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.chars().count();
        let tail: String = self.0.chars().skip(digits.saturating_sub(2)).collect();
        write!(out, "+•••{tail}")
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "PhoneNumber({self})")
    }
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
