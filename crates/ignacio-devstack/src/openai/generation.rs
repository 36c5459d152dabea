//! Generates a response: searches, writes, and ends as it should or as a fault demands.

use std::{sync::Arc, time::Duration};

use actix_web::{rt, web};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    loopback,
    openai::{
        answer,
        api_error::ApiError,
        documents::Document,
        fault_injector::RequestFaults,
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

/// A response that is being generated.
struct Generation {
    state: Arc<State>,
    run: Arc<Run>,
    /// What is searched for.
    question: String,
    script: Option<Script>,
    faults: RequestFaults,
    started: Instant,
}

/// Starts a response, which is then generated with or without readers.
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
    // "And the second year?" has no words to search for: the previous question has.
    let question = match previous {
        Some(it) if answer::is_wordless(&request.question()) => it.request.question(),
        _ => request.question(),
    };
    let run = Arc::new(Run::new(state.now(), request, usage));
    state.add_run(Arc::clone(&run));
    let generation = Generation {
        script: state.take_script(&run.request),
        state: Arc::clone(state),
        run: Arc::clone(&run),
        question,
        faults,
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
    let id = request.text("previous_response_id");
    if id.is_empty() {
        return Ok(None);
    }
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
    let own = tokens::count(request.text("instructions")) + tokens::of_items(&request.items);
    let cached = if before >= 1024 { before / 128 * 128 } else { 0 };
    Usage { input: before + own, cached, output: 0 }
}

/// The deltas before the end that an effect causes, and that end.
fn early_end(effect: &Effect) -> Option<(usize, Outcome)> {
    match effect.clone() {
        Effect::Incomplete { after_deltas, reason } => {
            Some((after_deltas, Outcome::Incomplete(reason)))
        }
        Effect::ErrorEvent { after_deltas, code, message } => {
            Some((after_deltas, Outcome::Broken(code, message)))
        }
        Effect::Failed { after_deltas, code, message } => {
            Some((after_deltas, Outcome::Failed(code, message)))
        }
        _ => None,
    }
}

impl Generation {
    async fn generate(self) {
        let outcome = self.run().await.err().unwrap_or(Outcome::Completed);
        self.state.finish_run(&self.run, &outcome);
    }

    /// Generates everything; an error is an end before the last word.
    async fn run(&self) -> Result<(), Outcome> {
        let status = if self.run.request.is_background { "queued" } else { "in_progress" };
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
            None => self.write(&self.answer(&found)).await?,
        };
        // A fault that waits for more words than there are comes at the end.
        self.end_early(|at| at > written)
    }

    async fn search_all(&self) -> Result<Vec<Found>, Outcome> {
        let mut found = Vec::new();
        if self.run.request.has_tool("file_search") {
            for it in &self.run.request.searches {
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

    /// A search of vector stores, as the stream shows it.
    async fn search_stores(&self, search: &FileSearch) -> Result<Vec<Found>, Outcome> {
        let (id, index) = (ids::fresh("fs_"), self.run.n_items());
        let item = |status: &str, queries: &[&str], results: Value| {
            json!({ "output_index": index, "item": {
                "id": id, "type": "file_search_call", "status": status, "queries": queries,
                "results": results,
            } })
        };
        let send = |kind: &str, fields: Value| self.run.change(|it| it.send(kind, fields));
        let send_step = |step: &str| {
            let fields = json!({ "output_index": index, "item_id": id });
            send(&format!("response.file_search_call.{step}"), fields);
        };
        send("response.output_item.added", item("in_progress", &[], Value::Null));
        send_step("in_progress");
        send_step("searching");
        let (state, search) = (Arc::clone(&self.state), search.clone());
        let question = self.question.clone();
        let found = web::block(move || state.search(&search, &question, 20)).await;
        let failed = |message: String| Outcome::Failed("server_error".to_owned(), message);
        let found = found
            .map_err(|error| failed(error.to_string()))?
            .map_err(|error| failed(error.to_string()))?;
        send_step("completed");
        let result = |it: &Found| {
            json!({
                "file_id": it.file_id, "filename": it.filename, "score": it.passage.score,
                "text": it.passage.text, "attributes": it.attributes,
            })
        };
        let results = self.run.request.wants_results().then(|| found.iter().map(result).collect());
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
        for id in input_items::file_ids(&self.run.request.items) {
            let filename = self.state.file(&id).map(|it| it.filename).unwrap_or_default();
            if let Ok(document) = self.state.read_document(&id).await {
                documents.push((id, filename, document));
            }
        }
        for (filename, bytes) in input_items::inline_files(&self.run.request.items) {
            let name = filename.clone();
            if let Ok(Ok(document)) = web::block(move || Document::read(&name, &bytes)).await {
                documents.push((String::new(), filename, Arc::new(document)));
            }
        }
        documents
    }

    fn answer(&self, found: &[Found]) -> Vec<Script> {
        if let Some(script) = &self.script {
            return vec![script.clone()];
        }
        let has_files = !input_items::file_ids(&self.run.request.items).is_empty();
        let has_documents = has_files || self.run.request.has_tool("file_search");
        answer::compose(
            &self.run.request,
            found,
            has_documents,
            answer::is_wordless(&self.question),
        )
    }

    /// Writes the parts of an answer; returns the number of deltas.
    async fn write(&self, parts: &[Script]) -> Result<usize, Outcome> {
        let is_obfuscated = self.run.request.is_obfuscated();
        let unknown_every = self.faults.find(|it| match it {
            Effect::UnknownEvents { every } => Some((*every).max(1)),
            _ => None,
        });
        // Four letters are a token.
        let mut room =
            self.run.request.max_output_tokens.map_or(u64::MAX, |it| it.saturating_mul(4));
        let mut written = 0;
        for part in parts {
            for delta in &part.deltas {
                if written > 0 {
                    self.apply_faults(written).await?;
                }
                self.pause(written).await?;
                let left = room.checked_sub(tokens::letters(delta));
                room = left.ok_or_else(|| Outcome::Incomplete("max_output_tokens".to_owned()))?;
                self.run.change(|it| it.write(delta, is_obfuscated));
                written += 1;
                self.state.notify();
                if unknown_every.is_some_and(|it| written.is_multiple_of(it)) {
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
        let mut next = Instant::now();
        for number in 0..ticking.count {
            next += Duration::from_micros(ticking.every_micros);
            sleep_until(next).await;
            if self.run.is_over() {
                return Err(Outcome::Cancelled);
            }
            let age = self.started.elapsed().as_micros();
            let clock = loopback::now().unix_timestamp_nanos() / 1_000;
            let piece = format!("@{number}:{clock}:{age}@");
            self.run.change(|it| it.write(&piece, self.run.request.is_obfuscated()));
            self.state.notify();
        }
        Ok(usize::try_from(ticking.count).unwrap_or(usize::MAX))
    }

    /// Applies the faults that come before the next piece.
    async fn apply_faults(&self, written: usize) -> Result<(), Outcome> {
        for (id, effect) in self.faults.iter() {
            if *effect == (Effect::Pause { after_deltas: written }) {
                tokio::select! {
                    () = self.state.faults.lifted(id) => {}
                    () = self.run.stop.cancelled() => return Err(Outcome::Cancelled),
                }
            }
        }
        self.end_early(|at| at == written)
    }

    fn end_early(&self, is_reached: impl Fn(usize) -> bool) -> Result<(), Outcome> {
        let end = self.faults.find(|it| early_end(it).filter(|(at, _)| is_reached(*at)));
        end.map_or(Ok(()), |(_, outcome)| Err(outcome))
    }

    async fn pause(&self, written: usize) -> Result<(), Outcome> {
        let delay = self.faults.find(|it| match it {
            Effect::DeltaDelay { millis } => Some(Duration::from_millis(*millis)),
            _ => None,
        });
        let delay = delay.unwrap_or(self.state.options.delta_delay);
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
