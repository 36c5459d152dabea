//! Generates a response: searches, writes, and ends as it should or as a fault wants it.

use std::{sync::Arc, time::Duration};

use actix_web::{rt, web};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    loopback,
    openai::{
        answer::{self, Answer, Part},
        api_error::ApiError,
        documents::Document,
        fault_injector::{RequestFaults, Stall},
        faults::Effect,
        file_search::{FileSearch, Found},
        ids, input_items,
        limits::Attributes,
        ranking::{best_first, rank},
        response_request::ResponseRequest,
        run::{Outcome, Progress, Run, Usage},
        scripts::{Script, Ticking},
        state::State,
        tokens,
    },
};

/// A response in the making.
struct Generation {
    state: Arc<State>,
    run: Arc<Run>,
    request: ResponseRequest,
    question: String,
    script: Option<Script>,
    faults: GenerationFaults,
    started: Instant,
}

/// What goes wrong while a response is generated.
#[derive(Default)]
struct GenerationFaults {
    /// Adds an unknown event after every so many deltas.
    unknown_every: Option<usize>,
    /// Stalls after so many deltas.
    stall: Option<(usize, Stall)>,
    /// Ends after so many deltas.
    end: Option<(usize, Outcome)>,
    /// Replaces the pause before each word.
    delay: Option<Duration>,
}

impl From<RequestFaults> for GenerationFaults {
    fn from(faults: RequestFaults) -> Self {
        let mut it = Self::default();
        for (effect, stall) in faults.iter() {
            match effect.clone() {
                Effect::UnknownEvents { every } => it.unknown_every = Some(every.max(1)),
                Effect::Pause { after_deltas } => it.stall = Some((after_deltas, stall)),
                Effect::DeltaDelay { millis } => it.delay = Some(Duration::from_millis(millis)),
                Effect::Incomplete { after_deltas, reason } => {
                    it.end = Some((after_deltas, Outcome::Incomplete(reason)));
                }
                Effect::ErrorEvent { after_deltas, code, message } => {
                    it.end = Some((after_deltas, Outcome::Broken(code, message)));
                }
                Effect::Failed { after_deltas, code, message } => {
                    it.end = Some((after_deltas, Outcome::Failed(code, message)));
                }
                _ => {}
            }
        }
        it
    }
}

/// Starts a response, which is then generated whoever reads it.
pub(crate) fn start(
    state: &Arc<State>,
    request: ResponseRequest,
    faults: RequestFaults,
) -> Result<Arc<Run>, ApiError> {
    let previous = previous(state, &request)?;
    for id in request.searches.iter().flat_map(|it| &it.vector_store_ids) {
        state.use_vector_store(id)?;
    }
    for id in input_items::file_ids(&request.items) {
        state.file(&id)?;
    }
    let usage = usage(&request, previous.as_deref());
    let run = Arc::new(Run::new(state.now(), &request, usage));
    state.add_run(Arc::clone(&run));
    // "And the second year?" has no words to search for: the question before has.
    let question = match previous {
        Some(previous) if answer::is_wordless(&run.question) => previous.question.clone(),
        _ => run.question.clone(),
    };
    let generation = Generation {
        script: state.take_script(&request),
        state: Arc::clone(state),
        run: Arc::clone(&run),
        request,
        question,
        faults: faults.into(),
        started: Instant::now(),
    };
    drop(rt::spawn(generation.generate()));
    Ok(run)
}

/// The response that a request continues.
pub(crate) fn previous(
    state: &State,
    request: &ResponseRequest,
) -> Result<Option<Arc<Run>>, ApiError> {
    let Some(id) = request.previous_response_id() else { return Ok(None) };
    let missing = |_error| {
        ApiError::bad_request(format!("Previous response with id '{id}' not found."))
            .param("previous_response_id")
            .code("previous_response_not_found")
    };
    state.run(id).map(Some).map_err(missing)
}

/// The tokens that go in; a long enough beginning that was there before counts as cached.
pub(crate) fn usage(request: &ResponseRequest, previous: Option<&Run>) -> Usage {
    let before = previous.map(Run::usage).unwrap_or_default();
    let before = before.input + before.output;
    let own = tokens::count(request.instructions()) + tokens::of_items(&request.items);
    let cached = if before >= 1024 { before / 128 * 128 } else { 0 };
    Usage { input: before + own, cached, output: 0 }
}

impl Generation {
    async fn generate(self) {
        let outcome = self.run().await.err().unwrap_or(Outcome::Completed);
        self.state.finish_run(&self.run, &outcome);
    }

    /// Generates everything; an error is an end before the last word.
    async fn run(&self) -> Result<(), Outcome> {
        let status = if self.run.is_background { "queued" } else { "in_progress" };
        self.run.change(|it| {
            it.send_status("response.created", status);
            if status == "queued" {
                it.send_status("response.queued", status);
            }
            it.send_status("response.in_progress", "in_progress");
        });
        self.apply_faults(0).await?;
        let found = self.search_all().await?;
        self.run.change(Progress::open_message);
        let written = match self.script.as_ref().and_then(|it| it.ticking) {
            Some(ticking) => self.tick(ticking).await?,
            None => self.write(&self.compose(&found)).await?,
        };
        // A fault that waits for more words than there are comes at the end.
        match &self.faults.end {
            Some((at, outcome)) if *at > written => Err(outcome.clone()),
            _ => Ok(()),
        }
    }

    async fn search_all(&self) -> Result<Vec<Found>, Outcome> {
        let mut found = Vec::new();
        if self.request.has_tool("file_search") {
            for it in &self.request.searches {
                found.extend(self.search_stores(it).await?);
            }
        }
        let attached = self.attached().await;
        let documents: Vec<&Document> = attached.iter().map(|(_, _, it)| &**it).collect();
        for (index, passage) in rank(&self.question, &documents) {
            if let Some((file_id, filename, _)) = attached.get(index).cloned() {
                let attributes = Attributes::default();
                found.push(Found { file_id, filename, attributes, passage });
            }
        }
        found.sort_by(|a, b| best_first(&a.passage, &b.passage));
        Ok(found)
    }

    /// A search of stores, as the stream shows it.
    async fn search_stores(&self, search: &FileSearch) -> Result<Vec<Found>, Outcome> {
        let (id, index) = (ids::fresh("fs_"), self.run.n_items());
        let item = |status: &str, queries: &[&str], results: Value| {
            let item = json!({
                "id": id, "type": "file_search_call", "status": status, "queries": queries,
                "results": results,
            });
            json!({ "output_index": index, "item": item })
        };
        let send_step = |step: &str| {
            let fields = json!({ "output_index": index, "item_id": id });
            self.run.change(|it| it.send(&format!("response.file_search_call.{step}"), fields));
        };
        let added = item("in_progress", &[], Value::Null);
        self.run.change(|it| it.send("response.output_item.added", added));
        send_step("in_progress");
        send_step("searching");
        let (state, search) = (Arc::clone(&self.state), search.clone());
        let question = self.question.clone();
        let failed = |message: String| Outcome::Failed("server_error".to_owned(), message);
        let found = web::block(move || state.search(&search, &question, 20))
            .await
            .map_err(|error| failed(error.to_string()))?
            .map_err(|error| failed(error.to_string()))?;
        send_step("completed");
        let result = |it: &Found| {
            json!({
                "file_id": it.file_id, "filename": it.filename, "score": it.passage.score,
                "text": it.passage.text, "attributes": it.attributes,
            })
        };
        let results = self.request.wants_results().then(|| found.iter().map(result).collect());
        let done = item("completed", &[&self.question], results.unwrap_or(Value::Null));
        self.run.change(|it| {
            it.output.extend(done.get("item").cloned());
            it.send("response.output_item.done", done);
            it.usage.input += found.iter().map(|it| tokens::count(&it.passage.text)).sum::<u64>();
        });
        Ok(found)
    }

    /// The documents that came with the request: id, name and text.
    async fn attached(&self) -> Vec<(String, String, Arc<Document>)> {
        let mut documents = Vec::new();
        for id in input_items::file_ids(&self.request.items) {
            let filename = self.state.file(&id).map(|it| it.filename).unwrap_or_default();
            if let Ok(document) = self.state.read_document(&id).await {
                documents.push((id, filename, document));
            }
        }
        for (filename, bytes) in input_items::inline_files(&self.request.items) {
            let name = filename.clone();
            if let Ok(Ok(document)) = web::block(move || Document::read(&name, &bytes)).await {
                documents.push((String::new(), filename, Arc::new(document)));
            }
        }
        documents
    }

    fn compose(&self, found: &[Found]) -> Answer {
        if let Some(script) = &self.script {
            let (deltas, citations) = (script.deltas.clone(), script.citations.clone());
            return Answer { parts: vec![Part { deltas, citations }] };
        }
        let has_files = !input_items::file_ids(&self.request.items).is_empty();
        let has_documents = has_files || self.request.has_tool("file_search");
        answer::compose(&self.request, found, has_documents, answer::is_wordless(&self.question))
    }

    /// Writes the answer; returns the number of pieces.
    async fn write(&self, answer: &Answer) -> Result<usize, Outcome> {
        // Four letters are a token.
        let mut room = self.request.max_output_tokens.map_or(u64::MAX, |it| it.saturating_mul(4));
        let mut written = 0;
        for part in &answer.parts {
            for delta in &part.deltas {
                if written > 0 {
                    self.apply_faults(written).await?;
                }
                self.pause(written).await?;
                let left = room.checked_sub(tokens::letters(delta));
                room = left.ok_or_else(|| Outcome::Incomplete("max_output_tokens".to_owned()))?;
                self.run.change(|it| it.write(delta, self.request.is_obfuscated()));
                written += 1;
                self.state.notify();
                if self.faults.unknown_every.is_some_and(|it| written.is_multiple_of(it)) {
                    let fields = json!({ "note": "ignore me" });
                    self.run.change(|it| it.send("response.stand_in.unknown", fields));
                }
            }
            for citation in &part.citations {
                self.run.change(|it| it.cite(&citation.file_id, &citation.filename));
            }
        }
        Ok(written)
    }

    /// Writes numbered pieces at their rate; returns the number of pieces.
    async fn tick(&self, ticking: Ticking) -> Result<usize, Outcome> {
        let every = Duration::from_micros(ticking.every_micros);
        let mut next = Instant::now();
        for number in 0..ticking.count {
            next += every;
            sleep_until(next).await;
            if self.run.is_over() {
                return Err(Outcome::Cancelled);
            }
            let age = self.started.elapsed().as_micros();
            let clock = loopback::now().unix_timestamp_nanos() / 1_000;
            let is_obfuscated = self.request.is_obfuscated();
            let piece = format!("@{number}:{clock}:{age}@");
            self.run.change(|it| it.write(&piece, is_obfuscated));
            self.state.notify();
        }
        Ok(usize::try_from(ticking.count).unwrap_or(usize::MAX))
    }

    /// Applies the faults that come before the next piece.
    async fn apply_faults(&self, written: usize) -> Result<(), Outcome> {
        if let Some((at, stall)) = self.faults.stall
            && at == written
        {
            tokio::select! {
                () = self.state.faults.wait(stall) => {}
                () = self.run.stop.cancelled() => return Err(Outcome::Cancelled),
            }
        }
        match &self.faults.end {
            Some((at, outcome)) if *at == written => Err(outcome.clone()),
            _ => Ok(()),
        }
    }

    async fn pause(&self, written: usize) -> Result<(), Outcome> {
        let delay = self.faults.delay.unwrap_or(self.state.options.delta_delay);
        if !delay.is_zero() {
            tokio::select! {
                () = sleep(delay) => {}
                () = self.run.stop.cancelled() => {}
            }
        } else if written.is_multiple_of(16) {
            tokio::task::yield_now().await;
        }
        if self.run.is_over() { Err(Outcome::Cancelled) } else { Ok(()) }
    }
}
