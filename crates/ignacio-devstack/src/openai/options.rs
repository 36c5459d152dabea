//! Settings of the stand-in.

use std::{path::PathBuf, time::Duration};

/// Settings of the stand-in; the defaults suit `cargo xtask dev`.
#[derive(Clone, Debug)]
pub struct OpenAiOptions {
    /// The port on 127.0.0.1, or any free one.
    pub port: Option<u16>,
    /// Where files, stores and finished responses survive a restart.
    pub data_dir: Option<PathBuf>,
    /// The pause before each word of an answer.
    pub delta_delay: Duration,
    /// Larger uploads are refused with 413.
    pub max_file_bytes: u64,
    /// How many logged requests are kept; the oldest go first.
    pub keep_calls: usize,
}

impl Default for OpenAiOptions {
    fn default() -> Self {
        Self { delta_delay: Duration::from_millis(15), ..Self::for_tests() }
    }
}

impl OpenAiOptions {
    /// For tests: a free port, nothing kept, and no pause between words.
    pub fn for_tests() -> Self {
        Self {
            port: None,
            data_dir: None,
            delta_delay: Duration::ZERO,
            max_file_bytes: 512 * 1024 * 1024,
            keep_calls: 10_000,
        }
    }
}
