//! Finds the passages that match a question, and the sentences worth quoting in them.

use std::{cmp::Ordering, collections::HashSet, sync::Arc};

use serde_json::{Map, Value};

use crate::openai::{
    passages::{Document, Passage, sentences},
    words,
};

/// A quotation is at most this long.
const QUOTE: usize = 400;

/// So many passages are looked at closely.
const CLOSE: usize = 60;

/// A document with what the search has to know about it.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// Empty for a document that came inside the request.
    pub(crate) file_id: String,
    /// As uploaded.
    pub(crate) filename: String,
    /// What the store knows about the file.
    pub(crate) attributes: Map<String, Value>,
    /// The text.
    pub(crate) document: Arc<Document>,
}

/// How well a passage answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Match {
    /// A word in common.
    Slight,
    /// About the same thing, perhaps.
    Near,
    /// Most of the question's words, or three of them.
    Good,
}

/// A passage that has something in common with the question.
#[derive(Clone, Debug)]
pub(crate) struct Hit {
    /// Where it stands.
    pub(crate) source: Source,
    /// The whole passage.
    pub(crate) text: String,
    /// Its best sentences, verbatim, short.
    pub(crate) quote: String,
    /// From 0 to 1.
    pub(crate) score: f64,
    /// How well it answers.
    pub(crate) quality: Match,
    is_heading: bool,
}

/// The question's stems, and how telling each of them is among these documents.
struct Query {
    weights: Vec<(String, f64)>,
}

/// A passage with something in common, before it is looked at closely.
struct Candidate<'a> {
    source: &'a Source,
    passage: &'a Passage,
    coverage: f64,
    exact: usize,
}

/// Searches documents; the best passages come first.
pub(crate) fn search(question: &str, sources: &[Source]) -> Vec<Hit> {
    let query = Query::new(question, sources);
    let mut candidates: Vec<Candidate<'_>> = sources
        .iter()
        .flat_map(|source| source.document.passages.iter().map(move |it| (source, it)))
        .map(|(source, passage)| query.candidate(source, passage))
        .filter(|it| it.coverage > 0.0)
        .collect();
    candidates.sort_by(|a, b| {
        let by_kind = a.passage.is_heading.cmp(&b.passage.is_heading);
        by_kind.then_with(|| b.coverage.total_cmp(&a.coverage))
    });
    candidates.truncate(CLOSE);
    let mut hits: Vec<Hit> = candidates.iter().map(|it| query.hit(it)).collect();
    hits.sort_by(best_first);
    hits
}

/// The order of hits: headings come last.
pub(crate) fn best_first(a: &Hit, b: &Hit) -> Ordering {
    let by_kind = a.is_heading.cmp(&b.is_heading);
    let by_match = b.quality.cmp(&a.quality).then_with(|| b.score.total_cmp(&a.score));
    by_kind.then(by_match)
}

impl Query {
    fn new(question: &str, sources: &[Source]) -> Self {
        let mut stems = words::terms(question);
        stems.sort();
        stems.dedup();
        let passages = || sources.iter().flat_map(|it| it.document.passages.iter());
        let total = count(passages().count());
        let weigh = |stem: String| {
            let holding = count(passages().filter(|it| it.terms.contains(&stem)).count());
            let weight = (1.0 + (total + 1.0) / (holding.max(1.0) + 0.5)).ln();
            (stem, weight)
        };
        Self { weights: stems.into_iter().map(weigh).collect() }
    }

    fn candidate<'a>(&self, source: &'a Source, passage: &'a Passage) -> Candidate<'a> {
        let (coverage, exact) = self.coverage(&passage.terms, &passage.context);
        Candidate { source, passage, coverage, exact }
    }

    fn hit(&self, candidate: &Candidate<'_>) -> Hit {
        let &Candidate { source, passage, coverage, exact } = candidate;
        let length = count(passage.terms.len());
        let quality = match coverage {
            _ if exact >= 3 => Match::Good,
            it if it >= 0.5 => Match::Good,
            it if it >= 0.34 => Match::Near,
            _ => Match::Slight,
        };
        let quote = self.quote(&passage.text);
        // What is quoted counts more than what stands around it, and a scrap counts less.
        let score = 0.4 * coverage + 0.6 * self.worth(&quote);
        let score = if quote.split_whitespace().count() < 6 { score * 0.9 } else { score };
        Hit {
            source: source.clone(),
            text: passage.text.clone(),
            quote,
            score: score * (1.0 - 0.2 * length / (length + 60.0)),
            quality,
            is_heading: passage.is_heading,
        }
    }

    /// The share of the question's weight that is met, and how many of its words exactly.
    fn coverage(&self, terms: &HashSet<String>, context: &[String]) -> (f64, usize) {
        let (mut met, mut all, mut exact) = (0.0, 0.0, 0);
        for (stem, weight) in &self.weights {
            all += weight;
            if terms.contains(stem) {
                met += weight;
                exact += 1;
            } else if context.contains(stem) {
                met += weight * 0.8;
            } else if terms.iter().any(|it| words::are_kin(it, stem)) {
                met += weight * 0.5;
            }
        }
        if all > 0.0 { (met / all, exact) } else { (0.0, 0) }
    }

    fn worth(&self, text: &str) -> f64 {
        let terms = words::terms(text).into_iter().collect();
        self.coverage(&terms, &[]).0
    }

    /// The sentence that matches best, with its neighbours as far as they add to the match.
    fn quote(&self, text: &str) -> String {
        let all = sentences(text);
        let mut best = (0, 0.0);
        for (index, sentence) in all.iter().enumerate() {
            let worth = self.worth(sentence);
            if worth > best.1 {
                best = (index, worth);
            }
        }
        let chosen = all.get(best.0).copied().unwrap_or(text);
        let mut quote = chosen.to_owned();
        let mut worth = best.1;
        for next in all.iter().skip(best.0 + 1) {
            let longer = format!("{quote} {next}");
            let gain = self.worth(&longer);
            // A question brings its answer along.
            let adds = gain > worth || quote.ends_with('?');
            if !adds || longer.chars().count() > QUOTE {
                break;
            }
            (quote, worth) = (longer, gain);
        }
        shorten(&quote)
    }
}

/// Cuts a quotation at a word's end.
fn shorten(quote: &str) -> String {
    let mut short = String::new();
    let mut length = 0;
    for word in quote.split_inclusive(' ') {
        length += word.chars().count();
        if length > QUOTE && !short.is_empty() {
            break;
        }
        short.push_str(word);
    }
    short.trim_end().to_owned()
}

/// A count as a number to calculate with.
fn count(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Match, Source, search};
    use crate::openai::passages::Document;

    const PLAN: &str = "# Plan\n\n## Misión\n\nOfrecer pan artesano a precio justo.\n\n## Dinero\n\nEl \
        alquiler sube cada año. El presupuesto de publicidad es de 4.500 euros. La tutora lo revisa.\n\n\
        El capital semilla viene de una cooperativa.\n";

    fn plan() -> Vec<Source> {
        vec![Source {
            file_id: "file-1".to_owned(),
            filename: "plan.md".to_owned(),
            attributes: serde_json::Map::new(),
            document: Arc::new(Document::from_text(PLAN)),
        }]
    }

    #[test]
    fn the_quote_is_the_sentence_that_answers() {
        let hits = search("¿cuanto es el PRESUPUESTO para publicidád?", &plan());
        assert_eq!(hits[0].quote, "El presupuesto de publicidad es de 4.500 euros.");
        assert_eq!(hits[0].quality, Match::Good);
    }

    #[test]
    fn a_heading_leads_to_what_stands_under_it() {
        let hits = search("¿Cuál es la misión?", &plan());
        assert_eq!(hits[0].quote, "Ofrecer pan artesano a precio justo.");
    }

    #[test]
    fn a_stray_word_is_not_an_answer() {
        assert!(search("¿Quién ganó el mundial?", &plan()).is_empty());
        let hits = search("¿Cuál es la capital de Francia y su moneda?", &plan());
        assert!(hits.iter().all(|it| it.quality < Match::Good));
    }
}
