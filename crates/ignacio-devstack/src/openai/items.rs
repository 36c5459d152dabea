//! Input items of a response: checked, and brought into the one form that the API hands out.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use crate::openai::{ids, refusal::Refusal};

/// Who may have written a message.
const ROLES: &[&str] = &["user", "assistant", "system", "developer"];

/// Brings `input` into the form of a list of items with ids.
pub(crate) fn normalise(input: &Value) -> Result<Vec<Value>, Refusal> {
    match input {
        Value::String(text) => {
            Ok(vec![message("user", &[json!({ "type": "input_text", "text": text })])])
        }
        Value::Array(items) => {
            let item = |(index, it)| item(&format!("input[{index}]"), it);
            items.iter().enumerate().map(item).collect()
        }
        _ => Err(Refusal::wrong_type("input", "a string or an array of items")),
    }
}

/// The text of the items of one role, one string per item, oldest first.
pub(crate) fn texts(items: &[Value], role: &str) -> Vec<String> {
    let of_role = items.iter().filter(|it| it.get("role").is_some_and(|it| it == role));
    of_role.map(|it| parts(it, "text").collect::<Vec<_>>().join("\n")).collect()
}

/// The ids of the files that the items carry as `input_file`.
pub(crate) fn file_ids(items: &[Value]) -> Vec<String> {
    items.iter().flat_map(|it| parts(it, "file_id")).map(str::to_owned).collect()
}

/// The files that the items carry inside themselves: name and data URL.
pub(crate) fn inline_files(items: &[Value]) -> Vec<(String, String)> {
    let parts = items.iter().filter_map(|it| it.get("content")?.as_array()).flatten();
    let file = |part: &Value| {
        let name = part.get("filename").and_then(Value::as_str).unwrap_or("document.pdf");
        Some((name.to_owned(), part.get("file_data")?.as_str()?.to_owned()))
    };
    parts.filter_map(file).collect()
}

/// How many images the items carry.
pub(crate) fn n_images(items: &[Value]) -> usize {
    let parts = items.iter().filter_map(|it| it.get("content")?.as_array()).flatten();
    parts.filter(|it| it.get("type").is_some_and(|it| it == "input_image")).count()
}

/// The media type and the bytes of a data URL in base64.
pub(crate) fn data_url(url: &str) -> Option<(String, Vec<u8>)> {
    let (media_type, content) = url.strip_prefix("data:")?.split_once(";base64,")?;
    Some((media_type.to_owned(), STANDARD.decode(content).ok()?))
}

fn parts<'a>(item: &'a Value, key: &'a str) -> impl Iterator<Item = &'a str> {
    let content = item.get("content").and_then(Value::as_array);
    content.into_iter().flatten().filter_map(move |it| it.get(key)?.as_str())
}

fn message(role: &str, content: &[Value]) -> Value {
    json!({
        "id": ids::fresh("msg"), "type": "message", "status": "completed",
        "role": role, "content": content,
    })
}

fn item(param: &str, item: &Value) -> Result<Value, Refusal> {
    let Some(fields) = item.as_object() else {
        return Err(Refusal::wrong_type(param, "an object"));
    };
    match fields.get("type").and_then(Value::as_str) {
        None | Some("message") => checked_message(param, fields),
        // Calls of tools and their results are kept as they are: nothing here looks into them.
        Some(_) => {
            let mut kept = fields.clone();
            kept.entry("id").or_insert_with(|| Value::String(ids::fresh("item")));
            Ok(Value::Object(kept))
        }
    }
}

fn checked_message(param: &str, fields: &Map<String, Value>) -> Result<Value, Refusal> {
    let of_role = format!("{param}.role");
    let role = fields.get("role").and_then(Value::as_str);
    let role = role.ok_or_else(|| Refusal::missing(&of_role))?;
    if !ROLES.contains(&role) {
        return Err(Refusal::wrong_value(&of_role, role, ROLES));
    }
    let of_content = format!("{param}.content");
    let mut checked = match fields.get("content") {
        Some(Value::String(text)) => {
            let kind = if role == "assistant" { "output_text" } else { "input_text" };
            message(role, &[json!({ "type": kind, "text": text })])
        }
        Some(Value::Array(parts)) => {
            for (index, it) in parts.iter().enumerate() {
                check_part(&format!("{of_content}[{index}]"), role, it)?;
            }
            message(role, parts)
        }
        Some(_) => return Err(Refusal::wrong_type(&of_content, "a string or an array of parts")),
        None => return Err(Refusal::missing(&of_content)),
    };
    if let (Some(id), Some(checked)) = (fields.get("id"), checked.as_object_mut()) {
        checked.insert("id".to_owned(), id.clone());
    }
    Ok(checked)
}

fn check_part(param: &str, role: &str, part: &Value) -> Result<(), Refusal> {
    let allowed: &[&str] = match role {
        "assistant" => &["output_text", "refusal"],
        _ => &["input_text", "input_image", "input_file"],
    };
    let kind = part.get("type").and_then(Value::as_str);
    let kind = kind.ok_or_else(|| Refusal::missing(&format!("{param}.type")))?;
    if !allowed.contains(&kind) {
        return Err(Refusal::wrong_value(param, kind, allowed));
    }
    let wanted: &[&str] = match kind {
        "input_text" | "output_text" => &["text"],
        "refusal" => &["refusal"],
        "input_image" => &["image_url", "file_id"],
        _ => &["file_id", "file_data", "file_url"],
    };
    let url = part.get("image_url").and_then(Value::as_str).filter(|_| kind == "input_image");
    if url.is_some_and(|it| !is_image(it)) {
        let message = "Invalid 'image_url': expected a web address or an image in base64.";
        return Err(Refusal::bad(message)
            .about(&format!("{param}.image_url"))
            .code("invalid_image_url"));
    }
    let has_one = wanted.iter().any(|it| part.get(it).is_some_and(Value::is_string));
    let first = wanted.first().copied().unwrap_or_default();
    if has_one { Ok(()) } else { Err(Refusal::missing(&format!("{param}.{first}"))) }
}

/// Whether the API would look at it.
fn is_image(url: &str) -> bool {
    const KINDS: [&str; 4] = ["image/jpeg", "image/png", "image/webp", "image/gif"];
    let inline =
        data_url(url).is_some_and(|(kind, it)| KINDS.contains(&kind.as_str()) && !it.is_empty());
    inline || url.starts_with("https://") || url.starts_with("http://")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{normalise, texts};

    #[test]
    fn a_history_becomes_items() {
        let input = json!([
            { "role": "user", "content": "Hola" },
            { "role": "assistant", "content": [{ "type": "output_text", "text": "Buenas" }] },
            { "type": "message", "role": "user", "content": [{ "type": "input_text", "text": "¿Y?" }] },
        ]);
        let items = normalise(&input).expect("items");
        assert_eq!(texts(&items, "user"), ["Hola", "¿Y?"]);
        assert!(items.iter().all(|it| it["id"].is_string() && it["status"] == "completed"));
    }

    #[test]
    fn what_the_api_refuses_is_refused() {
        let wrong = [
            json!(7),
            json!(["Hola"]),
            json!([{ "role": "robot", "content": "Hola" }]),
            json!([{ "role": "user" }]),
            json!([{ "role": "assistant", "content": [{ "type": "input_text", "text": "no" }] }]),
            json!([{ "role": "user", "content": [{ "type": "input_file" }] }]),
            json!([{ "role": "user", "content": [
                { "type": "input_image", "image_url": "data:text/plain;base64,SG9sYQ==" }] }]),
            json!([{ "role": "user", "content": [
                { "type": "input_image", "image_url": "data:image/png;base64,?" }] }]),
        ];
        assert!(wrong.iter().all(|it| normalise(it).is_err()));
    }
}
