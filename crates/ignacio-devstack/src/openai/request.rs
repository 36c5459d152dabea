//! The request for a response, checked as the API checks it.

use serde_json::{Map, Value};

use crate::openai::{desk, filters::Filter, items, refusal::Refusal};

/// All parameters that the API knows.
const PARAMS: &[&str] = &[
    "access_programs",
    "background",
    "background_options",
    "context_management",
    "conversation",
    "image",
    "include",
    "input",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "model",
    "moderation",
    "parallel_tool_calls",
    "previous_response_id",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "user",
];

/// What may be included in the answer.
const INCLUDES: &[&str] = &[
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
];

/// A request for a response.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    /// As it came.
    pub(crate) raw: Map<String, Value>,
    /// The input in the form of items.
    pub(crate) items: Vec<Value>,
    /// The file searches among the tools.
    pub(crate) searches: Vec<FileSearch>,
    /// Goes on without the client.
    pub(crate) is_background: bool,
    /// Answered event by event.
    pub(crate) is_streamed: bool,
    /// Can be fetched later.
    pub(crate) is_stored: bool,
    /// The end of the answer.
    pub(crate) max_output_tokens: Option<u64>,
}

/// A file search tool.
#[derive(Clone, Debug)]
pub(crate) struct FileSearch {
    /// Where to look.
    pub(crate) store_ids: Vec<String>,
    /// Which files.
    pub(crate) filter: Option<Filter>,
    /// How many passages.
    pub(crate) most: usize,
    /// From which score.
    pub(crate) threshold: f64,
}

impl Ask {
    /// Reads a request.
    pub(crate) fn parse(body: Value) -> Result<Self, Refusal> {
        let Value::Object(raw) = body else {
            return Err(Refusal::wrong_type("body", "an object"));
        };
        if let Some(unknown) = raw.keys().find(|it| !PARAMS.contains(&it.as_str())) {
            let refusal = Refusal::bad(format!("Unknown parameter: '{unknown}'."));
            return Err(refusal.about(unknown).code("unknown_parameter"));
        }
        let model = raw.get("model").and_then(Value::as_str).unwrap_or_default();
        if model.is_empty() {
            return Err(Refusal::missing("model"));
        }
        let ask = Self {
            items: items::normalise(raw.get("input").ok_or_else(|| Refusal::missing("input"))?)?,
            searches: file_searches(raw.get("tools"))?,
            is_background: flag(&raw, "background", false)?,
            is_streamed: flag(&raw, "stream", false)?,
            is_stored: flag(&raw, "store", true)?,
            max_output_tokens: max_output_tokens(&raw)?,
            raw,
        };
        ask.check()?;
        Ok(ask)
    }

    fn check(&self) -> Result<(), Refusal> {
        if self.is_background && !self.is_stored {
            return Err(Refusal::bad("Background mode requires store=true.").about("store"));
        }
        if self.raw.get("conversation").is_some_and(|it| !it.is_null()) {
            let message = "The OpenAI stand-in keeps no conversations: use previous_response_id.";
            return Err(Refusal::bad(message).about("conversation"));
        }
        for include in self.list("include") {
            let include = include.as_str().unwrap_or_default();
            if !INCLUDES.contains(&include) {
                return Err(Refusal::wrong_value("include", include, INCLUDES));
            }
        }
        check_length(self.raw.get("safety_identifier"), "safety_identifier", 64)?;
        check_length(self.raw.get("prompt_cache_key"), "prompt_cache_key", 64)?;
        check_metadata(self.raw.get("metadata"))
    }

    /// The model.
    pub(crate) fn model(&self) -> &str {
        self.text("model")
    }

    /// The instructions, or nothing.
    pub(crate) fn instructions(&self) -> &str {
        self.text("instructions")
    }

    /// The response that this one goes on from.
    pub(crate) fn previous(&self) -> Option<&str> {
        self.raw.get("previous_response_id")?.as_str()
    }

    /// What the person asked: the last message with words in it.
    pub(crate) fn question(&self) -> String {
        let mut texts = items::texts(&self.items, "user");
        texts.retain(|it| !it.trim().is_empty());
        texts.pop().unwrap_or_default()
    }

    /// Whether the passages that were found are to be handed out.
    pub(crate) fn wants_results(&self) -> bool {
        self.list("include").iter().any(|it| it == "file_search_call.results")
    }

    /// Whether deltas are padded so that their length tells nothing.
    pub(crate) fn is_obfuscated(&self) -> bool {
        let options = self.raw.get("stream_options");
        options.and_then(|it| it.get("include_obfuscation")) != Some(&Value::Bool(false))
    }

    /// Whether a tool of this type is attached and not switched off.
    pub(crate) fn has_tool(&self, kind: &str) -> bool {
        let is_off = self.raw.get("tool_choice").is_some_and(|it| it == "none");
        !is_off && self.list("tools").iter().any(|it| it.get("type").is_some_and(|it| it == kind))
    }

    /// What the request says that it is for, in `metadata.purpose`.
    pub(crate) fn purpose(&self) -> &str {
        let metadata = self.raw.get("metadata");
        metadata.and_then(|it| it.get("purpose")).and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether this is a small job beside the conversation: it says what it is for.
    pub(crate) fn is_small_job(&self) -> bool {
        !self.purpose().is_empty()
    }

    /// The whole request as text, for scripts that look for something in it.
    pub(crate) fn as_text(&self) -> String {
        desk::text_of(Some(&Value::Object(self.raw.clone())))
    }

    fn text(&self, param: &str) -> &str {
        self.raw.get(param).and_then(Value::as_str).unwrap_or_default()
    }

    fn list(&self, param: &str) -> &[Value] {
        self.raw.get(param).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }
}

fn flag(raw: &Map<String, Value>, param: &str, default: bool) -> Result<bool, Refusal> {
    match raw.get(param) {
        None | Some(Value::Null) => Ok(default),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(Refusal::wrong_type(param, "a boolean")),
    }
}

fn max_output_tokens(raw: &Map<String, Value>) -> Result<Option<u64>, Refusal> {
    let Some(most) = raw.get("max_output_tokens").filter(|it| !it.is_null()) else {
        return Ok(None);
    };
    let most =
        most.as_u64().ok_or_else(|| Refusal::wrong_type("max_output_tokens", "an integer"))?;
    if most < 16 {
        return Err(Refusal::out_of_bounds("max_output_tokens", most, 16, u64::MAX));
    }
    Ok(Some(most))
}

fn check_length(value: Option<&Value>, param: &str, most: usize) -> Result<(), Refusal> {
    let length = value.and_then(Value::as_str).map_or(0, |it| it.chars().count());
    if length > most {
        let message = format!(
            "Invalid '{param}': string too long. Expected a string with maximum length {most}, but \
             got a string with length {length} instead."
        );
        return Err(Refusal::bad(message).about(param).code("string_above_max_length"));
    }
    Ok(())
}

/// At most 16 keys of 64 letters with values of 512 letters.
pub(crate) fn check_metadata(metadata: Option<&Value>) -> Result<(), Refusal> {
    let Some(metadata) = metadata.filter(|it| !it.is_null()) else { return Ok(()) };
    let Some(pairs) = metadata.as_object() else {
        return Err(Refusal::wrong_type("metadata", "an object"));
    };
    if pairs.len() > 16 {
        let message = "Invalid 'metadata': too many properties. Expected at most 16.";
        return Err(Refusal::bad(message).about("metadata").code("object_above_max_properties"));
    }
    for (key, value) in pairs {
        let param = format!("metadata.{key}");
        check_length(Some(&Value::String(key.clone())), &param, 64)?;
        if !value.is_string() {
            return Err(Refusal::wrong_type(&param, "a string"));
        }
        check_length(Some(value), &param, 512)?;
    }
    Ok(())
}

fn file_searches(tools: Option<&Value>) -> Result<Vec<FileSearch>, Refusal> {
    let tools = tools.and_then(Value::as_array);
    let mut searches = Vec::new();
    for (index, tool) in tools.into_iter().flatten().enumerate() {
        let param = format!("tools[{index}]");
        let kind = tool.get("type").and_then(Value::as_str);
        if kind.ok_or_else(|| Refusal::missing(&format!("{param}.type")))? == "file_search" {
            searches.push(FileSearch::parse(&param, tool)?);
        }
    }
    Ok(searches)
}

impl FileSearch {
    fn parse(param: &str, tool: &Value) -> Result<Self, Refusal> {
        let of_stores = format!("{param}.vector_store_ids");
        let stores = tool.get("vector_store_ids").and_then(Value::as_array);
        let stores = stores.ok_or_else(|| Refusal::missing(&of_stores))?;
        let store_ids: Vec<String> =
            stores.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        if store_ids.is_empty() {
            return Err(Refusal::bad("At least one vector store is needed.").about(&of_stores));
        }
        Ok(Self { store_ids, ..Self::conditions(param, tool, 20)? })
    }

    /// The conditions of a search, which the search endpoint of a store shares.
    pub(crate) fn conditions(param: &str, fields: &Value, usual: u64) -> Result<Self, Refusal> {
        let filters = fields.get("filters").filter(|it| !it.is_null());
        let filter =
            filters.map(|it| Filter::parse(it, &format!("{param}.filters"))).transpose()?;
        let most = fields.get("max_num_results").filter(|it| !it.is_null());
        let most = most.map_or(Some(usual), Value::as_u64);
        let of_most = format!("{param}.max_num_results");
        let most = most.ok_or_else(|| Refusal::wrong_type(&of_most, "an integer"))?;
        if !(1..=50).contains(&most) {
            return Err(Refusal::out_of_bounds(&of_most, most, 1, 50));
        }
        let ranking = fields.get("ranking_options").and_then(|it| it.get("score_threshold"));
        Ok(Self {
            store_ids: Vec::new(),
            filter,
            most: usize::try_from(most).unwrap_or(usize::MAX),
            threshold: ranking.and_then(Value::as_f64).unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Ask;

    fn refused(more: &Value) -> bool {
        let mut body = json!({ "model": "m", "input": "Hola" });
        let fields = body.as_object_mut().expect("an object");
        fields.extend(more.as_object().cloned().expect("an object"));
        Ask::parse(body).is_err()
    }

    #[test]
    fn defaults_are_those_of_the_api() {
        let ask = Ask::parse(json!({ "model": "m", "input": "Hola" })).expect("a request");
        assert!(ask.is_stored && !ask.is_background && !ask.is_streamed && ask.is_obfuscated());
        assert_eq!(ask.question(), "Hola");
    }

    #[test]
    fn what_the_api_refuses_is_refused() {
        assert!(!refused(
            &json!({ "metadata": { "a": "b" }, "tools": [{ "type": "web_search" }] })
        ));
        for wrong in [
            json!({ "inputs": "typo" }),
            json!({ "model": "" }),
            json!({ "stream": "yes" }),
            json!({ "background": true, "store": false }),
            json!({ "max_output_tokens": 5 }),
            json!({ "metadata": { "a": 1 } }),
            json!({ "safety_identifier": "x".repeat(65) }),
            json!({ "include": ["everything"] }),
            json!({ "tools": [{ "type": "file_search" }] }),
            json!({ "tools": [{ "type": "file_search", "vector_store_ids": ["v"], "max_num_results": 51 }] }),
        ] {
            assert!(refused(&wrong), "{wrong}");
        }
    }
}
