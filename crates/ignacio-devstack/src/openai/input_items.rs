//! Input items of a response: checked, and brought into the form that the API returns.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::openai::{
    api_error::{ApiError, parse},
    ids,
};

#[derive(Deserialize)]
struct Message {
    id: Option<String>,
    role: Role,
    content: Value,
}

/// Who may have written a message.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Role {
    User,
    Assistant,
    System,
    Developer,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(dead_code, reason = "reading the fields is all that checks them")]
enum Part {
    InputText { text: String },
    OutputText { text: String },
    Refusal { refusal: String },
    InputImage { image_url: Option<String>, file_id: Option<String> },
    InputFile { file_id: Option<String>, file_data: Option<String>, file_url: Option<String> },
}

impl Part {
    fn check(&self, role: Role) -> Result<(), ApiError> {
        let is_output = matches!(self, Self::OutputText { .. } | Self::Refusal { .. });
        if is_output != (role == Role::Assistant) {
            let message = "This type of content cannot come from this role.";
            return Err(ApiError::invalid_value("input", message));
        }
        match self {
            Self::InputImage { image_url: Some(url), .. } if !is_image(url) => {
                let message = "Invalid 'image_url': expected a web address or an image in base64.";
                Err(ApiError::bad_request(message).param("image_url").code("invalid_image_url"))
            }
            Self::InputImage { image_url: None, file_id: None } => {
                Err(ApiError::missing("image_url"))
            }
            Self::InputFile { file_id: None, file_data: None, file_url: None } => {
                Err(ApiError::missing("file_id"))
            }
            _ => Ok(()),
        }
    }
}

/// Brings `input` into the form of a list of items with ids.
pub(crate) fn normalise(input: &Value) -> Result<Vec<Value>, ApiError> {
    if input.is_string() {
        return Ok(vec![message(&json!({ "role": "user", "content": input }))?]);
    }
    let item = |item: &Value| match item.get("type").and_then(Value::as_str) {
        None | Some("message") => message(item),
        // Calls of tools and their results are kept as they are: nothing here reads them.
        Some(_) => Ok(item.clone()),
    };
    parse::<Vec<Value>>(input.clone())?.iter().map(item).collect()
}

fn message(item: &Value) -> Result<Value, ApiError> {
    let Message { id, role, content } = parse(item.clone())?;
    let content = if content.is_string() {
        let kind = if role == Role::Assistant { "output_text" } else { "input_text" };
        json!([{ "type": kind, "text": content }])
    } else {
        for part in parse::<Vec<Part>>(content.clone())? {
            part.check(role)?;
        }
        content
    };
    Ok(json!({
        "id": id.unwrap_or_else(|| ids::fresh("msg_")), "type": "message", "status": "completed",
        "role": role, "content": content,
    }))
}

/// The text of the user's items, one string per item, oldest first.
pub(crate) fn user_texts(items: &[Value]) -> Vec<String> {
    let of_user = items.iter().filter(|it| it.get("role").is_some_and(|it| it == "user"));
    of_user
        .map(|it| {
            let texts = parts(it).filter_map(|it| it.get("text")?.as_str());
            texts.collect::<Vec<_>>().join("\n")
        })
        .collect()
}

/// The ids of the files that the items carry as `input_file`.
pub(crate) fn file_ids(items: &[Value]) -> Vec<String> {
    let ids = items.iter().flat_map(parts).filter_map(|it| it.get("file_id")?.as_str());
    ids.map(str::to_owned).collect()
}

/// The files that the items carry inside themselves: name and bytes.
pub(crate) fn inline_files(items: &[Value]) -> Vec<(String, Vec<u8>)> {
    let file = |part: &Value| {
        let name = part.get("filename").and_then(Value::as_str).unwrap_or("document.pdf");
        let encoded = part.get("file_data")?.as_str()?.rsplit(',').next()?;
        Some((name.to_owned(), STANDARD.decode(encoded).ok()?))
    };
    items.iter().flat_map(parts).filter_map(file).collect()
}

/// How many images the items carry.
pub(crate) fn n_images(items: &[Value]) -> usize {
    let is_image = |it: &&Value| it.get("type").is_some_and(|it| it == "input_image");
    items.iter().flat_map(parts).filter(is_image).count()
}

/// The parts of an item's content.
pub(crate) fn parts(item: &Value) -> impl Iterator<Item = &Value> {
    item.get("content").and_then(Value::as_array).into_iter().flatten()
}

/// The media type and the bytes of a data URL in base64.
pub(crate) fn data_url(url: &str) -> Option<(String, Vec<u8>)> {
    let (media_type, content) = url.strip_prefix("data:")?.split_once(";base64,")?;
    Some((media_type.to_owned(), STANDARD.decode(content).ok()?))
}

/// Whether the API would read it.
fn is_image(url: &str) -> bool {
    const KINDS: [&str; 4] = ["image/jpeg", "image/png", "image/webp", "image/gif"];
    let inline =
        data_url(url).is_some_and(|(kind, it)| KINDS.contains(&kind.as_str()) && !it.is_empty());
    inline || url.starts_with("https://") || url.starts_with("http://")
}
