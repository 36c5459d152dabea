//! Lists in pages: `limit`, `after`, `before`, `order`.

use std::collections::HashMap;

use actix_web::web;
use serde_json::{Value, json};

use crate::openai::api_error::ApiError;

/// The parameters of a query.
pub(crate) type Query = web::Query<HashMap<String, String>>;

/// One entry of a list: the id that pages are asked for by, and what the client sees.
pub(crate) type Entry = (String, Value);

/// How many entries fit on a page.
pub(crate) struct PageSize {
    pub(crate) default: u64,
    pub(crate) max: u64,
}

/// The page of a list that a query asks for. The entries come oldest first; the page shows the
/// newest first unless the query says otherwise.
pub(crate) fn page(
    mut entries: Vec<Entry>,
    query: &Query,
    size: &PageSize,
) -> Result<Value, ApiError> {
    let limit = limit(query, size)?;
    match query.get("order").map(String::as_str) {
        None | Some("desc") => entries.reverse(),
        Some("asc") => {}
        Some(_) => return Err(ApiError::invalid_value("order", "Expected 'asc' or 'desc'.")),
    }
    let position = |param: &str, id: &String| {
        let found = entries.iter().position(|(it, _)| it == id);
        found.ok_or_else(|| {
            ApiError::invalid_value(param, format!("No object with id '{id}' in this list."))
        })
    };
    let (after, before) = (query.get("after"), query.get("before"));
    let from = after.map_or(Ok(0), |it| position("after", it).map(|it| it + 1))?;
    let to = before.map_or(Ok(entries.len()), |it| position("before", it))?;
    let window = entries.get(from..to).unwrap_or_default();
    let is_backwards = before.is_some() && after.is_none();
    let skipped = if is_backwards { window.len().saturating_sub(limit) } else { 0 };
    let shown: Vec<&Entry> = window.iter().skip(skipped).take(limit).collect();
    Ok(json!({
        "object": "list",
        "data": shown.iter().map(|(_, view)| view).collect::<Vec<_>>(),
        "first_id": shown.first().map(|(id, _)| id),
        "last_id": shown.last().map(|(id, _)| id),
        "has_more": window.len() > limit,
    }))
}

fn limit(query: &Query, size: &PageSize) -> Result<usize, ApiError> {
    let limit = match query.get("limit").map(|it| it.parse()) {
        None => size.default,
        Some(Ok(limit)) if (1..=size.max).contains(&limit) => limit,
        Some(Ok(limit)) => return Err(ApiError::out_of_bounds("limit", limit, 1, size.max)),
        Some(Err(_)) => {
            let error = ApiError::bad_request("Invalid 'limit': expected an integer.");
            return Err(error.param("limit").code("invalid_type"));
        }
    };
    Ok(usize::try_from(limit).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use actix_web::web;
    use serde_json::{Value, json};

    use super::{PageSize, page};

    fn ask(query: &[(&str, &str)]) -> Option<Value> {
        let entries = (1..=5).map(|serial| (format!("n{serial}"), json!(serial))).collect();
        let query: HashMap<String, String> =
            query.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        page(entries, &web::Query(query), &PageSize { default: 3, max: 4 }).ok()
    }

    #[test]
    fn pages_follow_each_other_without_gap_or_repeat() {
        let first = ask(&[]).expect("a page");
        assert_eq!((&first["data"], &first["has_more"]), (&json!([5, 4, 3]), &json!(true)));
        let second = ask(&[("after", "n3")]).expect("a page");
        assert_eq!((&second["data"], &second["has_more"]), (&json!([2, 1]), &json!(false)));
        let back = ask(&[("before", "n3"), ("limit", "1")]).expect("a page");
        assert_eq!((&back["data"], &back["last_id"]), (&json!([4]), &json!("n4")));
        let oldest = ask(&[("order", "asc"), ("limit", "1")]).expect("a page");
        assert_eq!(oldest["data"], json!([1]));
    }

    #[test]
    fn wrong_parameters_are_refused() {
        let wrong =
            [("limit", "0"), ("limit", "5"), ("limit", "x"), ("order", "up"), ("after", "n9")];
        assert!(wrong.iter().all(|it| ask(&[*it]).is_none()));
    }
}
