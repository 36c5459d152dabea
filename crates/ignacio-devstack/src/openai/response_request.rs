//! The request for a response, checked as the API checks it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::openai::{
    api_error::{ApiError, parse},
    file_search::FileSearch,
    input_items,
    limits::{Int, Metadata, Text},
};

/// All parameters that the API knows.
const PARAMS: &str = " access_programs background background_options context_management \
    image include input instructions max_output_tokens max_tool_calls metadata model \
    moderation parallel_tool_calls previous_response_id prompt prompt_cache_key \
    prompt_cache_options prompt_cache_retention reasoning safety_identifier service_tier store \
    stream stream_options temperature text tool_choice tools top_logprobs top_p truncation user ";

/// What may be included in the answer.
const INCLUDES: &str = " file_search_call.results web_search_call.results \
    web_search_call.action.sources message.input_image.image_url \
    computer_call_output.output.image_url code_interpreter_call.outputs \
    reasoning.encrypted_content message.output_text.logprobs ";

/// A request for a response.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ResponseRequest {
    /// As it came.
    pub(crate) raw: Value,
    /// The input in the form of items.
    pub(crate) items: Vec<Value>,
    pub(crate) searches: Vec<FileSearch>,
    pub(crate) is_background: bool,
    pub(crate) is_streamed: bool,
    pub(crate) is_stored: bool,
    pub(crate) max_output_tokens: Option<u64>,
}

/// The parameters whose types and limits are checked.
#[derive(Deserialize)]
#[expect(dead_code, reason = "reading some of the fields is all that checks them")]
struct Params {
    model: String,
    input: Value,
    background: Option<bool>,
    stream: Option<bool>,
    store: Option<bool>,
    max_output_tokens: Option<Int<16, { u64::MAX }>>,
    safety_identifier: Option<Text<64>>,
    prompt_cache_key: Option<Text<64>>,
    metadata: Option<Metadata>,
    include: Option<Vec<String>>,
    tools: Option<Vec<Tool>>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Tool {
    FileSearch(FileSearch),
    #[serde(other)]
    Other,
}

impl ResponseRequest {
    /// Reads and checks a request.
    pub(crate) fn parse(raw: Value) -> Result<Self, ApiError> {
        let mut params = raw.as_object().into_iter().flat_map(|it| it.keys());
        if let Some(unknown) = params.find(|it| !PARAMS.contains(&format!(" {it} "))) {
            let error = ApiError::bad_request(format!("Unknown parameter: '{unknown}'."));
            return Err(error.param(unknown).code("unknown_parameter"));
        }
        let params: Params = parse(raw.clone())?;
        if params.model.is_empty() {
            return Err(ApiError::missing("model"));
        }
        for include in params.include.iter().flatten() {
            if !INCLUDES.contains(&format!(" {include} ")) {
                let message =
                    format!("Invalid value: '{include}'. Supported values are:{INCLUDES}.");
                return Err(ApiError::invalid_value("include", message));
            }
        }
        let is_stored = params.store.unwrap_or(true);
        let is_background = params.background.unwrap_or(false);
        if is_background && !is_stored {
            let error = ApiError::bad_request("Background mode requires store=true.");
            return Err(error.param("store"));
        }
        let searches = params.tools.into_iter().flatten().filter_map(|it| match it {
            Tool::FileSearch(search) => Some(search),
            Tool::Other => None,
        });
        let searches: Vec<FileSearch> = searches.collect();
        if searches.iter().any(|it| it.vector_store_ids.is_empty()) {
            return Err(ApiError::missing("tools.vector_store_ids"));
        }
        Ok(Self {
            items: input_items::normalise(&params.input)?,
            searches,
            is_background,
            is_streamed: params.stream.unwrap_or(false),
            is_stored,
            max_output_tokens: params.max_output_tokens.map(|it| it.0),
            raw,
        })
    }

    /// A parameter that is a text, or an empty one.
    pub(crate) fn text(&self, param: &str) -> &str {
        self.raw.get(param).and_then(Value::as_str).unwrap_or_default()
    }

    /// What the user asked: the last message with words in it.
    pub(crate) fn question(&self) -> String {
        let mut texts = input_items::user_texts(&self.items);
        texts.retain(|it| !it.trim().is_empty());
        texts.pop().unwrap_or_default()
    }

    /// Whether the passages that were found are part of the answer.
    pub(crate) fn wants_results(&self) -> bool {
        self.list("include").iter().any(|it| it == "file_search_call.results")
    }

    /// Whether deltas are padded so that their length tells nothing.
    pub(crate) fn is_obfuscated(&self) -> bool {
        self.raw.pointer("/stream_options/include_obfuscation") != Some(&Value::Bool(false))
    }

    /// Whether a tool of this type is attached and not switched off.
    pub(crate) fn has_tool(&self, kind: &str) -> bool {
        self.text("tool_choice") != "none"
            && self.list("tools").iter().any(|it| it.get("type").is_some_and(|it| it == kind))
    }

    /// Whether this is a follow-up job, such as a title: it names its purpose.
    pub(crate) fn is_follow_up(&self) -> bool {
        purpose(&self.raw).is_some()
    }

    fn list(&self, param: &str) -> &[Value] {
        self.raw.get(param).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }
}

/// The purpose of a follow-up job: `title` or `summary`.
pub(crate) fn purpose(body: &Value) -> Option<&str> {
    body.pointer("/metadata/purpose").and_then(Value::as_str).filter(|it| !it.is_empty())
}
