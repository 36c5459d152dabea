//! Composes an answer: quotations from the documents, and the note that it comes from a stand-in.

use crate::openai::{
    file_search::Found,
    input_items,
    ranking::Match,
    response_request::{ResponseRequest, purpose},
    scripts::Script,
    words::{Language, is_filler, terms},
};

/// At most this many passages are quoted.
const MAX_QUOTES: usize = 3;

/// A title has at most this many words.
const TITLE_WORDS: usize = 7;

/// A summary takes this many letters of each message, and has this many at most.
const SUMMARY_LINE: usize = 60;
const SUMMARY: usize = 2_000;

/// The parts of the answer to a request. `is_wordless` says that there was nothing to search for.
pub(crate) fn compose(
    request: &ResponseRequest,
    found: &[Found],
    has_documents: bool,
    is_wordless: bool,
) -> Vec<Script> {
    match purpose(&request.raw) {
        Some("title") => return vec![Script::text(&title(&first_question(&request.question())))],
        Some("summary") => return vec![Script::text(&summary(request))],
        _ => {}
    }
    let text = match Language::of(&request.question()) {
        Language::Spanish => &SPANISH,
        Language::English => &ENGLISH,
    };
    let best = quotable(found);
    let mut parts = vec![Script::text(match best.first() {
        Some(first) if first.passage.quality == Match::Good => text.found,
        Some(_) => text.nearest,
        None if is_wordless => text.greeting,
        None if has_documents => text.nothing,
        None => text.no_documents,
    })];
    for Found { file_id, filename, passage, .. } in best {
        let quote = Script::text(&format!("\n\n«{}»", passage.quote));
        // A document that came inside the request has no id to cite.
        parts.push(if file_id.is_empty() { quote } else { quote.citing(file_id, filename) });
    }
    parts.extend((0..input_items::n_images(&request.items)).map(|_| Script::text(text.image)));
    parts
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
    nothing: &'static str,
    no_documents: &'static str,
    greeting: &'static str,
    image: &'static str,
}

const SPANISH: Sentences = Sentences {
    found: "Soy el sustituto sin conexión de OpenAI: no razono, pero sé leer. Esto dicen tus \
            documentos:",
    nearest: "Soy el sustituto sin conexión de OpenAI y no encuentro una respuesta directa. Lo más \
              cercano en tus documentos:",
    nothing: "Soy el sustituto sin conexión de OpenAI. Busqué en tus documentos y no encontré nada \
              sobre eso.",
    no_documents: "Soy el sustituto sin conexión de OpenAI: sin documentos no sé nada. Sube uno y \
                   te muestro lo que dice.",
    greeting: "¡Hola! Soy el sustituto sin conexión de OpenAI. Pregúntame por algo que esté en tus \
               documentos.",
    image: "\n\nRecibí una imagen, pero no la puedo ver.",
};

const ENGLISH: Sentences = Sentences {
    found: "I am the offline stand-in for OpenAI: I do not reason, but I can read. This is what \
            your documents say:",
    nearest: "I am the offline stand-in for OpenAI and I find no direct answer. The nearest in \
              your documents:",
    nothing: "I am the offline stand-in for OpenAI. I looked into your documents and found nothing \
              about that.",
    no_documents: "I am the offline stand-in for OpenAI: without documents I know nothing. Upload \
                   one and I show you what it says.",
    greeting: "Hello! I am the offline stand-in for OpenAI. Ask me about something that is in your \
               documents.",
    image: "\n\nI received an image, but I cannot see it.",
};
