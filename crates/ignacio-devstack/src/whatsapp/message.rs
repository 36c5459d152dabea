//! What a business may send, checked as Meta checks it.

use serde_json::Value;

use super::graph_error::GraphError;

/// The longest text that is delivered.
const MAX_TEXT: usize = 4096;

/// A message that would be delivered.
pub(super) struct Message {
    /// The recipient as the request had it.
    pub(super) input: String,
    /// Digits only, as Meta names people.
    pub(super) wa_id: String,
    pub(super) content: Content,
}

/// What a message says.
pub(super) enum Content {
    /// Free text.
    Text(String),
    /// A template and the first parameter of its body, which holds the code in ours.
    Template { name: String, language: String, code: Option<String> },
}

/// Checks the body of a request.
pub(super) fn check(body: &Value) -> Result<Message, GraphError> {
    match text(body, "/messaging_product") {
        None => return Err(GraphError::required("messaging_product")),
        Some("whatsapp") => {}
        Some(_) => return Err(GraphError::invalid("Param messaging_product must be WHATSAPP")),
    }
    let input = text(body, "/to").ok_or_else(|| GraphError::required("to"))?;
    let wa_id = digits(input)
        .ok_or_else(|| GraphError::bad_value("Recipient phone number is not a valid number"))?;
    if body.get("recipient_type").is_some_and(|kind| kind != "individual") {
        return Err(GraphError::invalid("Param recipient_type must be INDIVIDUAL"));
    }
    let content = match text(body, "/type").unwrap_or("text") {
        "text" => free_text(body)?,
        "template" => template(body)?,
        _ => return Err(GraphError::new(400, 131_051, "Only text and template are taken here")),
    };
    Ok(Message { input: input.to_owned(), wa_id, content })
}

/// The digits of a number in any usual spelling; `None` if it is no number of a plausible length.
pub(super) fn digits(number: &str) -> Option<String> {
    let rest = number.trim().strip_prefix('+').unwrap_or(number.trim());
    let plausible = rest.chars().all(|c| c.is_ascii_digit() || " -()".contains(c));
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    (plausible && (7..=15).contains(&digits.len())).then_some(digits)
}

fn free_text(body: &Value) -> Result<Content, GraphError> {
    let text = text(body, "/text/body").ok_or_else(|| GraphError::required("text['body']"))?;
    if text.trim().is_empty() || text.chars().count() > MAX_TEXT {
        return Err(GraphError::invalid("Param text['body'] must be 1 to 4096 characters long"));
    }
    Ok(Content::Text(text.to_owned()))
}

fn template(body: &Value) -> Result<Content, GraphError> {
    let name = text(body, "/template/name")
        .ok_or_else(|| GraphError::missing("Param template['name'] is missing"))?;
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || name.len() > 512 || !name.chars().all(is_plain) {
        return Err(GraphError::invalid("Param template['name'] is not the name of a template"));
    }
    let language = text(body, "/template/language/code")
        .filter(|code| !code.is_empty())
        .ok_or_else(|| GraphError::missing("Param template['language']['code'] is missing"))?;
    let mut code = None;
    for component in list(body, "/template/components")? {
        let kind = text(component, "/type").map(str::to_lowercase);
        let parameters = list(component, "/parameters")?;
        if kind.as_deref() == Some("button") {
            check_button(component, parameters.len())?;
        }
        for parameter in parameters {
            let text = text_parameter(parameter)?;
            if kind.as_deref() == Some("body") {
                code.get_or_insert(text);
            }
        }
        if !matches!(kind.as_deref(), Some("header" | "body" | "button")) {
            return Err(GraphError::invalid("A component must be a HEADER, BODY or BUTTON"));
        }
    }
    Ok(Content::Template { name: name.to_owned(), language: language.to_owned(), code })
}

fn check_button(button: &Value, n_parameters: usize) -> Result<(), GraphError> {
    if !matches!(text(button, "/sub_type"), Some("url" | "quick_reply" | "copy_code")) {
        return Err(GraphError::invalid("Param sub_type must be URL, QUICK_REPLY or COPY_CODE"));
    }
    let index = match button.get("index") {
        Some(Value::String(index)) => index.parse().ok(),
        Some(index) => index.as_u64(),
        None => return Err(GraphError::missing("A button of the template has no index")),
    };
    if index.is_none_or(|index: u64| index > 9) {
        return Err(GraphError::bad_value("The index of a button must be 0 to 9"));
    }
    if n_parameters != 1 {
        return Err(GraphError::new(400, 132_000, "A button has one parameter"));
    }
    Ok(())
}

fn text_parameter(parameter: &Value) -> Result<String, GraphError> {
    if text(parameter, "/type") != Some("text") {
        return Err(GraphError::invalid("Only template parameters of type text are taken here"));
    }
    match text(parameter, "/text") {
        None => Err(GraphError::invalid("Parameter 'text' is mandatory for type 'text'")),
        Some("") => Err(GraphError::missing("Parameter of type text is missing text value")),
        Some(text) => Ok(text.to_owned()),
    }
}

/// The entries of a list that may be left out.
fn list<'v>(parent: &'v Value, pointer: &str) -> Result<&'v [Value], GraphError> {
    match parent.pointer(pointer) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(entries)) => Ok(entries),
        Some(_) => Err(GraphError::invalid(&format!("Param {pointer} must be an array"))),
    }
}

fn text<'v>(parent: &'v Value, pointer: &str) -> Option<&'v str> {
    parent.pointer(pointer).and_then(Value::as_str)
}
