//! Cuts a document's text into passages: paragraphs of a few sentences that can be quoted.

use std::collections::HashSet;

use crate::openai::words;

/// A passage is cut at a sentence once it is this long.
const LONG: usize = 700;

/// A line of at most this many words and without a final stop is taken for a heading.
const HEADING_WORDS: usize = 8;

/// One stretch of a document that can be quoted.
#[derive(Clone, Debug)]
pub(crate) struct Passage {
    /// As the document has it, on one line.
    pub(crate) text: String,
    /// Its stems.
    pub(crate) terms: HashSet<String>,
    /// The stems of the heading above it: they make it findable and are not quoted.
    pub(crate) context: Vec<String>,
    /// A heading is quoted only where nothing else matches.
    pub(crate) is_heading: bool,
}

impl Passage {
    fn new(text: String, heading: &str, is_heading: bool) -> Self {
        let terms = words::terms(&text).into_iter().collect();
        Self { text, terms, context: words::terms(heading), is_heading }
    }
}

/// A document, ready to be searched.
#[derive(Clone, Debug, Default)]
pub(crate) struct Document {
    /// In reading order.
    pub(crate) passages: Vec<Passage>,
}

impl Document {
    /// Reads text in which paragraphs stand apart by an empty line and `#` marks a heading.
    pub(crate) fn from_text(text: &str) -> Self {
        let mut cutter = Cutter::default();
        for line in text.lines() {
            cutter.line(line.trim());
        }
        cutter.close();
        Self { passages: cutter.passages }
    }

    /// How many bytes of text it has.
    pub(crate) fn size(&self) -> u64 {
        let bytes: usize = self.passages.iter().map(|it| it.text.len()).sum();
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

/// Collects lines into paragraphs.
#[derive(Default)]
struct Cutter {
    passages: Vec<Passage>,
    paragraph: String,
    heading: String,
    is_item: bool,
    is_single: bool,
}

impl Cutter {
    fn line(&mut self, line: &str) {
        if line.is_empty() {
            self.close();
        } else if is_noise(line) {
            // A page number or a contents line in the middle of a sentence does not end it.
        } else if let Some(title) = line.strip_prefix('#') {
            self.close();
            self.set_heading(title.trim_start_matches('#').trim());
        } else if let Some(row) = table_row(line) {
            self.close();
            self.item(&row);
            self.close();
        } else if let Some(item) = list_item(line) {
            self.close();
            self.item(item);
        } else {
            // A short line counts as a heading only if what follows begins a sentence.
            let is_break = self.is_short_line() || self.is_finished() && is_heading(line);
            if is_break && starts_sentence(line) {
                self.close();
            }
            self.is_single = self.paragraph.is_empty();
            join(&mut self.paragraph, line);
        }
    }

    fn item(&mut self, text: &str) {
        join(&mut self.paragraph, text);
        self.is_item = true;
    }

    fn is_short_line(&self) -> bool {
        self.is_single && !self.is_item && is_heading(&self.paragraph)
    }

    fn is_finished(&self) -> bool {
        self.paragraph.ends_with(['.', '!', '?', ':'])
    }

    fn set_heading(&mut self, title: &str) {
        title.clone_into(&mut self.heading);
        if !title.is_empty() {
            self.passages.push(Passage::new(title.to_owned(), "", true));
        }
    }

    fn close(&mut self) {
        let paragraph = std::mem::take(&mut self.paragraph);
        let is_item = std::mem::take(&mut self.is_item);
        if paragraph.is_empty() {
            return;
        }
        if !is_item && is_heading(&paragraph) {
            self.set_heading(&paragraph);
            return;
        }
        for piece in pieces(&paragraph) {
            self.passages.push(Passage::new(piece, &self.heading, false));
        }
    }
}

/// Adds a line to a paragraph; a word that was broken at the line's end is made whole.
fn join(paragraph: &mut String, line: &str) {
    let is_broken = paragraph.ends_with(['-', '\u{ad}', '\u{2010}'])
        && paragraph.chars().rev().nth(1).is_some_and(char::is_alphabetic)
        && line.starts_with(char::is_lowercase);
    if is_broken {
        paragraph.pop();
    } else if !paragraph.is_empty() {
        paragraph.push(' ');
    }
    for (index, word) in line.split_whitespace().enumerate() {
        if index > 0 {
            paragraph.push(' ');
        }
        paragraph.extend(word.chars().filter(|it| *it != '\u{ad}'));
    }
}

/// Page numbers, dotted lines of a table of contents, rulers.
fn is_noise(line: &str) -> bool {
    let dense: String = line.chars().filter(|it| !it.is_whitespace()).collect();
    let is_number = dense.chars().all(|it| it.is_ascii_digit() || "/-–.|".contains(it));
    is_number || [".....", "…………", ":::::"].iter().any(|it| dense.contains(it))
}

/// The cells of a Markdown table's row.
fn table_row(line: &str) -> Option<String> {
    let inner = line.strip_prefix('|')?.strip_suffix('|')?;
    let cells: Vec<&str> = inner.split('|').map(str::trim).filter(|it| !it.is_empty()).collect();
    Some(cells.join(", "))
}

/// The text after a bullet or a short number.
fn list_item(line: &str) -> Option<&str> {
    for bullet in ["- ", "* ", "+ ", "• ", "· ", "– ", "▪ ", "o "] {
        if let Some(rest) = line.strip_prefix(bullet) {
            return Some(rest.trim());
        }
    }
    let (mark, rest) = line.split_once(' ')?;
    let label = mark.strip_suffix(['.', ')'])?;
    let is_label = label.len() <= 2 && label.chars().all(char::is_alphanumeric);
    // "3. Plan de ventas" is a heading, "3. Se vende en ferias locales y por encargo." an item.
    (is_label && !rest.is_empty() && !is_heading(rest)).then(|| rest.trim())
}

fn starts_sentence(line: &str) -> bool {
    line.starts_with(|it: char| it.is_uppercase() || it.is_ascii_digit() || "¿¡«\"".contains(it))
}

/// A short line without a final stop that states nothing: no figure and nothing after a colon.
fn is_heading(line: &str) -> bool {
    let unnumbered = line.trim_start_matches(|it: char| it.is_ascii_digit() || ".) ".contains(it));
    let is_open = !line.ends_with(['.', '!', '?', ';', ',', '…', '»', '"', '-']);
    let states = unnumbered.contains(": ") || unnumbered.chars().any(|it| it.is_ascii_digit());
    is_open && !states && unnumbered.split_whitespace().count() <= HEADING_WORDS
}

/// Cuts a long paragraph at the ends of its sentences.
fn pieces(paragraph: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    for sentence in sentences(paragraph) {
        if !piece.is_empty() && piece.chars().count() + sentence.chars().count() > LONG {
            pieces.push(std::mem::take(&mut piece));
        }
        if !piece.is_empty() {
            piece.push(' ');
        }
        piece.push_str(sentence);
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}

/// The sentences of a passage, each without the space around it.
pub(crate) fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(end) = sentence_end(rest) {
        let (sentence, tail) = rest.split_at(end);
        found.push(sentence.trim());
        rest = tail;
    }
    if !rest.trim().is_empty() {
        found.push(rest.trim());
    }
    found
}

/// Where the first sentence of a text ends, if another one follows.
fn sentence_end(text: &str) -> Option<usize> {
    for (at, letter) in text.char_indices() {
        if !matches!(letter, '.' | '!' | '?' | '…') {
            continue;
        }
        let end = at + letter.len_utf8();
        let (head, tail) = text.split_at_checked(end)?;
        let next = tail.trim_start();
        if tail.starts_with(char::is_whitespace) && starts_sentence(next) && !is_short_form(head) {
            return Some(end);
        }
    }
    None
}

/// Whether a text ends in an abbreviation, after which a sentence goes on.
fn is_short_form(head: &str) -> bool {
    const SHORT: &[&str] = &[
        "sr.", "sra.", "srta.", "dr.", "dra.", "ing.", "lic.", "prof.", "art.", "num.", "nro.",
        "no.", "pag.", "ej.", "etc.", "aprox.", "ee.", "uu.", "mr.", "ms.", "mrs.", "st.", "vs.",
    ];
    let last = head.split_whitespace().last().unwrap_or_default();
    let folded = words::fold(last);
    SHORT.contains(&folded.as_str())
        || last.chars().count() == 2 && last.starts_with(char::is_uppercase)
}

#[cfg(test)]
mod tests {
    use super::{Document, sentences};

    fn quotable(text: &str) -> Vec<String> {
        let document = Document::from_text(text);
        document.passages.into_iter().filter(|it| !it.is_heading).map(|it| it.text).collect()
    }

    #[test]
    fn broken_lines_become_one_paragraph() {
        let text =
            "La panadería vende pan arte-\nsano en el barrio\ny en dos ferias.\n\nOtro párrafo.";
        let expected =
            ["La panadería vende pan artesano en el barrio y en dos ferias.", "Otro párrafo."];
        assert_eq!(quotable(text), expected);
    }

    #[test]
    fn headings_and_contents_are_not_quoted() {
        let text = "Índice\n\n1. Misión ........ 3\n2. Ventas . . . . . . 7\n\n12\n\nMisión\nOfrecer pan a \
                    precio justo.\n";
        assert_eq!(quotable(text), ["Ofrecer pan a precio justo."]);
    }

    #[test]
    fn the_heading_above_makes_a_passage_findable() {
        let document = Document::from_text("# Nuestra misión\n\nOfrecer pan a precio justo.");
        assert_eq!(document.passages[1].context, ["mision"]);
    }

    #[test]
    fn items_and_rows_stand_alone() {
        let text = "Gastos:\n- Harina: 300 euros\n- Alquiler\n\n| Mes | Venta |\n|---|---|\n| Enero | 900 |";
        let expected = ["Harina: 300 euros", "Alquiler", "Mes, Venta", "Enero, 900"];
        assert_eq!(quotable(text)[..], expected);
    }

    #[test]
    fn sentences_survive_abbreviations_and_decimals() {
        let text = "La Sra. Díaz pidió 4.500 euros. ¿Cuándo? El lunes.";
        assert_eq!(sentences(text), ["La Sra. Díaz pidió 4.500 euros.", "¿Cuándo?", "El lunes."]);
    }

    #[test]
    fn a_long_paragraph_is_cut_between_sentences() {
        let text = "Esta es una frase de prueba sobre ventas. ".repeat(40);
        let passages = quotable(&text);
        assert!(passages.len() > 2);
        assert!(passages.iter().all(|it| it.ends_with('.') && it.chars().count() <= 720));
    }
}
