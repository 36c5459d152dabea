//! Prints the steps of the session and how long each took.

use std::time::{Duration, Instant};

use anyhow::Context as _;

/// The time limit of a step.
const STEP_LIMIT: Duration = Duration::from_mins(3);

/// The completed steps.
pub(super) struct Steps {
    began: Instant,
    done: Vec<(String, Duration)>,
}

impl Steps {
    pub(super) fn begin() -> Self {
        Self { began: Instant::now(), done: Vec::new() }
    }

    /// Runs a step, prints its result, and returns its value.
    pub(super) async fn run<T>(
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
        let (text, value) = step.await.with_context(|| format!("paso {number}, «{title}»"))?;
        let took = began.elapsed();
        println!("    {text}  [{}]", shown(took));
        self.done.push((title.to_owned(), took));
        Ok(value)
    }

    /// Prints all steps with their times.
    pub(super) fn summary(&self) {
        println!("\nTiempos");
        for (title, took) in &self.done {
            println!("  {:>10}  {title}", shown(*took));
        }
        println!("  {:>10}  en total", shown(self.began.elapsed()));
    }
}

/// A duration in a readable unit.
pub(super) fn shown(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{} ms", time.as_millis())
    } else {
        format!("{:.2} s", time.as_secs_f64())
    }
}
