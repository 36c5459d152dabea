//! The environment as it was when the process started, and the faults found in it.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    fmt::{self, Display},
    fs,
    ops::RangeInclusive,
    str::FromStr,
};

use secrecy::SecretString;

/// The prefix of the names that are ours alone, so that a misspelt one can be told.
const OURS: &str = "IGNACIO_";

/// Every variable that the process was given.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// Takes the variables of this process. The one place where the service looks at them.
    pub fn of_this_process() -> Self {
        Self(std::env::vars_os().collect())
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// Something wrong with one variable.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fault {
    /// The variable's name.
    pub(crate) name: String,
    /// What is wrong with it, as the rest of a sentence that starts with the name.
    pub(crate) what: String,
}

/// Everything that is wrong with the environment, one line each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) struct Faults(pub(crate) Vec<Fault>);

impl Display for Faults {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Fault { name, what }) in self.0.iter().enumerate() {
            let line_end = if index == 0 { "" } else { "\n" };
            write!(out, "{line_end}{name} {what}")?;
        }
        Ok(())
    }
}

/// Reads variables one by one and keeps what is wrong with them until the end.
///
/// A reading that fails gives a stand-in value, which nobody sees: [`Reader::finish`] refuses.
pub(super) struct Reader<'e> {
    environment: &'e Environment,
    faults: BTreeSet<Fault>,
    asked: BTreeSet<String>,
}

impl<'e> Reader<'e> {
    /// Starts reading. Names that look like ours and are not in `known`, nor in `secrets` with
    /// `_FILE` behind them, are faults.
    pub(super) fn new(environment: &'e Environment, known: &[&str], secrets: &[&str]) -> Self {
        let mut reader = Self { environment, faults: BTreeSet::new(), asked: BTreeSet::new() };
        for name in environment.0.keys() {
            let name = name.to_string_lossy();
            let is_file = name.strip_suffix("_FILE").is_some_and(|name| secrets.contains(&name));
            if name.starts_with(OURS) && !known.contains(&&*name) && !is_file {
                let nearest = nearest(&name, known);
                reader.fault(&name, format!("is not a setting of this version{nearest}"));
            }
        }
        reader
    }

    /// The names that were asked for so far.
    #[cfg(test)]
    pub(super) fn asked(&self) -> &BTreeSet<String> {
        &self.asked
    }

    /// Notes that something is wrong with a variable.
    pub(super) fn fault(&mut self, name: &str, what: impl Into<String>) {
        self.faults.insert(Fault { name: name.to_owned(), what: what.into() });
    }

    /// Ends the reading: the value, unless there was a fault.
    pub(super) fn finish<T>(self, value: T) -> Result<T, Faults> {
        if self.faults.is_empty() { Ok(value) } else { Err(Faults(Vec::from_iter(self.faults))) }
    }

    /// The value of a variable; an empty one counts as not set.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.asked.insert(name.to_owned());
        let value = self.environment.0.get(OsStr::new(name))?.clone();
        match value.into_string() {
            Ok(text) if text.trim().is_empty() => None,
            Ok(text) => Some(text.trim().to_owned()),
            Err(_not_text) => {
                self.fault(name, "is not UTF-8");
                None
            }
        }
    }

    /// The value of a variable without which nothing works.
    pub(super) fn required(&mut self, name: &str, purpose: &str) -> String {
        self.text(name).unwrap_or_else(|| {
            self.fault(name, format!("is missing: {purpose}"));
            String::new()
        })
    }

    /// A value of a type that can be read from text; `expected` says what it should look like.
    pub(super) fn parsed<T: FromStr>(&mut self, name: &str, default: T, expected: &str) -> T {
        let Some(text) = self.text(name) else { return default };
        text.parse().unwrap_or_else(|_| {
            self.fault(name, format!("is `{text}`, expected {expected}"));
            default
        })
    }

    /// A number between two others, both included.
    pub(super) fn within<T>(&mut self, name: &str, default: T, range: RangeInclusive<T>) -> T
    where
        T: Copy + Display + FromStr + PartialOrd,
    {
        let expected = format!("a number from {} to {}", range.start(), range.end());
        let number = self.parsed(name, default, &expected);
        if !range.contains(&number) {
            self.fault(name, format!("is `{number}`, expected {expected}"));
        }
        number
    }

    /// One of a few words.
    pub(super) fn one_of<T: Copy>(&mut self, name: &str, words: &[(&str, T)], default: T) -> T {
        let Some(text) = self.text(name) else { return default };
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return *value;
        }
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        self.fault(name, format!("is `{text}`, expected {}", words.join(" or ")));
        default
    }

    /// A secret, given as it is or as the name of a file that holds it (`…_FILE`).
    pub(super) fn secret(&mut self, name: &str) -> Option<SecretString> {
        let file_name = format!("{name}_FILE");
        match (self.text(name), self.text(&file_name)) {
            (Some(_), Some(_)) => {
                self.fault(&file_name, format!("and {name} are both set: keep one of them"));
                None
            }
            (Some(secret), None) => Some(secret.into()),
            (None, Some(path)) => self.secret_in(&file_name, &path),
            (None, None) => None,
        }
    }

    /// A secret without which nothing works.
    pub(super) fn required_secret(&mut self, name: &str, purpose: &str) -> Option<SecretString> {
        let n_faults = self.faults.len();
        let secret = self.secret(name);
        if secret.is_none() && self.faults.len() == n_faults {
            self.fault(name, format!("is missing (or {name}_FILE): {purpose}"));
        }
        secret
    }

    fn secret_in(&mut self, file_name: &str, path: &str) -> Option<SecretString> {
        match fs::read_to_string(path) {
            Ok(text) if text.trim().is_empty() => {
                self.fault(file_name, format!("names the file {path}, which is empty"));
                None
            }
            Ok(text) => Some(text.trim().into()),
            Err(error) => {
                self.fault(
                    file_name,
                    format!("names a file that cannot be read ({error}): {path}"),
                );
                None
            }
        }
    }
}

/// A hint for a misspelt name: the known one that shares the longest beginning with it.
fn nearest(name: &str, known: &[&str]) -> String {
    let shared = |other: &str| name.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    known
        .iter()
        .filter(|other| shared(other) > OURS.len())
        .max_by_key(|other| shared(other))
        .map_or_else(String::new, |other| format!(", did you mean {other}?"))
}
