//! A model that follows a script.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::stream;
use ignacio_domain::ports::{
    Assistant, AssistantError, AssistantEvent, AssistantEventKind, GeneratedText, PortError,
    ReplyStream,
};
use ignacio_domain::prompt::{Prompt, Purpose, TextRequest};
use ignacio_domain::response::ReplyOutcome;
use ignacio_domain::usage::Usage;
use tokio::sync::Notify;

use super::Faults;

/// One step of a stream; the end of the script cuts it.
pub(crate) enum StreamItem {
    /// It sends an event.
    Event(AssistantEvent),
    /// It fails.
    Break(AssistantError),
    /// It stalls until the reply is cancelled upstream or resumed; the test is notified.
    Stall,
}

#[derive(Default)]
pub(crate) struct FakeAssistant {
    pub(crate) faults: Faults,
    starts: Mutex<VecDeque<Result<Vec<StreamItem>, AssistantError>>>,
    resumes: Mutex<VecDeque<Result<Vec<StreamItem>, AssistantError>>>,
    prompts: Mutex<Vec<Prompt>>,
    resumed: Mutex<Vec<(String, i64)>>,
    cancelled: Mutex<Vec<String>>,
    deleted_responses: Mutex<Vec<String>>,
    texts: Mutex<VecDeque<Result<String, AssistantError>>>,
    generated_texts: Mutex<Vec<TextRequest>>,
    usages: Mutex<VecDeque<Usage>>,
    stalled: Arc<Notify>,
    stop: Arc<Notify>,
}

impl FakeAssistant {
    /// The result of the next request.
    pub(crate) fn will_start(&self, result: Result<Vec<StreamItem>, AssistantError>) {
        self.starts.lock().unwrap().push_back(result);
    }

    /// The result of the next resume.
    pub(crate) fn will_resume(&self, result: Result<Vec<StreamItem>, AssistantError>) {
        self.resumes.lock().unwrap().push_back(result);
    }

    /// The next request gets a complete reply in one piece.
    pub(crate) fn will_reply(&self, provider_id: &str, text: &str) {
        self.will_start(Ok(vec![
            started(0, provider_id),
            delta(1, text),
            ended(2, ReplyOutcome::Completed),
        ]));
    }

    /// Drops planned resumes that were not needed.
    pub(crate) fn clear_planned_resumes(&self) {
        self.resumes.lock().unwrap().clear();
    }

    /// The next generated text is this one. Without a plan a title is always the same, and a summary
    /// keeps the words that begin with `#`.
    pub(crate) fn will_generate(&self, result: Result<&str, AssistantError>) {
        self.texts.lock().unwrap().push_back(result.map(str::to_owned));
    }

    /// The usage that the next request for it reports.
    pub(crate) fn will_report_usage(&self, usage: Usage) {
        self.usages.lock().unwrap().push_back(usage);
    }

    /// The requests for generated texts.
    pub(crate) fn generated_texts(&self) -> Vec<TextRequest> {
        self.generated_texts.lock().unwrap().clone()
    }

    pub(crate) fn prompts(&self) -> Vec<Prompt> {
        self.prompts.lock().unwrap().clone()
    }

    pub(crate) fn resumed(&self) -> Vec<(String, i64)> {
        self.resumed.lock().unwrap().clone()
    }

    pub(crate) fn cancelled(&self) -> Vec<String> {
        self.cancelled.lock().unwrap().clone()
    }

    pub(crate) fn deleted_responses(&self) -> Vec<String> {
        self.deleted_responses.lock().unwrap().clone()
    }

    /// Waits until a stream stalls.
    pub(crate) async fn stalled(&self) {
        self.stalled.notified().await;
    }

    /// Resumes a stalled stream.
    pub(crate) fn resume_stream(&self) {
        self.stop.notify_one();
    }

    fn play(&self, items: Vec<StreamItem>) -> ReplyStream {
        let (stalled, stop) = (Arc::clone(&self.stalled), Arc::clone(&self.stop));
        let rest = (VecDeque::from(items), stalled, stop);
        Box::pin(stream::unfold(rest, |(mut items, stalled, stop)| async move {
            let item = loop {
                match items.pop_front()? {
                    StreamItem::Event(event) => break Ok(event),
                    StreamItem::Break(error) => break Err(error),
                    StreamItem::Stall => {
                        stalled.notify_one();
                        stop.notified().await;
                    }
                }
            };
            Some((item, (items, stalled, stop)))
        }))
    }
}

#[async_trait]
impl Assistant for FakeAssistant {
    async fn start(&self, prompt: Prompt) -> Result<ReplyStream, AssistantError> {
        self.prompts.lock().unwrap().push(prompt);
        self.faults.around("start", async { Ok(()) }).await?;
        let result = self.starts.lock().unwrap().pop_front();
        result.expect("no response was planned").map(|items| self.play(items))
    }

    async fn resume(&self, provider_id: &str, after: i64) -> Result<ReplyStream, AssistantError> {
        self.resumed.lock().unwrap().push((provider_id.to_owned(), after));
        self.faults.around("resume", async { Ok(()) }).await?;
        let result = self.resumes.lock().unwrap().pop_front();
        result.unwrap_or(Err(PortError::NotFound.into())).map(|items| self.play(items))
    }

    async fn generate_text(&self, request: TextRequest) -> Result<GeneratedText, AssistantError> {
        let usual = match request.purpose {
            Purpose::Title => "Una conversación".to_owned(),
            Purpose::Summary => summary(&request.input),
        };
        self.generated_texts.lock().unwrap().push(request);
        self.faults.around("generate_text", async { Ok(()) }).await?;
        let planned = self.texts.lock().unwrap().pop_front();
        Ok(GeneratedText { text: planned.unwrap_or(Ok(usual))?, usage: None })
    }

    async fn fetch_usage(&self, _provider_id: &str) -> Result<Option<Usage>, PortError> {
        self.faults
            .around("fetch_usage", async { Ok(self.usages.lock().unwrap().pop_front()) })
            .await
    }

    async fn cancel(&self, provider_id: &str) -> Result<(), PortError> {
        self.cancelled.lock().unwrap().push(provider_id.to_owned());
        self.stop.notify_one();
        Ok(())
    }

    async fn delete_response(&self, provider_id: &str) -> Result<(), PortError> {
        let effect = async {
            self.deleted_responses.lock().unwrap().push(provider_id.to_owned());
            Ok(())
        };
        self.faults.around("delete_response", effect).await
    }
}

fn summary(input: &str) -> String {
    let marks = input.split_whitespace().filter(|it| it.starts_with('#'));
    format!("Se habló de {}", marks.collect::<Vec<_>>().join(" "))
}

fn event(cursor: i64, kind: AssistantEventKind) -> StreamItem {
    StreamItem::Event(AssistantEvent { cursor, kind })
}

pub(crate) fn started(cursor: i64, provider_id: &str) -> StreamItem {
    event(cursor, AssistantEventKind::Started { provider_id: provider_id.to_owned() })
}

pub(crate) fn delta(cursor: i64, text: &str) -> StreamItem {
    event(cursor, AssistantEventKind::Delta(text.to_owned()))
}

pub(crate) fn retrieved(cursor: i64, provider_file_id: &str, text: &str) -> StreamItem {
    let (provider_file_id, text) = (provider_file_id.to_owned(), text.to_owned());
    event(cursor, AssistantEventKind::Retrieved { provider_file_id, text })
}

pub(crate) fn cited(cursor: i64, provider_file_id: &str, position: i32) -> StreamItem {
    let provider_file_id = provider_file_id.to_owned();
    let file_name = "as-the-provider-calls-it.txt".to_owned();
    event(cursor, AssistantEventKind::Cited { provider_file_id, file_name, position })
}

/// The end, with its usage.
pub(crate) fn ended(cursor: i64, outcome: ReplyOutcome) -> StreamItem {
    let usage = Some(Usage { input: 100, cached: 40, output: 20, reasoning: 5 });
    event(cursor, AssistantEventKind::Ended { outcome, usage })
}
