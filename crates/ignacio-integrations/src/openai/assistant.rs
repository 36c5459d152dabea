//! The [`Assistant`]: starts replies, follows them, cancels them and deletes them.

use async_openai::{error::OpenAIError, traits::RequestOptionsBuilder as _};
use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ignacio_domain::{
    message::Author,
    ports::{Assistant, AssistantError, GeneratedText, PortError, ReplyStream},
    prompt::{FileSearchScope, ImageInput, Prompt, PromptTurn, TextRequest},
    usage::Usage,
};
use reqwest::StatusCode;
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::Value;

use super::{
    OpenAi, error,
    event_reader::EventReader,
    reply_stream,
    request::{USER_ID, accept_missing, ignore_body},
};

/// How often a reply may use tools; each use costs money.
const MAX_TOOL_CALLS: u8 = 8;

#[async_trait]
impl Assistant for OpenAi {
    /// In background mode the reply continues upstream when the stream is dropped. Without it,
    /// dropping the stream ends the reply and the provider keeps no state, so a prompt that builds
    /// on earlier state fails with [`AssistantError::StateLost`] before anything is sent.
    #[tracing::instrument(name = "out.openai.start", skip_all, fields(response.id = %prompt.response))]
    async fn start(&self, prompt: Prompt) -> Result<ReplyStream, AssistantError> {
        if !self.background && prompt.previous_response_id.is_some() {
            return Err(AssistantError::StateLost);
        }
        let request = CreateResponse::new(&prompt, self);
        let upstream = self.replies.responses().create_stream_byot::<_, Value>(&request).await;
        let upstream = upstream.map_err(error::assistant_error)?;
        Ok(reply_stream::follow(upstream, EventReader::new(None)))
    }

    /// A negative `after` starts from the first event. Only replies that were started in
    /// background mode can be resumed. A tool call that was in progress is reported as started
    /// again if the provider mentions it again.
    #[tracing::instrument(name = "out.openai.resume", skip_all, fields(provider.id = provider_id, after))]
    async fn resume(&self, provider_id: &str, after: i64) -> Result<ReplyStream, AssistantError> {
        let after = (after >= 0).then_some(after);
        let mut responses = self.replies.responses();
        if let Some(after) = after {
            responses =
                responses.query(&[("starting_after", after)]).map_err(error::assistant_error)?;
        }
        let upstream = responses.retrieve_stream_byot::<_, Value>(provider_id).await;
        Ok(reply_stream::follow(upstream.map_err(error::assistant_error)?, EventReader::new(after)))
    }

    #[tracing::instrument(name = "out.openai.generate_text", skip_all, fields(purpose = request.purpose.as_str()))]
    async fn generate_text(&self, request: TextRequest) -> Result<GeneratedText, AssistantError> {
        self.generate(&request).await
    }

    #[tracing::instrument(name = "out.openai.fetch_usage", skip_all, fields(provider.id = provider_id))]
    async fn fetch_usage(&self, provider_id: &str) -> Result<Option<Usage>, PortError> {
        self.usage_of(provider_id).await
    }

    #[tracing::instrument(name = "out.openai.cancel", skip_all, fields(provider.id = provider_id))]
    async fn cancel(&self, provider_id: &str) -> Result<(), PortError> {
        let cancelled: Result<IgnoredAny, _> =
            self.replies.responses().cancel_byot(provider_id).await;
        match cancelled {
            // A reply that cannot be cancelled may have ended a moment ago.
            Err(refused) if may_have_ended(&refused) && self.has_ended(provider_id).await? => {
                Ok(())
            }
            other => ignore_body(other),
        }
    }

    #[tracing::instrument(name = "out.openai.delete_response", skip_all, fields(provider.id = provider_id))]
    async fn delete_response(&self, provider_id: &str) -> Result<(), PortError> {
        accept_missing(self.replies.responses().delete_byot::<_, IgnoredAny>(provider_id).await)
    }
}

impl OpenAi {
    async fn has_ended(&self, provider_id: &str) -> Result<bool, PortError> {
        let response: Status =
            self.replies.responses().retrieve_byot(provider_id).await.map_err(error::port_error)?;
        Ok(!matches!(response.status.as_str(), "queued" | "in_progress"))
    }
}

fn may_have_ended(error: &OpenAIError) -> bool {
    error::refusal(error)
        .is_some_and(|it| matches!(it.status, StatusCode::BAD_REQUEST | StatusCode::CONFLICT))
}

#[derive(Deserialize)]
struct Status {
    status: String,
}

/// The body of `POST /responses`.
#[derive(Serialize)]
struct CreateResponse<'p> {
    model: &'p str,
    instructions: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_response_id: Option<&'p str>,
    input: Vec<Message<'p>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tool_calls: Option<u8>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    include: Vec<&'static str>,
    max_output_tokens: u32,
    safety_identifier: &'p str,
    metadata: Metadata,
    store: bool,
    stream: bool,
    background: bool,
}

impl<'p> CreateResponse<'p> {
    fn new(prompt: &'p Prompt, openai: &OpenAi) -> Self {
        let mut tools = Vec::new();
        let mut include = Vec::new();
        if let Some(search) = &prompt.file_search {
            tools.push(Tool::file_search(search, openai.max_num_results));
            include.push("file_search_call.results");
        }
        if prompt.web_search {
            tools.push(Tool::WebSearch);
        }
        Self {
            model: &prompt.model,
            instructions: &prompt.instructions,
            previous_response_id: prompt.previous_response_id.as_deref(),
            input: prompt.turns.iter().map(Message::from).collect(),
            max_tool_calls: (!tools.is_empty()).then_some(MAX_TOOL_CALLS),
            tools,
            include,
            max_output_tokens: prompt.max_output_tokens,
            safety_identifier: &prompt.safety_identifier,
            metadata: Metadata { ignacio_response: prompt.response.to_string() },
            store: openai.background,
            stream: true,
            background: openai.background,
        }
    }
}

/// A message: plain text for either author, or parts if it has images.
#[derive(Serialize)]
struct Message<'p> {
    r#type: &'static str,
    role: &'static str,
    content: Content<'p>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'p> {
    Text(&'p str),
    Parts(Vec<Part<'p>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part<'p> {
    InputText { text: &'p str },
    InputImage { image_url: String, detail: &'static str },
}

impl Part<'_> {
    /// An image inside the request, so that no copy stays with the provider.
    fn image(image: &ImageInput) -> Self {
        let content = STANDARD.encode(&image.content);
        let image_url = format!("data:{};base64,{content}", image.media_type);
        Self::InputImage { image_url, detail: "auto" }
    }
}

impl<'p> From<&'p PromptTurn> for Message<'p> {
    fn from(turn: &'p PromptTurn) -> Self {
        let role = match turn.author {
            Author::User => "user",
            Author::Ignacio => "assistant",
        };
        let content = if turn.images.is_empty() {
            Content::Text(&turn.text)
        } else {
            let text = Part::InputText { text: &turn.text };
            Content::Parts(turn.images.iter().map(Part::image).chain([text]).collect())
        };
        Self { r#type: "message", role, content }
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Tool<'p> {
    FileSearch { vector_store_ids: [&'p str; 1], filters: Filter, max_num_results: u8 },
    WebSearch,
}

impl<'p> Tool<'p> {
    /// Searches one user's vector store, and only files that carry the user's id: even a store
    /// that was mixed up never shows another user's files.
    fn file_search(search: &'p FileSearchScope, max_num_results: u8) -> Self {
        Self::FileSearch {
            vector_store_ids: [&search.vector_store_id],
            filters: Filter { r#type: "eq", key: USER_ID, value: search.owner.to_string() },
            max_num_results,
        }
    }
}

#[derive(Serialize)]
struct Filter {
    r#type: &'static str,
    key: &'static str,
    value: String,
}

#[derive(Serialize)]
struct Metadata {
    ignacio_response: String,
}
