//! The tool `file_search`: which passages of which files a request finds.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::openai::{
    api_error::ApiError,
    limits::{Attributes, Int, Text},
    ranking::{Hit, rank},
    state::State,
    vector_store_files::Status,
};

/// A search in vector stores, as a tool of a response or on its own.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct FileSearch {
    #[serde(default)]
    pub(crate) vector_store_ids: Vec<String>,
    filters: Option<Filter>,
    max_num_results: Option<Int<1, 50>>,
    ranking_options: Option<RankingOptions>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct RankingOptions {
    score_threshold: Option<f64>,
}

/// A condition on the attributes of a file.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Filter {
    And { filters: Vec<Self> },
    Or { filters: Vec<Self> },
    Eq(Comparison),
    Ne(Comparison),
    Gt(Comparison),
    Gte(Comparison),
    Lt(Comparison),
    Lte(Comparison),
    In(Comparison),
    Nin(Comparison),
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Comparison {
    key: String,
    value: Value,
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
        match self {
            Self::And { filters } => filters.iter().all(|it| it.admits(attributes)),
            Self::Or { filters } => filters.iter().any(|it| it.admits(attributes)),
            Self::Eq(it) => it.order(attributes).is_some_and(Ordering::is_eq),
            Self::Ne(it) => !it.order(attributes).is_some_and(Ordering::is_eq),
            Self::Gt(it) => it.order(attributes).is_some_and(Ordering::is_gt),
            Self::Gte(it) => it.order(attributes).is_some_and(Ordering::is_ge),
            Self::Lt(it) => it.order(attributes).is_some_and(Ordering::is_lt),
            Self::Lte(it) => it.order(attributes).is_some_and(Ordering::is_le),
            Self::In(it) => it.is_listed(attributes),
            Self::Nin(it) => !it.is_listed(attributes),
        }
    }
}

impl Comparison {
    fn attribute<'a>(&self, attributes: &'a Attributes) -> Option<&'a Value> {
        attributes.0.get(&Text(self.key.clone())).map(|it| &it.0)
    }

    /// How the attribute compares to the value; `None` if it is missing or of another type.
    fn order(&self, attributes: &Attributes) -> Option<Ordering> {
        match (self.attribute(attributes)?, &self.value) {
            (Value::Number(a), Value::Number(b)) => a.as_f64()?.partial_cmp(&b.as_f64()?),
            (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
            (a, b) => (a == b).then_some(Ordering::Equal),
        }
    }

    fn is_listed(&self, attributes: &Attributes) -> bool {
        let listed = self.value.as_array().map_or(&[][..], Vec::as_slice);
        self.attribute(attributes).is_some_and(|it| listed.contains(it))
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
            if let (Ok(record), Ok(document)) = (self.file(&file.id), self.document(&file.id)) {
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
                file_id: file.id.clone(),
                filename: filename.clone(),
                attributes: file.attributes.clone(),
                passage,
            })
        };
        Ok(hits.into_iter().filter_map(found).collect())
    }
}
