//! Finds the passages that share the most words with a question, and the sentence to quote.

use std::collections::{HashMap, HashSet};

use crate::openai::{
    documents::{Document, sentences},
    words::terms,
};

/// How well a passage matches the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Match {
    /// A word in common.
    Slight,
    /// Perhaps about the same thing.
    Near,
    /// Most of the question's words, or three of them.
    Good,
}

/// A passage that has something in common with the question.
#[derive(Clone, Debug)]
pub(crate) struct Hit {
    /// The whole passage.
    pub(crate) text: String,
    /// Its best sentence, verbatim.
    pub(crate) quote: String,
    /// From 0 to 1.
    pub(crate) score: f64,
    pub(crate) quality: Match,
}

/// The best passages of documents, each with the index of its document; the best come first.
pub(crate) fn rank(question: &str, documents: &[&Document]) -> Vec<(usize, Hit)> {
    let wanted: HashSet<String> = terms(question).into_iter().collect();
    let passages: Vec<_> = documents
        .iter()
        .enumerate()
        .flat_map(|(index, document)| document.passages.iter().map(move |it| (index, it)))
        .map(|(index, it)| (index, it, set(&it.text), set(&it.heading)))
        .collect();
    // A word counts the more the fewer passages have it.
    let weight = |term: String| {
        let holding = passages.iter().filter(|(_, _, terms, _)| terms.contains(&term)).count();
        let rarity = number(passages.len() + 1) / (number(holding.max(1)) + 0.5);
        (term, (1.0 + rarity).ln())
    };
    let query = Query { weights: wanted.into_iter().map(weight).collect() };
    let mut hits: Vec<(usize, Hit)> = passages
        .iter()
        .filter_map(|(index, it, text, heading)| {
            Some((*index, query.hit(&it.text, text, heading)?))
        })
        .collect();
    hits.sort_by(|(_, a), (_, b)| best_first(a, b));
    hits
}

/// The order of hits.
pub(crate) fn best_first(a: &Hit, b: &Hit) -> std::cmp::Ordering {
    b.quality.cmp(&a.quality).then_with(|| b.score.total_cmp(&a.score))
}

/// The words of a question, and how much each of them counts.
struct Query {
    weights: HashMap<String, f64>,
}

impl Query {
    fn hit(&self, passage: &str, text: &HashSet<String>, heading: &HashSet<String>) -> Option<Hit> {
        let n_shared = self.weights.keys().filter(|it| text.contains(*it)).count();
        let share = self.share(text, heading);
        let (quote, quote_share) = sentences(passage)
            .into_iter()
            .map(|it| (it, self.share(&set(it), &HashSet::new())))
            .reduce(|best, it| if it.1 > best.1 { it } else { best })?;
        let quality = match share {
            0.0 => return None,
            _ if n_shared >= 3 => Match::Good,
            0.5.. => Match::Good,
            0.34.. => Match::Near,
            _ => Match::Slight,
        };
        // What is quoted counts more than what surrounds it.
        let score = 0.4 * share + 0.6 * quote_share;
        Some(Hit { text: passage.to_owned(), quote: quote.to_owned(), score, quality })
    }

    /// The share of the question's weight that is met; a word of the heading counts a little less.
    fn share(&self, text: &HashSet<String>, heading: &HashSet<String>) -> f64 {
        let met = |(term, weight): (&String, &f64)| match term {
            _ if text.contains(term) => *weight,
            _ if heading.contains(term) => 0.8 * weight,
            _ => 0.0,
        };
        let all: f64 = self.weights.values().sum();
        if all > 0.0 { self.weights.iter().map(met).sum::<f64>() / all } else { 0.0 }
    }
}

fn set(text: &str) -> HashSet<String> {
    terms(text).into_iter().collect()
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::{Hit, Match, rank};
    use crate::openai::documents::Document;

    const PLAN: &str = "# Plan\n\n## Misión\n\nOfrecer pan artesano a precio justo.\n\n## Dinero\n\nEl \
        alquiler sube cada año. El presupuesto de publicidad es de 4.500 euros. La tutora lo revisa.\n\n\
        El capital semilla viene de una cooperativa.\n";

    fn hits(question: &str) -> Vec<Hit> {
        let ranked = rank(question, &[&Document::from_text(PLAN)]);
        ranked.into_iter().map(|(_, hit)| hit).collect()
    }

    #[test]
    fn the_quote_is_the_sentence_that_answers() {
        let hits = hits("¿cuanto es el PRESUPUESTO para publicidád?");
        assert_eq!(hits[0].quote, "El presupuesto de publicidad es de 4.500 euros.");
        assert_eq!(hits[0].quality, Match::Good);
    }

    #[test]
    fn a_heading_leads_to_what_stands_under_it() {
        let hits = hits("¿Cuál es la misión?");
        assert_eq!(hits[0].quote, "Ofrecer pan artesano a precio justo.");
    }

    #[test]
    fn a_stray_word_is_not_an_answer() {
        assert!(hits("¿Quién ganó el mundial?").is_empty());
        let hits = hits("¿Cuál es la capital de Francia y su moneda?");
        assert!(hits.iter().all(|it| it.quality < Match::Good));
    }
}
