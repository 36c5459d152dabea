//! The document to upload, with known questions and answers.

use anyhow::Context as _;
use serde::Deserialize;

/// The participants' guide.
pub(super) const PDF: &[u8] = include_bytes!("../../assets/guia-participantes.pdf");

/// Its file name.
pub(super) const NAME: &str = "guia-participantes.pdf";

/// Questions, each with the sentence of the guide that answers it.
const QUESTIONS: &str = include_str!("../../assets/preguntas.json");

/// A question for the demo.
pub(super) struct Question {
    pub(super) text: String,
    /// The sentence of the guide that the reply must quote, if the question is a known one.
    pub(super) sentence: Option<String>,
}

#[derive(Deserialize)]
struct Known {
    pregunta: String,
    frase: String,
}

impl Question {
    /// The given question, or the first known one.
    pub(super) fn choose(typed: Option<String>) -> anyhow::Result<Self> {
        let known: Vec<Known> =
            serde_json::from_str(QUESTIONS).context("xtask/assets/preguntas.json is damaged")?;
        let mut known = known.into_iter();
        let found = match &typed {
            Some(text) => known.find(|it| it.pregunta == *text),
            None => known.next(),
        };
        let (text, sentence) = found.map_or((None, None), |it| (Some(it.pregunta), Some(it.frase)));
        let text = typed.or(text).context("xtask/assets/preguntas.json has no question")?;
        Ok(Self { text, sentence })
    }

    /// Whether a text contains the sentence that answers the question, ignoring line breaks.
    pub(super) fn contains_answer(&self, text: &str) -> bool {
        let sentence = self.sentence.as_deref().map(one_line);
        sentence.is_none_or(|sentence| one_line(text).contains(&sentence))
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    //! Known questions are found with their sentences.

    use super::*;

    #[test]
    fn a_known_question_requires_its_sentence() {
        let question = Question::choose(None).unwrap();
        let sentence = question.sentence.clone().unwrap();
        assert!(
            question.contains_answer(&format!("Dice: «{}»", sentence.replacen(' ', "\n  ", 1)))
        );
        assert!(!question.contains_answer("Otra cosa."));
        let same = Question::choose(Some(question.text)).unwrap();
        assert_eq!(same.sentence, Some(sentence));
    }

    #[test]
    fn another_question_requires_none() {
        let question = Question::choose(Some("¿Qué hora es?".to_owned())).unwrap();
        assert!(question.contains_answer("No lo sé."));
    }
}
