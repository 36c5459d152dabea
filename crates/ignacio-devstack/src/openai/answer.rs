//! Composes an answer: quotations from the documents, and the note that it comes from a stand-in.

use crate::openai::{
    file_search::Found,
    input_items,
    ranking::Match,
    response_request::ResponseRequest,
    scripts::{FileCitation, words},
    words::{Language, is_filler, terms},
};

/// At most this many passages are quoted.
const MAX_QUOTES: usize = 3;

/// A title has at most this many words.
const TITLE_WORDS: usize = 7;

/// A summary takes this many letters of each message, and has this many at most.
const SUMMARY_LINE: usize = 60;
const SUMMARY: usize = 2_000;

/// An answer, piece by piece.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) parts: Vec<Part>,
}

/// A piece of an answer: its deltas, and what it cites at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) deltas: Vec<String>,
    pub(crate) citations: Vec<FileCitation>,
}

impl Answer {
    fn push(&mut self, text: &str) {
        let deltas = words(text).map(str::to_owned).collect();
        self.parts.push(Part { deltas, citations: Vec::new() });
    }

    /// Quotes a passage; one from a document without an id is not cited.
    fn quote(&mut self, found: &Found) {
        self.push(&format!("«{}»", found.passage.quote));
        let Found { file_id, filename, .. } = found.clone();
        if let Some(part) = self.parts.last_mut().filter(|_| !file_id.is_empty()) {
            part.citations.push(FileCitation { file_id, filename });
        }
    }
}

/// The answer to a request. `is_wordless` says that there was nothing to search for.
pub(crate) fn compose(
    request: &ResponseRequest,
    found: &[Found],
    has_documents: bool,
    is_wordless: bool,
) -> Answer {
    let mut answer = Answer::default();
    if is_job(request, "title", &["título", "titulo", "title"]) {
        answer.push(&title(&first_question(&request.question())));
        return answer;
    }
    if is_job(request, "summary", &["resumen", "resume ", "summar"]) {
        answer.push(&summary(request));
        return answer;
    }
    let text = match Language::of(&request.question()) {
        Language::Spanish => &SPANISH,
        Language::English => &ENGLISH,
    };
    let best = quotable(found);
    answer.push(match best.first() {
        Some(first) if first.passage.quality == Match::Good => text.found,
        Some(_) => text.nearest,
        None if is_wordless => text.greeting,
        None if has_documents => text.nothing,
        None => text.no_documents,
    });
    for (index, found) in best.iter().enumerate() {
        answer.push(if index == 1 { text.also } else { "\n\n" });
        answer.quote(found);
    }
    match input_items::n_images(&request.items) {
        0 => {}
        1 => answer.push(text.image),
        n => answer.push(&text.images.replace("{n}", &n.to_string())),
    }
    if request.has_tool("web_search") || request.has_tool("web_search_preview") {
        answer.push(text.no_web);
    }
    answer
}

/// The passages worth quoting: good ones, else the nearest one; none twice.
fn quotable(found: &[Found]) -> Vec<&Found> {
    let mut best: Vec<&Found> = Vec::new();
    for it in found.iter().filter(|it| it.passage.quality >= Match::Near) {
        let is_close = best.first().is_none_or(|first| {
            it.passage.quality == Match::Good && it.passage.score >= first.passage.score * 0.6
        });
        let is_new = best.iter().all(|other| other.passage.quote != it.passage.quote);
        if is_close && is_new && best.len() < MAX_QUOTES {
            best.push(it);
        }
    }
    best
}

/// Whether a request without tools is a small job of this kind.
fn is_job(request: &ResponseRequest, purpose: &str, signs: &[&str]) -> bool {
    let instructions = request.instructions().to_lowercase();
    let is_short = request.searches.is_empty() && instructions.chars().count() < 600;
    request.purpose() == purpose
        || request.purpose().is_empty()
            && is_short
            && signs.iter().any(|it| instructions.contains(it))
}

/// The first words of a text that name its topic.
fn title(text: &str) -> String {
    let bare = |it: &'_ str| it.trim_matches(|it: char| !it.is_alphanumeric()).to_owned();
    let all = text.split_whitespace().map(bare).filter(|it| !it.is_empty());
    let mut chosen: Vec<String> = all.skip_while(|it| is_filler(it)).take(TITLE_WORDS).collect();
    while chosen.last().is_some_and(|it| is_filler(it)) {
        chosen.pop();
    }
    let title = chosen.join(" ");
    let mut letters = title.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => "Conversación nueva".to_owned(),
    }
}

/// The user's first question; a transcript marks who says what.
fn first_question(text: &str) -> String {
    let question = text.lines().find_map(|it| it.strip_prefix("Persona: "));
    question.unwrap_or(text).to_owned()
}

/// The beginning of every message; of a transcript, of what the user said, after what an earlier
/// summary kept.
fn summary(request: &ResponseRequest) -> String {
    let mut text = "Resumen del sustituto sin conexión de OpenAI:".to_owned();
    let mut n_letters = text.chars().count();
    for point in input_items::user_texts(&request.items).iter().flat_map(|it| points(it)) {
        let letters = point.chars().count() + 3;
        if n_letters + letters <= SUMMARY {
            n_letters += letters;
            text.push_str("\n- ");
            text.push_str(&point);
        }
    }
    text
}

fn points(text: &str) -> Vec<String> {
    let short = |it: &str| {
        let even = it.split_whitespace().collect::<Vec<_>>().join(" ");
        even.chars().take(SUMMARY_LINE).collect::<String>()
    };
    if !text.contains("<conversacion>") {
        return vec![short(text)];
    }
    let of = |mark: &'static str| text.lines().filter_map(move |it| it.strip_prefix(mark));
    of("- ").chain(of("Persona: ")).map(short).collect()
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
    use serde_json::{Value, json};

    use super::{compose, title};
    use crate::openai::response_request::ResponseRequest;

    fn answered(request: &Value) -> String {
        let request = ResponseRequest::parse(request.as_object().cloned().expect("an object"));
        let answer = compose(&request.expect("a request"), &[], false, false);
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
        let mut before = "<conversacion>\nPersona: La clave es AZUL-1\nIgnacio: Sí\n".to_owned();
        for round in 0..3 {
            let summary = answered(
                &json!({ "model": "m", "input": before, "metadata": { "purpose": "summary" } }),
            );
            assert!(summary.contains("\n- La clave es AZUL-1"), "{round}: {summary}");
            assert!(!summary.contains("Sí"), "{summary}");
            before = format!("<resumen>\n{summary}\n</resumen>\n<conversacion>\nPersona: {round}");
        }
    }

    #[test]
    fn without_documents_it_says_so_in_the_language_of_the_question() {
        let answered = |input: &str| answered(&json!({ "model": "m", "input": input }));
        assert!(answered("¿Qué es un CAC?").contains("sustituto sin conexión"));
        assert!(answered("What is this about?").contains("offline stand-in"));
    }
}
