//! Short texts beside the replies, and what a reply took: plain calls with one answer each.

use ignacio_domain::{
    ports::{AssistantError, GeneratedText, PortError},
    prompt::TextRequest,
    usage::Usage,
};
use serde::Serialize;
use serde_json::Value;

use super::{OpenAi, error, events, transport::Words};

impl OpenAi {
    pub(super) async fn generate(
        &self,
        request: &TextRequest,
    ) -> Result<GeneratedText, AssistantError> {
        let ask = Ask::from(request);
        let answer: Value =
            self.replies.responses().create_byot(&ask).await.map_err(error::assistant_error)?;
        if let Some(error) = answer.get("error").filter(|it| it.is_object()) {
            return Err(error::of_stream(&Words::of(error)));
        }
        let text = text_of(&answer);
        if text.trim().is_empty() {
            let reason = "there is no text in the answer".to_owned();
            return Err(PortError::Rejected { code: "empty_answer".to_owned(), reason }.into());
        }
        Ok(GeneratedText { text, usage: events::usage_of(&answer) })
    }

    pub(super) async fn taken(&self, provider_id: &str) -> Result<Option<Usage>, PortError> {
        let kept: Result<Value, _> = self.replies.responses().retrieve_byot(provider_id).await;
        match kept.map_err(error::port_error) {
            Ok(response) => Ok(events::usage_of(&response)),
            Err(PortError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// All text of a response's output. One that was cut short still says something.
fn text_of(response: &Value) -> String {
    let items = response.get("output").and_then(Value::as_array);
    let parts = items
        .into_iter()
        .flatten()
        .filter(|item| item.get("type").is_some_and(|it| it == "message"))
        .filter_map(|item| item.get("content")?.as_array())
        .flatten();
    parts.filter_map(|part| part.get("text")?.as_str()).collect()
}

/// The body of `POST /responses` for a text that nobody follows and the provider does not keep.
#[derive(Serialize)]
struct Ask<'c> {
    model: &'c str,
    instructions: &'c str,
    input: &'c str,
    max_output_tokens: u32,
    safety_identifier: &'c str,
    metadata: Metadata,
    store: bool,
}

#[derive(Serialize)]
struct Metadata {
    purpose: &'static str,
}

impl<'c> From<&'c TextRequest> for Ask<'c> {
    fn from(request: &'c TextRequest) -> Self {
        Self {
            model: &request.model,
            instructions: request.purpose.instructions(),
            input: &request.input,
            max_output_tokens: request.max_output_tokens,
            safety_identifier: &request.safety_identifier,
            metadata: Metadata { purpose: request.purpose.as_str() },
            store: false,
        }
    }
}
