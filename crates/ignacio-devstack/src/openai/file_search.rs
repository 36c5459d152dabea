//! The tool `file_search`: which passages of which files a request finds.

use std::cmp::Ordering;

use serde::Deserialize;
use serde_json::Value;

use crate::openai::{
    api_error::ApiError,
    limits::{Attributes, Int, Text},
    ranking::{Hit, rank},
    state::State,
    vector_store_files::Status,
};

/// A search in vector stores, as a tool of a response or on its own.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct FileSearch {
    #[serde(default)]
    pub(crate) vector_store_ids: Vec<String>,
    filters: Option<Filter>,
    max_num_results: Option<Int<1, 50>>,
    ranking_options: Option<RankingOptions>,
}

#[derive(Clone, Debug, Deserialize)]
struct RankingOptions {
    score_threshold: Option<f64>,
}

/// A condition on the attributes of a file.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Filter {
    And { filters: Vec<Self> },
    Or { filters: Vec<Self> },
    Eq { key: String, value: Value },
    Ne { key: String, value: Value },
    Gt { key: String, value: Value },
    Gte { key: String, value: Value },
    Lt { key: String, value: Value },
    Lte { key: String, value: Value },
    In { key: String, value: Vec<Value> },
    Nin { key: String, value: Vec<Value> },
}

/// A passage that was found in a file; the id is empty for a document inside the request.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) file_id: String,
    pub(crate) filename: String,
    pub(crate) attributes: Attributes,
    pub(crate) passage: Hit,
}

impl Filter {
    fn admits(&self, attributes: &Attributes) -> bool {
        let get = |key: &String| attributes.0.get(&Text(key.clone())).map(|it| &it.0);
        let order = |key, value| get(key).and_then(|it| compare(it, value));
        match self {
            Self::And { filters } => filters.iter().all(|it| it.admits(attributes)),
            Self::Or { filters } => filters.iter().any(|it| it.admits(attributes)),
            Self::Eq { key, value } => {
                get(key) == Some(value) || order(key, value).is_some_and(Ordering::is_eq)
            }
            Self::Ne { key, value } => get(key) != Some(value),
            Self::Gt { key, value } => order(key, value).is_some_and(Ordering::is_gt),
            Self::Gte { key, value } => order(key, value).is_some_and(Ordering::is_ge),
            Self::Lt { key, value } => order(key, value).is_some_and(Ordering::is_lt),
            Self::Lte { key, value } => order(key, value).is_some_and(Ordering::is_le),
            Self::In { key, value } => get(key).is_some_and(|it| value.contains(it)),
            Self::Nin { key, value } => get(key).is_none_or(|it| !value.contains(it)),
        }
    }
}

fn compare(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64()?.partial_cmp(&other.as_f64()?),
        (Value::String(one), Value::String(other)) => Some(one.cmp(other)),
        _ => None,
    }
}

impl State {
    /// The passages of vector stores that match a question, best first.
    pub(crate) fn search(
        &self,
        search: &FileSearch,
        question: &str,
        default_max: u64,
    ) -> Result<Vec<Found>, ApiError> {
        let mut files = Vec::new();
        for id in &search.vector_store_ids {
            self.use_vector_store(id)?;
            files.extend(self.vector_store(id)?.files);
        }
        let is_admitted = |it: &Attributes| search.filters.as_ref().is_none_or(|f| f.admits(it));
        files.retain(|it| it.status == Status::Completed && is_admitted(&it.attributes));
        let mut sources = Vec::new();
        for file in files {
            if let (Ok(record), Ok(document)) =
                (self.file(&file.file_id), self.document(&file.file_id))
            {
                sources.push((file, record.filename, document));
            }
        }
        let documents: Vec<_> = sources.iter().map(|(_, _, document)| &**document).collect();
        let mut hits = rank(question, &documents);
        let threshold = search.ranking_options.as_ref().and_then(|it| it.score_threshold);
        hits.retain(|(_, hit)| hit.score >= threshold.unwrap_or_default());
        let max = search.max_num_results.map_or(default_max, |it| it.0);
        hits.truncate(usize::try_from(max).unwrap_or(usize::MAX));
        let found = |(index, passage): (usize, Hit)| {
            let (file, filename, _) = sources.get(index)?;
            Some(Found {
                file_id: file.file_id.clone(),
                filename: filename.clone(),
                attributes: file.attributes.clone(),
                passage,
            })
        };
        Ok(hits.into_iter().filter_map(found).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Filter;
    use crate::openai::api_error::parse;

    fn admits(filter: &Value) -> bool {
        let attributes = json!({ "user_id": "ana", "year": 2026, "draft": false });
        let attributes = parse(attributes).expect("attributes");
        parse::<Filter>(filter.clone()).expect("a filter").admits(&attributes)
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
        let is_refused = |filter: Value| parse::<Filter>(filter).is_err();
        assert!(is_refused(json!({ "type": "like", "key": "a", "value": 1 })));
        assert!(is_refused(json!({ "type": "eq", "key": "a" })));
        assert!(is_refused(json!({ "type": "and" })));
    }
}
