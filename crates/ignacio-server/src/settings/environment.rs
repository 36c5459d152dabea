//! The environment at the start of the process, and the errors found in it.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    fmt::{self, Display},
    fs,
    ops::RangeInclusive,
    str::FromStr,
};

use secrecy::SecretString;

/// The prefix of our own variables, so that misspelt names can be reported.
const OWN_PREFIX: &str = "IGNACIO_";

/// The environment variables of the process.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// The variables of this process. Nothing else in the service reads them.
    pub fn of_this_process() -> Self {
        Self(std::env::vars_os().collect())
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// An error in one variable.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SettingError {
    /// The variable's name.
    pub(crate) name: String,
    /// What is wrong, as the rest of a sentence that starts with the name.
    pub(crate) what: String,
}

/// All errors in the environment, one line each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) struct SettingErrors(pub(crate) Vec<SettingError>);

impl Display for SettingErrors {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, SettingError { name, what }) in self.0.iter().enumerate() {
            let line_end = if index == 0 { "" } else { "\n" };
            write!(out, "{line_end}{name} {what}")?;
        }
        Ok(())
    }
}

/// Reads variables and collects their errors.
///
/// After an error a read returns a placeholder, which is never used: [`Reader::finish`] fails.
pub(super) struct Reader<'e> {
    environment: &'e Environment,
    errors: BTreeSet<SettingError>,
    read_names: BTreeSet<String>,
}

impl<'e> Reader<'e> {
    /// Creates a reader. A name with our prefix is an error unless it is in `known`, or in `secrets`
    /// with `_FILE` appended.
    pub(super) fn new(environment: &'e Environment, known: &[&str], secrets: &[&str]) -> Self {
        let mut reader = Self { environment, errors: BTreeSet::new(), read_names: BTreeSet::new() };
        for name in environment.0.keys() {
            let name = name.to_string_lossy();
            let is_file = name.strip_suffix("_FILE").is_some_and(|name| secrets.contains(&name));
            if name.starts_with(OWN_PREFIX) && !known.contains(&&*name) && !is_file {
                let nearest = nearest(&name, known);
                reader.error(&name, format!("is not a setting of this version{nearest}"));
            }
        }
        reader
    }

    /// The names that were read so far.
    #[cfg(test)]
    pub(super) fn read_names(&self) -> &BTreeSet<String> {
        &self.read_names
    }

    /// Records an error in a variable.
    pub(super) fn error(&mut self, name: &str, what: impl Into<String>) {
        self.errors.insert(SettingError { name: name.to_owned(), what: what.into() });
    }

    /// Returns the value, unless there was an error.
    pub(super) fn finish<T>(self, value: T) -> Result<T, SettingErrors> {
        if self.errors.is_empty() {
            Ok(value)
        } else {
            Err(SettingErrors(Vec::from_iter(self.errors)))
        }
    }

    /// The value of a variable. An empty value counts as not set.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.read_names.insert(name.to_owned());
        let value = self.environment.0.get(OsStr::new(name))?.clone();
        match value.into_string() {
            Ok(text) if text.trim().is_empty() => None,
            Ok(text) => Some(text.trim().to_owned()),
            Err(_not_text) => {
                self.error(name, "is not UTF-8");
                None
            }
        }
    }

    /// The value of a required variable.
    pub(super) fn required(&mut self, name: &str, purpose: &str) -> String {
        self.text(name).unwrap_or_else(|| {
            self.error(name, format!("is missing: {purpose}"));
            String::new()
        })
    }

    /// A value parsed from text; `expected` describes the format for the error.
    pub(super) fn parsed<T: FromStr>(&mut self, name: &str, default: T, expected: &str) -> T {
        let Some(text) = self.text(name) else { return default };
        text.parse().unwrap_or_else(|_| {
            self.error(name, format!("is `{text}`, expected {expected}"));
            default
        })
    }

    /// A number within an inclusive range.
    pub(super) fn within<T>(&mut self, name: &str, default: T, range: RangeInclusive<T>) -> T
    where
        T: Copy + Display + FromStr + PartialOrd,
    {
        let expected = format!("a number from {} to {}", range.start(), range.end());
        let number = self.parsed(name, default, &expected);
        if !range.contains(&number) {
            self.error(name, format!("is `{number}`, expected {expected}"));
        }
        number
    }

    /// One of the given words.
    pub(super) fn one_of<T: Copy>(&mut self, name: &str, words: &[(&str, T)], default: T) -> T {
        let Some(text) = self.text(name) else { return default };
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return *value;
        }
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        self.error(name, format!("is `{text}`, expected {}", words.join(" or ")));
        default
    }

    /// A secret, from the variable itself or from the file that `…_FILE` names.
    pub(super) fn secret(&mut self, name: &str) -> Option<SecretString> {
        let file_name = format!("{name}_FILE");
        match (self.text(name), self.text(&file_name)) {
            (Some(_), Some(_)) => {
                self.error(&file_name, format!("and {name} are both set: keep only one"));
                None
            }
            (Some(secret), None) => Some(secret.into()),
            (None, Some(path)) => self.secret_in(&file_name, &path),
            (None, None) => None,
        }
    }

    /// A required secret.
    pub(super) fn required_secret(&mut self, name: &str, purpose: &str) -> Option<SecretString> {
        let n_errors = self.errors.len();
        let secret = self.secret(name);
        if secret.is_none() && self.errors.len() == n_errors {
            self.error(name, format!("is missing (or {name}_FILE): {purpose}"));
        }
        secret
    }

    fn secret_in(&mut self, file_name: &str, path: &str) -> Option<SecretString> {
        match fs::read_to_string(path) {
            Ok(text) if text.trim().is_empty() => {
                self.error(file_name, format!("names the file {path}, which is empty"));
                None
            }
            Ok(text) => Some(text.trim().into()),
            Err(error) => {
                self.error(
                    file_name,
                    format!("names a file that cannot be read ({error}): {path}"),
                );
                None
            }
        }
    }
}

/// A hint for a misspelt name: the known name with the longest common prefix.
fn nearest(name: &str, known: &[&str]) -> String {
    let shared = |other: &str| name.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    known
        .iter()
        .filter(|other| shared(other) > OWN_PREFIX.len())
        .max_by_key(|other| shared(other))
        .map_or_else(String::new, |other| format!(", did you mean {other}?"))
}
