//! Lists in pages: `limit`, `after`, `before`, `order`.

use std::collections::HashMap;

use actix_web::web;
use serde_json::{Value, json};

use crate::openai::refusal::Refusal;

/// The parameters of a query.
pub(crate) type Query = web::Query<HashMap<String, String>>;

/// One thing in a list.
pub(crate) struct Entry {
    /// Things are ordered by it: the order in which they were made.
    pub(crate) serial: u64,
    /// Its id.
    pub(crate) id: String,
    /// What the client sees.
    pub(crate) view: Value,
}

/// How many things fit on a page.
pub(crate) struct Sizes {
    /// Without a limit.
    pub(crate) usual: u64,
    /// At most.
    pub(crate) most: u64,
}

/// The page of a list that a query asks for; the newest come first unless it says otherwise.
pub(crate) fn page(
    mut entries: Vec<Entry>,
    query: &Query,
    sizes: &Sizes,
) -> Result<Value, Refusal> {
    let limit = limit(query, sizes)?;
    entries.sort_by_key(|it| it.serial);
    match query.get("order").map(String::as_str) {
        None | Some("desc") => entries.reverse(),
        Some("asc") => {}
        Some(other) => return Err(Refusal::wrong_value("order", other, &["asc", "desc"])),
    }
    let from = match query.get("after") {
        Some(after) => position(&entries, "after", after)? + 1,
        None => 0,
    };
    let to = match query.get("before") {
        Some(before) => position(&entries, "before", before)?,
        None => entries.len(),
    };
    let is_backwards = query.contains_key("before") && !query.contains_key("after");
    let window = entries.get(from..to).unwrap_or_default();
    let skipped = if is_backwards { window.len().saturating_sub(limit) } else { 0 };
    let shown: Vec<&Entry> = window.iter().skip(skipped).take(limit).collect();
    Ok(json!({
        "object": "list",
        "data": shown.iter().map(|it| &it.view).collect::<Vec<_>>(),
        "first_id": shown.first().map(|it| &it.id),
        "last_id": shown.last().map(|it| &it.id),
        "has_more": window.len() > limit,
    }))
}

fn limit(query: &Query, sizes: &Sizes) -> Result<usize, Refusal> {
    let Some(text) = query.get("limit") else {
        return Ok(usize::try_from(sizes.usual).unwrap_or(usize::MAX));
    };
    let limit: u64 = text.parse().map_err(|_error| Refusal::wrong_type("limit", "an integer"))?;
    if !(1..=sizes.most).contains(&limit) {
        return Err(Refusal::out_of_bounds("limit", limit, 1, sizes.most));
    }
    Ok(usize::try_from(limit).unwrap_or(usize::MAX))
}

fn position(entries: &[Entry], param: &str, id: &str) -> Result<usize, Refusal> {
    let found = entries.iter().position(|it| it.id == id);
    found.ok_or_else(|| {
        Refusal::bad(format!("No object with id '{id}' in this list."))
            .about(param)
            .code("invalid_value")
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use actix_web::web;
    use serde_json::{Value, json};

    use super::{Entry, Sizes, page};

    fn ask(query: &[(&str, &str)]) -> Option<Value> {
        let entry = |serial: u64| Entry { serial, id: format!("n{serial}"), view: json!(serial) };
        let query: HashMap<String, String> =
            query.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        page((1..=5).map(entry).collect(), &web::Query(query), &Sizes { usual: 3, most: 4 }).ok()
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
