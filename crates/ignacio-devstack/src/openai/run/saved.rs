//! A finished response as it lies on disk.

use std::sync::Mutex;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Event, Progress, Run, Usage};

/// What has to be kept of a response.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SavedRun {
    id: String,
    created_at: i64,
    is_background: bool,
    is_streamed: bool,
    input_items: Vec<Value>,
    question: String,
    object: Map<String, Value>,
    output: Vec<Value>,
    events: Vec<(u64, String)>,
    input_tokens: u64,
    output_tokens: u64,
}

impl Run {
    /// The response for the disk; only one that is over is worth it.
    pub(crate) fn saved(&self) -> SavedRun {
        let progress = self.lock();
        let event = |it: &Event| (it.sequence, String::from_utf8_lossy(&it.frame).into_owned());
        SavedRun {
            id: self.id.clone(),
            created_at: self.created_at,
            is_background: self.is_background,
            is_streamed: self.is_streamed,
            input_items: self.input_items.clone(),
            question: self.question.clone(),
            object: progress.object.clone(),
            output: progress.output.clone(),
            events: progress.events.iter().map(event).collect(),
            input_tokens: progress.usage.input,
            output_tokens: progress.usage.output,
        }
    }
}

impl From<SavedRun> for Run {
    fn from(saved: SavedRun) -> Self {
        let usage = Usage { input: saved.input_tokens, cached: 0, output: saved.output_tokens };
        let event = |(sequence, frame)| Event { sequence, frame: Bytes::from(frame) };
        let progress = Progress {
            output: saved.output,
            events: saved.events.into_iter().map(event).collect(),
            is_over: true,
            ..Progress::new(saved.object, usage)
        };
        Self {
            id: saved.id,
            created_at: saved.created_at,
            is_background: saved.is_background,
            is_streamed: saved.is_streamed,
            is_stored: true,
            is_small_job: false,
            input_items: saved.input_items,
            question: saved.question,
            stop: CancellationToken::new(),
            progress: Mutex::new(progress),
            version: watch::Sender::default(),
        }
    }
}
