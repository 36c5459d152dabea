//! Searches logs for secrets.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
};

use aho_corasick::{AhoCorasick, MatchKind};
use anyhow::Context as _;

/// How many bytes of the line to show on either side of a finding.
const CONTEXT: usize = 120;

/// Secrets that must not be in a log, and the forms in which they may be written.
pub(super) struct Secrets {
    texts: Vec<String>,
    /// For each pattern of `forms`, the index of its secret.
    secret_of_form: Vec<usize>,
    forms: AhoCorasick,
}

/// What was searched and found.
#[derive(Debug, Default)]
pub(super) struct SearchResult {
    pub(super) n_lines: u64,
    pub(super) n_bytes: u64,
    pub(super) findings: Vec<Finding>,
}

/// A secret in a log, reported once.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) secret: String,
    pub(super) place: String,
    pub(super) excerpt: String,
}

impl Secrets {
    /// Reads the secrets that the processes of a run recorded.
    pub(super) fn read(folder: &Path) -> anyhow::Result<Self> {
        let mut texts = BTreeSet::new();
        for path in files(folder, "secrets-")? {
            let text = fs::read_to_string(&path);
            let text = text.with_context(|| format!("{} cannot be read", path.display()))?;
            texts.extend(text.lines().map(str::to_owned));
        }
        Self::of(texts)
    }

    fn of(texts: impl IntoIterator<Item = String>) -> anyhow::Result<Self> {
        let texts: Vec<String> = texts.into_iter().collect();
        let all = texts.iter().enumerate();
        let (secret_of_form, patterns): (Vec<_>, Vec<_>) = all
            .flat_map(|(index, text)| forms(text).into_iter().map(move |it| (index, it)))
            .unzip();
        let mut builder = AhoCorasick::builder();
        let forms = builder.match_kind(MatchKind::Standard).build(patterns)?;
        Ok(Self { texts, secret_of_form, forms })
    }

    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Searches every log of a run for every secret.
    pub(super) fn search(&self, folder: &Path) -> anyhow::Result<SearchResult> {
        let (mut result, mut known) = (SearchResult::default(), BTreeSet::new());
        for path in files(folder, "log-")? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let mut reader = BufReader::new(File::open(&path)?);
            let (mut line, mut number) = (Vec::new(), 0_u64);
            while reader.read_until(b'\n', &mut line)? > 0 {
                number += 1;
                result.n_bytes += u64::try_from(line.len())?;
                let found = self.find(&line).into_iter();
                // One statement can log a secret a thousand times: the first is enough.
                let new = found.filter(|(secret, _)| known.insert(*secret));
                result.findings.extend(new.map(|(secret, excerpt)| Finding {
                    secret: secret.to_owned(),
                    place: format!("{name}:{number}"),
                    excerpt,
                }));
                line.clear();
            }
            result.n_lines += number;
        }
        Ok(result)
    }

    /// The secrets in a line, each with its context.
    fn find(&self, line: &[u8]) -> Vec<(&str, String)> {
        let all = self.forms.find_overlapping_iter(line);
        let whole = all.filter(|it| is_whole(line, it.start(), it.end()));
        let found = whole.filter_map(|it| {
            let text = self.texts.get(*self.secret_of_form.get(it.pattern().as_usize())?)?;
            let end = line.len().min(it.end() + CONTEXT);
            let around = line.get(it.start().saturating_sub(CONTEXT)..end)?;
            Some((text.as_str(), String::from_utf8_lossy(around).trim_end().to_owned()))
        });
        found.collect()
    }
}

/// The forms in which a log may write a text: plain, as JSON, as Rust's `{:?}` of text and of bytes,
/// and as a list of bytes; and each of these within a line that is JSON itself.
fn forms(text: &str) -> BTreeSet<String> {
    let json = |it: &str| {
        let quoted = serde_json::to_string(it).unwrap_or_default();
        quoted.trim_matches('"').to_owned()
    };
    let bytes: Vec<String> = text.bytes().map(|it| it.to_string()).collect();
    let plain = [
        text.to_owned(),
        json(text),
        text.escape_debug().to_string(),
        text.as_bytes().escape_ascii().to_string(),
        bytes.join(", "),
    ];
    let nested = plain.clone().map(|it| json(&it));
    plain.into_iter().chain(nested).collect()
}

/// Whether a match is not part of a longer word or number.
fn is_whole(line: &[u8], start: usize, end: usize) -> bool {
    let at = |index: usize| line.get(index).copied().unwrap_or(b' ');
    let before = start.checked_sub(1).map_or(b' ', at);
    let (first, last, after) = (at(start), at(end.saturating_sub(1)), at(end));
    let joins = |a: u8, b: u8| a.is_ascii_alphanumeric() && b.is_ascii_alphanumeric();
    // The fraction of a time can have the same digits as a code.
    let is_fraction = first.is_ascii_digit() && matches!(before, b'.' | b'-');
    !joins(before, first) && !joins(last, after) && !is_fraction
}

fn files(folder: &Path, prefix: &str) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    let fits = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix))
    };
    let mut paths: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).filter(fits).collect();
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    //! A secret is found in every form, and only as a whole word.

    use super::*;

    fn found(secret: &str, line: &str) -> bool {
        !Secrets::of([secret.to_owned()]).unwrap().find(line.as_bytes()).is_empty()
    }

    #[test]
    fn a_secret_is_found_in_every_form() {
        let secret = "Añade \"doce\" sillas";
        for line in [
            format!("said {secret}."),
            format!("said {secret:?}."),
            format!("said {:?}.", secret.as_bytes()),
            format!("said b\"{}\".", secret.as_bytes().escape_ascii()),
            serde_json::to_string(&format!("said {secret}")).unwrap(),
            serde_json::to_string(&format!("said {secret:?}")).unwrap(),
        ] {
            assert!(found(secret, &line), "{line}");
        }
    }

    #[test]
    fn a_part_of_a_word_a_time_or_an_id_is_not_a_finding() {
        for line in ["took 0.482915s", "at 12:00:01.482915 it", "id 0a482915", "n=14829150"] {
            assert!(!found("482915", line), "{line}");
        }
        for line in ["code=482915", "code: 482915,", "[482915]", "\"482915\""] {
            assert!(found("482915", line), "{line}");
        }
    }

    #[test]
    fn logs_are_counted_and_a_secret_is_reported_once() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        put("secrets-1", "+573001110002\nAna Ejemplo\n");
        put("log-1", "fine\nto +573001110002\n");
        put("log-2", "to +573001110002\nfine\n");
        put("other", "Ana Ejemplo\n");
        let secrets = Secrets::read(folder.path()).unwrap();
        let result = secrets.search(folder.path()).unwrap();
        assert_eq!((secrets.len(), result.n_lines, result.n_bytes), (2, 4, 44));
        let places: Vec<&str> = result.findings.iter().map(|it| it.place.as_str()).collect();
        assert_eq!(places, ["log-1:2"]);
    }
}
