//! Generates a response: searches, writes, and ends as it should or as a fault wants it.

use std::{sync::Arc, time::Duration};

use actix_web::{rt, web};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use crate::loopback;
use crate::openai::{
    answer::{self, Answer, Looked, Part},
    desk::Twists,
    faults::Effect,
    ids, items,
    passages::Document,
    reading,
    refusal::Refusal,
    request::{Ask, FileSearch},
    run::{Outcome, Run, Usage},
    scripts::{Script, Ticking},
    search::{Hit, Source, best_first, search},
    tokens,
    world::World,
};

/// An end before the last word.
type Ended = Result<(), Outcome>;

/// A response in the making.
struct Generation {
    world: Arc<World>,
    run: Arc<Run>,
    ask: Ask,
    question: String,
    script: Option<Script>,
    twists: Twists,
    begun: Instant,
}

/// Begins a response; it goes on by itself.
pub(crate) fn start(world: &Arc<World>, ask: Ask, twists: Twists) -> Result<Arc<Run>, Refusal> {
    let previous = previous(world, &ask)?;
    for id in ask.searches.iter().flat_map(|it| &it.store_ids) {
        world.use_store(id)?;
    }
    for id in items::file_ids(&ask.items) {
        world.file(&id)?;
    }
    let usage = usage(&ask, previous.as_deref());
    let run = Arc::new(Run::new(ids::fresh("resp"), world.now(), &ask, usage));
    world.begin(Arc::clone(&run));
    // "And the second year?" has no words to search for: what was asked before has.
    let asked = ask.question();
    let question = match previous {
        Some(previous) if answer::is_wordless(&asked) => previous.question.clone(),
        _ => asked,
    };
    let generation = Generation {
        script: world.take_script(&ask),
        world: Arc::clone(world),
        run: Arc::clone(&run),
        ask,
        question,
        twists,
        begun: Instant::now(),
    };
    // Ends with the server; until then the response goes on whoever reads it.
    drop(rt::spawn(generation.generate()));
    Ok(run)
}

fn previous(world: &World, ask: &Ask) -> Result<Option<Arc<Run>>, Refusal> {
    let Some(id) = ask.previous() else { return Ok(None) };
    let missing = |_refusal| {
        Refusal::bad(format!("Previous response with id '{id}' not found."))
            .about("previous_response_id")
            .code("previous_response_not_found")
    };
    world.run(id).map(Some).map_err(missing)
}

/// The tokens that go in; a long enough beginning that was there before counts as cached.
fn usage(ask: &Ask, previous: Option<&Run>) -> Usage {
    let before = previous.map(Run::usage).unwrap_or_default();
    let before = before.input + before.output;
    let own = tokens::count(ask.instructions()) + tokens::of_items(&ask.items);
    let cached = if before >= 1024 { before / 128 * 128 } else { 0 };
    Usage { input: before + own, cached, output: 0 }
}

/// The tokens that a request would cost.
pub(crate) fn count(world: &World, ask: &Ask) -> Result<u64, Refusal> {
    Ok(usage(ask, previous(world, ask)?.as_deref()).input)
}

impl Generation {
    async fn generate(self) {
        let outcome = self.work().await.err().unwrap_or(Outcome::Completed);
        self.world.conclude(&self.run, &outcome);
    }

    async fn work(&self) -> Ended {
        self.open();
        self.disturb(0).await?;
        let hits = self.search_all().await?;
        self.run.open_message(ids::fresh("msg"));
        let written = match self.script.as_ref().and_then(|it| it.ticking) {
            Some(ticking) => self.tick(ticking).await?,
            None => self.write(&self.compose(&hits)).await?,
        };
        // A fault that waits for more words than there are comes at the end.
        match &self.twists.end {
            Some((at, effect)) if *at > written => Err(outcome(effect)),
            _ => Ok(()),
        }
    }

    fn open(&self) {
        if self.run.is_background {
            self.run.tell_status("response.created", "queued");
            self.run.tell_status("response.queued", "queued");
        } else {
            self.run.tell_status("response.created", "in_progress");
        }
        self.run.tell_status("response.in_progress", "in_progress");
    }

    async fn search_all(&self) -> Result<Vec<Hit>, Outcome> {
        let mut hits = Vec::new();
        if self.ask.has_tool("file_search") {
            for it in &self.ask.searches {
                hits.extend(self.search_stores(it).await?);
            }
        }
        hits.extend(search(&self.question, &self.attached().await));
        hits.sort_by(best_first);
        Ok(hits)
    }

    /// A search of stores, as the stream tells it.
    async fn search_stores(&self, ask: &FileSearch) -> Result<Vec<Hit>, Outcome> {
        let (id, index) = (ids::fresh("fs"), self.run.next_index());
        let item = |status: &str, queries: &[&str], results: Value| {
            json!({
                "id": id, "type": "file_search_call", "status": status, "queries": queries,
                "results": results,
            })
        };
        let tell = |step: &str| {
            let fields = json!({ "output_index": index, "item_id": id });
            self.run.emit(&format!("response.file_search_call.{step}"), fields);
        };
        let begun = json!({ "output_index": index, "item": item("in_progress", &[], Value::Null) });
        self.run.emit("response.output_item.added", begun);
        tell("in_progress");
        tell("searching");
        let hits = self.found(ask).await?;
        tell("completed");
        let results = if self.ask.wants_results() { results(&hits) } else { Value::Null };
        let done = item("completed", &[&self.question], results);
        let fields = json!({ "output_index": index, "item": done });
        self.run.emit("response.output_item.done", fields);
        self.run.add_item(done);
        self.run.add_input(hits.iter().map(|it| tokens::count(&it.text)).sum());
        Ok(hits)
    }

    async fn found(&self, ask: &FileSearch) -> Result<Vec<Hit>, Outcome> {
        let (world, ask, question) = (Arc::clone(&self.world), ask.clone(), self.question.clone());
        let failed = |message: String| Outcome::Failed("server_error".to_owned(), message);
        let found = web::block(move || world.search(&ask, &question)).await;
        found.map_err(|error| failed(error.to_string()))?.map_err(|it| failed(it.to_string()))
    }

    /// The documents that came with the request itself.
    async fn attached(&self) -> Vec<Source> {
        let mut sources = Vec::new();
        for id in items::file_ids(&self.ask.items) {
            let filename = self.world.file(&id).map(|it| it.filename).unwrap_or_default();
            if let Ok(document) = self.world.document(&id).await {
                sources.push(source(id, filename, document));
            }
        }
        for (name, data) in items::inline_files(&self.ask.items) {
            let encoded = data.rsplit_once(',').map_or(data.as_str(), |(_, it)| it).to_owned();
            let filename = name.clone();
            let read = web::block(move || {
                let bytes = STANDARD.decode(encoded).ok()?;
                reading::read(&filename, &bytes).ok()
            });
            if let Ok(Some(text)) = read.await {
                sources.push(source(String::new(), name, Arc::new(Document::from_text(&text))));
            }
        }
        sources
    }

    fn compose(&self, hits: &[Hit]) -> Answer {
        if let Some(script) = &self.script {
            let (deltas, citations) = (script.deltas.clone(), script.citations.clone());
            return Answer { parts: vec![Part { deltas, citations }] };
        }
        let has_stores = self.ask.has_tool("file_search");
        let looked = Looked {
            has_documents: has_stores || !items::file_ids(&self.ask.items).is_empty(),
            is_wordless: answer::is_wordless(&self.question),
        };
        answer::compose(&self.ask, hits, looked)
    }

    /// Writes the answer; the number of pieces comes back.
    async fn write(&self, answer: &Answer) -> Result<usize, Outcome> {
        let is_obfuscated = self.ask.is_obfuscated();
        let mut room = self.ask.max_output_tokens.map_or(usize::MAX, tokens::letters);
        let mut written = 0;
        for part in &answer.parts {
            for delta in &part.deltas {
                if written > 0 {
                    self.disturb(written).await?;
                }
                self.pause(written).await?;
                let letters = delta.chars().count();
                if letters > room {
                    return Err(Outcome::Incomplete("max_output_tokens".to_owned()));
                }
                room -= letters;
                self.run.write(delta, is_obfuscated);
                written += 1;
                self.world.touch();
                if self.twists.unknown_every.is_some_and(|it| written.is_multiple_of(it)) {
                    self.run.emit("response.stand_in.unknown", json!({ "note": "ignore me" }));
                }
            }
            for citation in &part.citations {
                self.run.cite(&citation.file_id, &citation.filename);
            }
        }
        Ok(written)
    }

    /// Writes numbered pieces at their rate; the number of them comes back.
    async fn tick(&self, ticking: Ticking) -> Result<usize, Outcome> {
        let is_obfuscated = self.ask.is_obfuscated();
        let every = Duration::from_micros(ticking.every_micros);
        let mut next = Instant::now();
        for number in 0..ticking.count {
            next += every;
            sleep_until(next).await;
            if self.run.is_over() {
                return Err(Outcome::Cancelled);
            }
            let age = self.begun.elapsed().as_micros();
            let clock = loopback::now().unix_timestamp_nanos() / 1_000;
            self.run.write(&format!("@{number}:{clock}:{age}@"), is_obfuscated);
            self.world.touch();
        }
        Ok(usize::try_from(ticking.count).unwrap_or(usize::MAX))
    }

    /// Lets a fault have its way before the next piece.
    async fn disturb(&self, written: usize) -> Ended {
        if let Some((at, hold)) = self.twists.pause
            && at == written
        {
            tokio::select! {
                () = self.world.desk.hold(hold) => {}
                () = self.run.stop.cancelled() => return Err(Outcome::Cancelled),
            }
        }
        match &self.twists.end {
            Some((at, effect)) if *at == written => Err(outcome(effect)),
            _ => Ok(()),
        }
    }

    async fn pause(&self, written: usize) -> Ended {
        let delay = self.twists.delay.unwrap_or(self.world.options.delta_delay);
        if !delay.is_zero() {
            tokio::select! {
                () = tokio::time::sleep(delay) => {}
                () = self.run.stop.cancelled() => {}
            }
        } else if written.is_multiple_of(16) {
            tokio::task::yield_now().await;
        }
        if self.run.is_over() { Err(Outcome::Cancelled) } else { Ok(()) }
    }
}

fn source(file_id: String, filename: String, document: Arc<Document>) -> Source {
    Source { file_id, filename, attributes: serde_json::Map::new(), document }
}

fn results(hits: &[Hit]) -> Value {
    let result = |hit: &Hit| {
        json!({
            "file_id": hit.source.file_id, "filename": hit.source.filename, "score": hit.score,
            "text": hit.text, "attributes": hit.source.attributes,
        })
    };
    hits.iter().map(result).collect()
}

fn outcome(effect: &Effect) -> Outcome {
    match effect {
        Effect::Incomplete { reason, .. } => Outcome::Incomplete(reason.clone()),
        Effect::ErrorEvent { code, message, .. } => Outcome::Broken(code.clone(), message.clone()),
        Effect::Failed { code, message, .. } => Outcome::Failed(code.clone(), message.clone()),
        _ => Outcome::Cancelled,
    }
}
