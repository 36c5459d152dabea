//! Filters on the attributes of a store's files.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::openai::refusal::Refusal;

/// Comparisons that a filter may make.
const COMPARISONS: &[&str] = &["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin", "and", "or"];

/// A condition on a file's attributes.
#[derive(Clone, Debug)]
pub(crate) enum Filter {
    /// All of them.
    And(Vec<Self>),
    /// One of them.
    Or(Vec<Self>),
    /// One attribute compared with a value.
    Compare {
        /// The attribute.
        key: String,
        /// How.
        comparison: String,
        /// With what.
        value: Value,
    },
}

impl Filter {
    /// Reads a filter as the API describes it.
    pub(crate) fn parse(filter: &Value, param: &str) -> Result<Self, Refusal> {
        let kind = filter.get("type").and_then(Value::as_str).unwrap_or_default();
        if !COMPARISONS.contains(&kind) {
            return Err(Refusal::wrong_value(&format!("{param}.type"), kind, COMPARISONS));
        }
        if let "and" | "or" = kind {
            let inner = format!("{param}.filters");
            let list = filter.get("filters").and_then(Value::as_array);
            let list = list.ok_or_else(|| Refusal::missing(&inner))?;
            let parts: Result<Vec<Self>, Refusal> =
                list.iter().map(|it| Self::parse(it, &inner)).collect();
            return Ok(if kind == "and" { Self::And(parts?) } else { Self::Or(parts?) });
        }
        let key = filter.get("key").and_then(Value::as_str);
        let key = key.ok_or_else(|| Refusal::missing(&format!("{param}.key")))?.to_owned();
        let value = filter.get("value").cloned();
        let value = value.ok_or_else(|| Refusal::missing(&format!("{param}.value")))?;
        Ok(Self::Compare { key, comparison: kind.to_owned(), value })
    }

    /// Whether a file with these attributes passes.
    pub(crate) fn admits(&self, attributes: &Map<String, Value>) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|it| it.admits(attributes)),
            Self::Or(parts) => parts.iter().any(|it| it.admits(attributes)),
            Self::Compare { key, comparison, value } => {
                compare(attributes.get(key), comparison, value)
            }
        }
    }
}

fn compare(attribute: Option<&Value>, comparison: &str, value: &Value) -> bool {
    let is_listed = || value.as_array().is_some_and(|it| it.iter().any(|it| Some(it) == attribute));
    let order = attribute.and_then(|it| order(it, value));
    match comparison {
        "eq" => attribute.is_some_and(|it| it == value || order == Some(Ordering::Equal)),
        "ne" => attribute != Some(value),
        "gt" => order == Some(Ordering::Greater),
        "gte" => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        "lt" => order == Some(Ordering::Less),
        "lte" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        "in" => is_listed(),
        "nin" => !is_listed(),
        _ => false,
    }
}

fn order(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64()?.partial_cmp(&other.as_f64()?),
        (Value::String(one), Value::String(other)) => Some(one.cmp(other)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Filter;

    fn admits(filter: &Value) -> bool {
        let attributes = json!({ "user_id": "ana", "year": 2026, "draft": false });
        let attributes = attributes.as_object().cloned().unwrap_or_default();
        Filter::parse(filter, "filters").expect("a filter").admits(&attributes)
    }

    #[test]
    fn comparisons_hold() {
        assert!(admits(&json!({ "type": "eq", "key": "user_id", "value": "ana" })));
        assert!(!admits(&json!({ "type": "eq", "key": "user_id", "value": "ben" })));
        assert!(!admits(&json!({ "type": "eq", "key": "nobody", "value": "ana" })));
        assert!(admits(&json!({ "type": "gte", "key": "year", "value": 2026.0 })));
        assert!(admits(&json!({ "type": "in", "key": "year", "value": [2025, 2026] })));
        assert!(admits(&json!({ "type": "ne", "key": "draft", "value": true })));
    }

    #[test]
    fn conditions_combine() {
        let ana = json!({ "type": "eq", "key": "user_id", "value": "ana" });
        let old = json!({ "type": "lt", "key": "year", "value": 2000 });
        assert!(!admits(&json!({ "type": "and", "filters": [ana, old] })));
        assert!(admits(&json!({ "type": "or", "filters": [ana, old] })));
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        assert!(Filter::parse(&json!({ "type": "like", "key": "a", "value": 1 }), "f").is_err());
        assert!(Filter::parse(&json!({ "type": "eq", "key": "a" }), "f").is_err());
        assert!(Filter::parse(&json!({ "type": "and" }), "f").is_err());
    }
}
