//! Lists in pages: `limit`, `after`, `before`, `order`.

use std::collections::HashMap;

use actix_web::web;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use crate::openai::{
    api_error::{ApiError, parse},
    limits::Int,
};

/// The parameters of a query as they came.
pub(crate) type Query = web::Query<HashMap<String, String>>;

/// Which page is wanted, of at most `MAX` entries.
#[derive(Deserialize)]
struct PageQuery<const MAX: u64> {
    limit: Option<Int<1, MAX>>,
    order: Option<Order>,
    after: Option<String>,
    before: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    Asc,
    Desc,
}

/// Reads the parameters of a query; numbers and booleans come as text.
pub(crate) fn params<T: DeserializeOwned>(query: &Query) -> Result<T, ApiError> {
    let value = |text: &str| serde_json::from_str(text).ok().filter(|it: &Value| !it.is_object());
    let params =
        query.iter().map(|(name, text)| (name.clone(), value(text).unwrap_or(json!(text))));
    parse(Value::Object(params.collect::<Map<_, _>>()))
}

/// The page of a list that a query asks for, `default` entries long unless it says otherwise. The
/// entries come oldest first, each with an `id`; the page shows the newest first unless the query
/// says otherwise.
pub(crate) fn page<const MAX: u64>(
    mut entries: Vec<Value>,
    query: &Query,
    default: usize,
) -> Result<Value, ApiError> {
    let PageQuery::<MAX> { limit, order, after, before } = params(query)?;
    let limit = limit.map_or(default, |it| usize::try_from(it.0).unwrap_or(usize::MAX));
    if !matches!(order, Some(Order::Asc)) {
        entries.reverse();
    }
    let position = |param: &str, id: &String| {
        let found = entries.iter().position(|it| it.get("id").is_some_and(|it| it == id));
        found.ok_or_else(|| {
            ApiError::invalid_value(param, format!("No object with id '{id}' in this list."))
        })
    };
    let from = after.as_ref().map_or(Ok(0), |it| position("after", it).map(|it| it + 1))?;
    let to = before.as_ref().map_or(Ok(entries.len()), |it| position("before", it))?;
    let window = entries.get(from..to).unwrap_or_default();
    let is_backwards = before.is_some() && after.is_none();
    let skipped = if is_backwards { window.len().saturating_sub(limit) } else { 0 };
    let shown: Vec<&Value> = window.iter().skip(skipped).take(limit).collect();
    Ok(json!({
        "object": "list",
        "data": shown,
        "first_id": shown.first().and_then(|it| it.get("id")),
        "last_id": shown.last().and_then(|it| it.get("id")),
        "has_more": window.len() > limit,
    }))
}
