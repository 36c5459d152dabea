//! The steps of the journey on the screen, and how long each took.

use std::time::{Duration, Instant};

use anyhow::Context as _;

/// The longest that any step may take.
const STEP_LIMIT: Duration = Duration::from_mins(3);

/// The steps so far.
pub(super) struct Steps {
    began: Instant,
    done: Vec<(String, Duration)>,
}

impl Steps {
    pub(super) fn begin() -> Self {
        Self { began: Instant::now(), done: Vec::new() }
    }

    /// Does a step and tells about it; what it gives is told and handed on.
    pub(super) async fn take<T>(
        &mut self,
        title: &str,
        step: impl Future<Output = anyhow::Result<(String, T)>>,
    ) -> anyhow::Result<T> {
        let number = self.done.len() + 1;
        println!("{number:>2}. {title} …");
        let began = Instant::now();
        let step = async {
            let limited = tokio::time::timeout(STEP_LIMIT, Box::pin(step)).await;
            limited.with_context(|| format!("no terminó en {}", shown(STEP_LIMIT)))?
        };
        let (told, given) = step.await.with_context(|| format!("paso {number}, «{title}»"))?;
        let took = began.elapsed();
        println!("    {told}  [{}]", shown(took));
        self.done.push((title.to_owned(), took));
        Ok(given)
    }

    /// All steps with their times.
    pub(super) fn summary(&self) {
        println!("\nTiempos");
        for (title, took) in &self.done {
            println!("  {:>10}  {title}", shown(*took));
        }
        println!("  {:>10}  en total", shown(self.began.elapsed()));
    }
}

/// A time that people can read.
pub(super) fn shown(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{} ms", time.as_millis())
    } else {
        format!("{:.2} s", time.as_secs_f64())
    }
}
