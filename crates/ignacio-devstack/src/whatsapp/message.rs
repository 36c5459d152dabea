//! What a business may send, checked as Meta checks it.

use serde_json::Value;

use super::graph_error::GraphError;

/// The longest text that is delivered.
const LONGEST_TEXT: usize = 4096;

/// A request to the message endpoint that would be carried out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Accepted {
    /// A message to somebody.
    Message {
        /// As the request had it.
        input: String,
        /// Digits only, as Meta names people.
        wa_id: String,
        /// What it says.
        content: Content,
    },
    /// The mark that a received message was read.
    Read,
}

/// What a message says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Free text.
    Text(String),
    /// A template and the first parameter of its body, which holds the code in ours.
    Template { name: String, language: String, code: Option<String> },
}

/// Checks the body of a request.
pub(super) fn check(body: &Value) -> Result<Accepted, GraphError> {
    match text_at(body, "messaging_product") {
        None => return Err(GraphError::required("messaging_product")),
        Some("whatsapp") => {}
        Some(_) => {
            return Err(GraphError::invalid("Param messaging_product must be one of {WHATSAPP}"));
        }
    }
    if text_at(body, "status") == Some("read") {
        let id = text_at(body, "message_id").filter(|id| id.starts_with("wamid."));
        return id.map(|_| Accepted::Read).ok_or_else(|| GraphError::required("message_id"));
    }
    let input = text_at(body, "to").ok_or_else(|| GraphError::required("to"))?;
    let wa_id = digits(input)
        .ok_or_else(|| GraphError::bad_value("Recipient phone number is not a valid number"))?;
    if body.get("recipient_type").is_some_and(|kind| kind != "individual") {
        return Err(GraphError::invalid("Param recipient_type must be one of {INDIVIDUAL}"));
    }
    let content = match text_at(body, "type").unwrap_or("text") {
        "text" => free_text(body)?,
        "template" => template(body)?,
        _ => {
            return Err(GraphError::of(
                400,
                131_051,
                Some("This stand-in takes messages of the types text and template"),
            ));
        }
    };
    Ok(Accepted::Message { input: input.to_owned(), wa_id, content })
}

/// The digits of a number in any usual spelling; `None` if it is no number of a plausible length.
pub(super) fn digits(number: &str) -> Option<String> {
    let rest = number.trim().strip_prefix('+').unwrap_or(number.trim());
    let plausible = rest.chars().all(|c| c.is_ascii_digit() || " -()".contains(c));
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    (plausible && (7..=15).contains(&digits.len())).then_some(digits)
}

fn free_text(body: &Value) -> Result<Content, GraphError> {
    let text = body
        .pointer("/text/body")
        .and_then(Value::as_str)
        .ok_or_else(|| GraphError::required("text['body']"))?;
    if text.trim().is_empty() || text.chars().count() > LONGEST_TEXT {
        return Err(GraphError::invalid("Param text['body'] must be 1 to 4096 characters long"));
    }
    Ok(Content::Text(text.to_owned()))
}

fn template(body: &Value) -> Result<Content, GraphError> {
    let template = body.get("template").ok_or_else(|| GraphError::required("template"))?;
    let name = text_at(template, "name")
        .ok_or_else(|| GraphError::missing("Param template['name'] is missing"))?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || name.len() > 512 || !name.chars().all(plain) {
        return Err(GraphError::invalid("Param template['name'] is not the name of a template"));
    }
    let language = template
        .pointer("/language/code")
        .and_then(Value::as_str)
        .filter(|code| !code.is_empty())
        .ok_or_else(|| GraphError::missing("Param template['language']['code'] is missing"))?;
    let code = components(template)?;
    Ok(Content::Template { name: name.to_owned(), language: language.to_owned(), code })
}

/// Checks a template's components; gives the first parameter of the body.
fn components(template: &Value) -> Result<Option<String>, GraphError> {
    let mut first = None;
    for component in list(template, "components")? {
        match text_at(component, "type").map(str::to_lowercase).as_deref() {
            Some("body") => {
                for parameter in list(component, "parameters")? {
                    let text = text_parameter(parameter)?;
                    first.get_or_insert(text);
                }
            }
            Some("button") => button(component)?,
            Some("header") => {
                list(component, "parameters")?
                    .iter()
                    .try_for_each(|parameter| text_parameter(parameter).map(drop))?;
            }
            Some(_) => {
                return Err(GraphError::invalid(
                    "Param type of a component must be one of {HEADER, BODY, BUTTON}",
                ));
            }
            None => return Err(GraphError::missing("A component of the template has no type")),
        }
    }
    Ok(first)
}

fn button(component: &Value) -> Result<(), GraphError> {
    if !["url", "quick_reply", "copy_code"].contains(&text_at(component, "sub_type").unwrap_or(""))
    {
        return Err(GraphError::invalid(
            "Param sub_type must be one of {URL, QUICK_REPLY, COPY_CODE}",
        ));
    }
    let index = match component.get("index") {
        Some(Value::String(index)) => index.parse().ok(),
        Some(index) => index.as_u64(),
        None => return Err(GraphError::missing("A button of the template has no index")),
    };
    if index.is_none_or(|index| index > 9) {
        return Err(GraphError::bad_value("The index of a button must be 0 to 9"));
    }
    let parameters = list(component, "parameters")?;
    let [parameter] = parameters else {
        return Err(GraphError::of(
            400,
            132_000,
            Some("buttons: number of localizable_params does not match the expected number (1)"),
        ));
    };
    text_parameter(parameter).map(drop)
}

fn text_parameter(parameter: &Value) -> Result<String, GraphError> {
    if text_at(parameter, "type") != Some("text") {
        return Err(GraphError::invalid("This stand-in takes template parameters of type text"));
    }
    match text_at(parameter, "text") {
        None => Err(GraphError::invalid(
            "Parameter 'text' is mandatory for component parameter type 'text'",
        )),
        Some("") => Err(GraphError::missing("Parameter of type text is missing text value")),
        Some(text) => Ok(text.to_owned()),
    }
}

/// The entries of a list that may be left out.
fn list<'v>(parent: &'v Value, name: &str) -> Result<&'v [Value], GraphError> {
    match parent.get(name) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(entries)) => Ok(entries),
        Some(_) => Err(GraphError::invalid(&format!("Param {name} must be an array"))),
    }
}

fn text_at<'v>(parent: &'v Value, name: &str) -> Option<&'v str> {
    parent.get(name).and_then(Value::as_str)
}

#[cfg(test)]
mod tests;
