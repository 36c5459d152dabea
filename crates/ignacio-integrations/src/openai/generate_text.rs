//! Short texts other than replies, and the usage of a reply: calls with a single response each.

use ignacio_domain::{
    ports::{AssistantError, GeneratedText, PortError},
    prompt::TextRequest,
    usage::Usage,
};
use serde::Serialize;
use serde_json::Value;

use super::{OpenAi, error, event_reader, single_attempt::ErrorWords};

impl OpenAi {
    pub(super) async fn generate(
        &self,
        request: &TextRequest,
    ) -> Result<GeneratedText, AssistantError> {
        let body = Body::from(request);
        let response: Value =
            self.replies.responses().create_byot(&body).await.map_err(error::assistant_error)?;
        if let Some(error) = response.get("error").filter(|it| it.is_object()) {
            return Err(error::stream_error(&ErrorWords::parse(error)));
        }
        let text = text_of(&response);
        if text.trim().is_empty() {
            let reason = "the response contains no text".to_owned();
            return Err(PortError::Rejected { code: "empty_answer".to_owned(), reason }.into());
        }
        Ok(GeneratedText { text, usage: event_reader::usage_of(&response) })
    }

    pub(super) async fn usage_of(&self, provider_id: &str) -> Result<Option<Usage>, PortError> {
        let kept: Result<Value, _> = self.replies.responses().retrieve_byot(provider_id).await;
        match kept.map_err(error::port_error) {
            Ok(response) => Ok(event_reader::usage_of(&response)),
            Err(PortError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// All text of a response's output, even if it was cut short.
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

/// The body of `POST /responses` for a text that is not streamed and not stored.
#[derive(Serialize)]
struct Body<'c> {
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

impl<'c> From<&'c TextRequest> for Body<'c> {
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
