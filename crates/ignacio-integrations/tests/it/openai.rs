//! `OpenAI`.

mod errors;
mod generate_text;
mod interrupted_streams;
mod journeys;
mod replies;
mod vector_store;

use futures_util::StreamExt as _;
use ignacio_domain::{
    ids::ResponseId,
    message::Author,
    ports::{AssistantError, AssistantEvent, AssistantEventKind, PortError, ReplyStream},
    prompt::{Prompt, PromptTurn},
    response::ReplyOutcome,
};
use ignacio_integrations::{OpenAi, OpenAiSettings};

/// A client of an API at this address.
pub(crate) fn openai(base_url: String) -> OpenAi {
    let settings = OpenAiSettings {
        base_url,
        api_key: "sk-canary-key".into(),
        background: true,
        max_num_results: 8,
    };
    OpenAi::new(settings).unwrap()
}

/// A question without documents and without the web.
pub(crate) fn prompt(question: &str) -> Prompt {
    Prompt {
        response: ResponseId::new(),
        model: "gpt-5".to_owned(),
        instructions: "Eres Ignacio.".to_owned(),
        previous_response_id: None,
        turns: vec![PromptTurn::text_only(Author::User, question.to_owned())],
        file_search: None,
        web_search: false,
        safety_identifier: "pseudonym".to_owned(),
        max_output_tokens: 500,
    }
}

/// What a reply contained.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) events: Vec<AssistantEvent>,
    pub(crate) error: Option<AssistantError>,
}

impl Read {
    /// Reads a reply until it stops.
    pub(crate) async fn all(mut reply: ReplyStream) -> Self {
        let mut read = Self::default();
        while let Some(next) = reply.next().await {
            assert!(
                read.error.is_none() && read.outcome().is_none(),
                "something came after an end"
            );
            match next {
                Ok(event) => read.events.push(event),
                Err(error) => read.error = Some(error),
            }
        }
        read
    }

    pub(crate) fn text(&self) -> String {
        self.events
            .iter()
            .filter_map(|event| match &event.kind {
                AssistantEventKind::Delta(text) => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn outcome(&self) -> Option<&ReplyOutcome> {
        match self.events.last().map(|it| &it.kind) {
            Some(AssistantEventKind::Ended { outcome, .. }) => Some(outcome),
            _ => None,
        }
    }

    pub(crate) fn kinds(&self) -> Vec<AssistantEventKind> {
        self.events.iter().map(|it| it.kind.clone()).collect()
    }

    pub(crate) fn cursor(&self) -> i64 {
        self.events.last().map_or(-1, |it| it.cursor)
    }
}

/// The port error inside a reply's error.
pub(crate) fn port(error: AssistantError) -> PortError {
    match error {
        AssistantError::Port(error) => error,
        AssistantError::StateLost => panic!("the state is lost"),
    }
}
