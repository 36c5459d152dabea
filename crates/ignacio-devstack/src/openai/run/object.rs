//! The response object as it is at the beginning.

use serde_json::{Map, Value, json};

use crate::openai::request::Ask;

/// Fields that repeat what the request said, and what they are without it.
fn defaults() -> Value {
    json!({
        "instructions": null,
        "max_output_tokens": null,
        "max_tool_calls": null,
        "metadata": {},
        "parallel_tool_calls": true,
        "previous_response_id": null,
        "prompt_cache_key": null,
        "reasoning": { "effort": null, "summary": null },
        "safety_identifier": null,
        "service_tier": "default",
        "temperature": 1.0,
        "text": { "format": { "type": "text" }, "verbosity": "medium" },
        "tool_choice": "auto",
        "tools": [],
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "user": null,
    })
}

/// All fields but the output.
pub(super) fn begin(id: &str, created_at: i64, ask: &Ask) -> Map<String, Value> {
    let mut object = Map::new();
    for (param, default) in defaults().as_object().into_iter().flatten() {
        let said = ask.raw.get(param).filter(|it| !it.is_null());
        object.insert(param.clone(), said.unwrap_or(default).clone());
    }
    let own = json!({
        "id": id,
        "object": "response",
        "created_at": created_at,
        "completed_at": null,
        "status": if ask.is_background { "queued" } else { "in_progress" },
        "background": ask.is_background,
        "store": ask.is_stored,
        "model": ask.model(),
        "error": null,
        "incomplete_details": null,
        "usage": null,
    });
    object.extend(own.as_object().cloned().unwrap_or_default());
    object
}
