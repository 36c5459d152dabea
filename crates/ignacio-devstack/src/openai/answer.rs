//! What the stand-in says: quotations from the documents, and that it is a stand-in.

use crate::openai::{
    items,
    request::Ask,
    scripts::{Citation, words},
    search::{Hit, Match},
    words::{Language, is_filler, terms},
};

/// At most this many passages are quoted.
const QUOTES: usize = 3;

/// A title has at most this many words.
const TITLE: usize = 7;

/// A summary takes this many letters of each message.
const SUMMARY: usize = 60;

/// And is this long at most, in letters.
const LONGEST_SUMMARY: usize = 2_000;

/// An answer, piece by piece.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// In order.
    pub(crate) parts: Vec<Part>,
}

/// A piece of an answer, and what it cites.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The pieces that its text comes in.
    pub(crate) deltas: Vec<String>,
    /// Cited at its end.
    pub(crate) citations: Vec<Citation>,
}

impl Answer {
    /// An answer of one text without a citation.
    pub(crate) fn plain(text: &str) -> Self {
        let mut answer = Self::default();
        answer.say(text);
        answer
    }

    fn say(&mut self, text: &str) {
        let deltas = words(text).map(str::to_owned).collect();
        self.parts.push(Part { deltas, citations: Vec::new() });
    }

    /// Quotes a passage; one from a document without an id is not cited.
    fn quote(&mut self, hit: &Hit) {
        let (file_id, filename) = (hit.source.file_id.clone(), hit.source.filename.clone());
        self.say(&format!("«{}»", hit.quote));
        if let Some(part) = self.parts.last_mut().filter(|_| !file_id.is_empty()) {
            part.citations.push(Citation { file_id, filename });
        }
    }
}

/// What there was to look into.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Looked {
    /// Whether documents were attached at all.
    pub(crate) has_documents: bool,
    /// The question, with what went before where it has no words of its own.
    pub(crate) is_wordless: bool,
}

/// The answer to a request.
pub(crate) fn compose(ask: &Ask, hits: &[Hit], looked: Looked) -> Answer {
    if wants(ask, "title", &["título", "titulo", "title"]) {
        return Answer::plain(&title(&asked_first(&ask.question())));
    }
    if wants(ask, "summary", &["resumen", "resume ", "summar"]) {
        return Answer::plain(&summary(ask));
    }
    let text = match Language::of(&ask.question()) {
        Language::Spanish => &SPANISH,
        Language::English => &ENGLISH,
    };
    let mut answer = Answer::default();
    let best: Vec<&Hit> = quotable(hits);
    match best.first() {
        Some(first) if first.quality == Match::Good => answer.say(text.found),
        Some(_) => answer.say(text.nearest),
        None if looked.is_wordless => answer.say(text.greeting),
        None if looked.has_documents => answer.say(text.nothing),
        None => answer.say(text.no_documents),
    }
    for (index, hit) in best.iter().enumerate() {
        answer.say(if index == 1 { text.also } else { "\n\n" });
        answer.quote(hit);
    }
    match items::n_images(&ask.items) {
        0 => {}
        1 => answer.say(text.image),
        n => answer.say(&text.images.replace("{n}", &n.to_string())),
    }
    if ask.has_tool("web_search") || ask.has_tool("web_search_preview") {
        answer.say(text.no_web);
    }
    answer
}

/// The passages worth quoting: good ones, else the nearest one; none twice.
fn quotable(hits: &[Hit]) -> Vec<&Hit> {
    let Some(first) = hits.iter().find(|it| it.quality >= Match::Near) else {
        return Vec::new();
    };
    let mut best = vec![first];
    for hit in hits {
        let is_close = hit.quality == Match::Good && hit.score >= first.score * 0.6;
        if is_close && best.len() < QUOTES && best.iter().all(|it| it.quote != hit.quote) {
            best.push(hit);
        }
    }
    best
}

/// Whether a request without tools is a small job of this kind.
fn wants(ask: &Ask, purpose: &str, signs: &[&str]) -> bool {
    let instructions = ask.instructions().to_lowercase();
    let is_short = ask.searches.is_empty() && instructions.chars().count() < 600;
    ask.purpose() == purpose
        || ask.purpose().is_empty() && is_short && signs.iter().any(|it| instructions.contains(it))
}

/// The first words of a text that say what it is about.
fn title(text: &str) -> String {
    let bare = |it: &'_ str| it.trim_matches(|it: char| !it.is_alphanumeric()).to_owned();
    let all = text.split_whitespace().map(bare).filter(|it| !it.is_empty());
    let mut chosen: Vec<String> = all.skip_while(|it| is_filler(it)).take(TITLE).collect();
    while chosen.last().is_some_and(|it| is_filler(it)) {
        chosen.pop();
    }
    if chosen.is_empty() {
        return "Conversación nueva".to_owned();
    }
    let title = chosen.join(" ");
    let mut letters = title.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    first + letters.as_str()
}

/// What a person asked first: a transcript says who says what.
fn asked_first(text: &str) -> String {
    let said = text.lines().find_map(|it| it.strip_prefix("Persona: "));
    said.unwrap_or(text).to_owned()
}

/// The beginning of every message; of a transcript, of what the person said, behind what an earlier
/// summary kept.
fn summary(ask: &Ask) -> String {
    const HEAD: &str = "Resumen del sustituto sin conexión de OpenAI:";
    let (mut text, mut n_letters) = (HEAD.to_owned(), HEAD.chars().count());
    for said in items::texts(&ask.items, "user").iter().flat_map(|it| points(it)) {
        let letters = said.chars().count() + 3;
        if n_letters + letters <= LONGEST_SUMMARY {
            n_letters += letters;
            text.push_str("\n- ");
            text.push_str(&said);
        }
    }
    text
}

fn points(text: &str) -> Vec<String> {
    let is_transcript = text.contains("<conversacion>");
    let short = |it: &str| {
        let even = it.split_whitespace().collect::<Vec<_>>().join(" ");
        even.chars().take(SUMMARY).collect::<String>()
    };
    if !is_transcript {
        return vec![short(text)];
    }
    let kept = text.lines().filter_map(|it| it.strip_prefix("- "));
    let said = text.lines().filter_map(|it| it.strip_prefix("Persona: "));
    kept.chain(said).map(short).collect()
}

/// Whether a text has no word to search for.
pub(crate) fn is_wordless(text: &str) -> bool {
    terms(text).is_empty()
}

/// The sentences around the quotations.
struct Sentences {
    found: &'static str,
    nearest: &'static str,
    also: &'static str,
    nothing: &'static str,
    no_documents: &'static str,
    greeting: &'static str,
    image: &'static str,
    images: &'static str,
    no_web: &'static str,
}

const SPANISH: Sentences = Sentences {
    found: "Soy el sustituto sin conexión de OpenAI: no razono, pero sé leer. Esto dicen tus \
            documentos:",
    nearest: "Soy el sustituto sin conexión de OpenAI y no encuentro una respuesta directa. Lo más \
              cercano en tus documentos:",
    also: "\n\nTambién encontré:\n\n",
    nothing: "Soy el sustituto sin conexión de OpenAI. Busqué en tus documentos y no encontré nada \
              sobre eso.",
    no_documents: "Soy el sustituto sin conexión de OpenAI: sin documentos no sé nada. Sube uno y \
                   te muestro lo que dice.",
    greeting: "¡Hola! Soy el sustituto sin conexión de OpenAI. Pregúntame por algo que esté en tus \
               documentos.",
    image: "\n\nRecibí una imagen, pero no la puedo ver.",
    images: "\n\nRecibí {n} imágenes, pero no las puedo ver.",
    no_web: "\n\nEn la web no puedo buscar.",
};

const ENGLISH: Sentences = Sentences {
    found: "I am the offline stand-in for OpenAI: I do not reason, but I can read. This is what \
            your documents say:",
    nearest: "I am the offline stand-in for OpenAI and I find no direct answer. The nearest in \
              your documents:",
    also: "\n\nI also found:\n\n",
    nothing: "I am the offline stand-in for OpenAI. I looked into your documents and found nothing \
              about that.",
    no_documents: "I am the offline stand-in for OpenAI: without documents I know nothing. Upload \
                   one and I show you what it says.",
    greeting: "Hello! I am the offline stand-in for OpenAI. Ask me about something that is in your \
               documents.",
    image: "\n\nI received an image, but I cannot see it.",
    images: "\n\nI received {n} images, but I cannot see them.",
    no_web: "\n\nI cannot search the web.",
};

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Answer, Looked, compose, title};
    use crate::openai::request::Ask;

    fn text(answer: &Answer) -> String {
        answer.parts.iter().flat_map(|it| it.deltas.clone()).collect()
    }

    #[test]
    fn a_title_begins_with_what_matters() {
        assert_eq!(
            title("¿Cuánto es el presupuesto de publicidad para 2026?"),
            "Presupuesto de publicidad para 2026"
        );
        assert_eq!(title("¿y?"), "Conversación nueva");
    }

    #[test]
    fn a_rolling_summary_keeps_what_was_said_first() {
        let looked = Looked { has_documents: false, is_wordless: false };
        let mut before = "<conversacion>\nPersona: La clave es AZUL-1\nIgnacio: Sí\n".to_owned();
        for round in 0..3 {
            let ask =
                json!({ "model": "m", "input": before, "metadata": { "purpose": "summary" } });
            let ask = Ask::parse(ask).expect("a request");
            let said = text(&compose(&ask, &[], looked));
            assert!(said.contains("\n- La clave es AZUL-1"), "{round}: {said}");
            assert!(!said.contains("Sí"), "{said}");
            before = format!("<resumen>\n{said}\n</resumen>\n<conversacion>\nPersona: {round}");
        }
    }

    #[test]
    fn without_documents_it_says_so_in_the_language_of_the_question() {
        let looked = Looked { has_documents: false, is_wordless: false };
        let ask =
            |input: &str| Ask::parse(json!({ "model": "m", "input": input })).expect("a request");
        assert!(
            text(&compose(&ask("¿Qué es un CAC?"), &[], looked)).contains("sustituto sin conexión")
        );
        assert!(
            text(&compose(&ask("What is this about?"), &[], looked)).contains("offline stand-in")
        );
    }
}
