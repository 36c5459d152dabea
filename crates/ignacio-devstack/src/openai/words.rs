//! Words as the ranking compares them: no accents, no case, no plural, no filler words.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// The filler words of Spanish, already folded.
const SPANISH: &[&str] = &[
    "a", "al", "algo", "ante", "antes", "aqui", "asi", "aunque", "bien", "cada", "como", "con",
    "cual", "cuales", "cuando", "cuanta", "cuantas", "cuanto", "cuantos", "de", "del", "desde",
    "dice", "dicen", "dime", "donde", "dos", "e", "el", "ella", "ellas", "ellos", "en", "entre",
    "era", "es", "esa", "esas", "ese", "eso", "esos", "esta", "estan", "estas", "este", "esto",
    "estos", "favor", "fue", "gracias", "ha", "hace", "hacia", "han", "hasta", "hay", "hola",
    "ignacio", "la", "las", "le", "les", "lo", "los", "mas", "me", "mi", "mis", "muy", "ni", "no",
    "nos", "nuestra", "nuestras", "nuestro", "nuestros", "o", "os", "otra", "otro", "para", "pero",
    "poco", "por", "porque", "puede", "puedes", "puedo", "que", "quien", "quienes", "quiero", "se",
    "segun", "ser", "si", "sin", "sobre", "son", "soy", "su", "sus", "tambien", "te", "tenemos",
    "tengo", "ti", "tiene", "tienen", "tienes", "todo", "tu", "tus", "u", "un", "una", "unas",
    "uno", "unos", "usted", "va", "vamos", "y", "ya", "yo",
];

/// The filler words of English.
const ENGLISH: &[&str] = &[
    "about", "all", "also", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by",
    "can", "could", "did", "do", "does", "for", "from", "had", "have", "hello", "how", "i", "if",
    "in", "into", "is", "it", "its", "may", "much", "my", "not", "of", "on", "or", "our", "please",
    "should", "tell", "than", "thank", "thanks", "that", "the", "their", "them", "there", "these",
    "they", "this", "those", "to", "was", "we", "were", "what", "when", "where", "which", "who",
    "why", "will", "with", "would", "you", "your",
];

/// The languages that the stand-in answers in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// What the participants write, and what is assumed.
    Spanish,
    /// Where the filler words say so.
    English,
}

impl Language {
    /// Guesses from the filler words; Spanish where they do not decide.
    pub(crate) fn of(text: &str) -> Self {
        let words = split(text);
        let count = |list: &[&str]| words.iter().filter(|it| list.contains(&it.as_str())).count();
        if count(ENGLISH) > count(SPANISH) { Self::English } else { Self::Spanish }
    }
}

/// Lower case and without accents, for comparing.
fn fold(text: &str) -> String {
    text.nfd().filter(|it| !is_combining_mark(*it)).flat_map(char::to_lowercase).collect()
}

/// The folded words of a text, in order, filler words included.
fn split(text: &str) -> Vec<String> {
    fold(text)
        .split(|it: char| !it.is_alphanumeric())
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether a word carries no meaning of its own.
pub(crate) fn is_filler(word: &str) -> bool {
    let folded = fold(word);
    SPANISH.contains(&folded.as_str()) || ENGLISH.contains(&folded.as_str())
}

/// The topic of a text: the stems of its words without the filler words, in order.
pub(crate) fn terms(text: &str) -> Vec<String> {
    split(text).iter().filter(|it| !is_filler(it)).map(|it| stem(it)).collect()
}

/// A rough stem: no plural, no gender, and only the first letters of a long word, so that
/// "financiar" meets "financiación".
fn stem(word: &str) -> String {
    let singular = word.strip_suffix('s').unwrap_or(word);
    let bare = singular.strip_suffix(['a', 'e', 'o']).filter(|it| it.len() > 2);
    bare.unwrap_or(singular).chars().take(7).collect()
}

#[cfg(test)]
mod tests {
    use super::{Language, terms};

    #[test]
    fn accents_case_and_plurals_do_not_matter() {
        assert_eq!(terms("¿Cuáles son los CLIENTES?"), terms("el cliente"));
        assert_eq!(terms("La misión"), terms("mision"));
        assert_eq!(terms("ciudades"), terms("Ciudad"));
        assert_eq!(terms("man\u{303}ana"), terms("mañana"));
    }

    #[test]
    fn a_number_stays_as_it_is() {
        assert_eq!(terms("2000 euros"), ["2000", "eur"]);
    }

    #[test]
    fn a_long_common_beginning_is_enough() {
        assert_eq!(terms("financiar"), terms("financiación"));
        assert_ne!(terms("casa"), terms("casado"));
    }

    #[test]
    fn spanish_unless_the_words_say_english() {
        assert_eq!(Language::of("¿Qué dice mi plan?"), Language::Spanish);
        assert_eq!(Language::of("What does my plan say?"), Language::English);
        assert_eq!(Language::of("presupuesto"), Language::Spanish);
    }
}
