//! Writes replies. A reply is generated here and nowhere else; who reads it follows its events.
//!
//! The provider works in the background on its side, so a reply outlives its worker: whoever takes
//! it over re-attaches behind the last event that was recorded. Only the provider's own end makes
//! a reply whole; whatever else ends it leaves the text so far and says so.

mod beside;
mod draft;
mod plan;
mod pulse;
mod running;
mod sources;
mod stream;
mod writer;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use ignacio_domain::ids::ResponseId;
use ignacio_domain::prompt::INSTRUCTIONS_VERSION;
use ignacio_domain::response::{ReplyFailure, ReplyOutcome};
use ignacio_persistence::{ReplyJob, ReplyWriter, StoreError};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use self::pulse::{Pulse, beat};
use self::running::Running;
use self::writer::Writer;
use crate::Shared;
use crate::job::insist;
use crate::queue::{Queue, Stop};

/// How many calls of this process are remembered while every slot is taken. One that is forgotten
/// is found in the database.
const MOST_PREFERRED: usize = 1_024;
/// How long replies that were asked for elsewhere may wait while there are always some of this
/// process.
const EVERYBODYS_TURN: Duration = Duration::from_secs(1);
/// A reply that so many workers died of, or lost, is not taken up again.
const MOST_TAKES: i32 = 5;

/// The replies that are asked for.
pub(crate) struct Replies {
    shared: Arc<Shared>,
    bell: Notify,
    preferred: Mutex<VecDeque<ResponseId>>,
    everybodys_turn: Mutex<Instant>,
    running: Running,
}

impl Replies {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            bell: Notify::new(),
            preferred: Mutex::default(),
            everybodys_turn: Mutex::new(Instant::now()),
            running: Running::default(),
        }
    }

    /// Takes this one next: who asked for it reads in this process.
    pub(crate) fn prefer(&self, response: ResponseId) {
        let mut preferred = self.preferred.lock().unwrap_or_else(PoisonError::into_inner);
        if preferred.len() < MOST_PREFERRED {
            preferred.push_back(response);
        }
        drop(preferred);
        self.bell.notify_one();
    }

    /// Stops this one if it is written here. One that is not is found in the database.
    pub(crate) fn cancel(&self, response: ResponseId) {
        self.running.cancel(response);
    }

    /// Passes on for ever which of the running replies are to be stopped.
    pub(crate) async fn hear_wishes(&self) -> Infallible {
        loop {
            sleep(self.shared.settings.cancel_poll).await;
            if self.running.is_empty() {
                continue;
            }
            match self.shared.db.reply_jobs().cancelled().await {
                Ok(wishes) => wishes.into_iter().for_each(|id| self.running.cancel(id)),
                Err(error) => tracing::debug!(%error, "nobody knows which replies to stop"),
            }
        }
    }

    /// The calls of this process that there is room for.
    fn take_preferred(&self, room: usize) -> Vec<ResponseId> {
        let mut preferred = self.preferred.lock().unwrap_or_else(PoisonError::into_inner);
        let count = preferred.len().min(room);
        preferred.drain(..count).collect()
    }

    /// Whether it is time to look for everybody's replies, however many are asked for here.
    fn is_everybodys_turn(&self) -> bool {
        let mut next = self.everybodys_turn.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let is_due = *next <= now;
        if is_due {
            *next = now + EVERYBODYS_TURN;
        }
        is_due
    }

    async fn open(&self, job: &ReplyJob) -> Result<Option<ReplyWriter>, StoreError> {
        let replies = self.shared.db.replies();
        insist(self.shared.settings.pauses, || replies.open(job)).await
    }
}

#[async_trait]
impl Queue for Replies {
    type Job = ReplyJob;

    fn name(&self) -> &'static str {
        "replies"
    }

    fn at_once(&self) -> usize {
        self.shared.settings.replies_at_once
    }

    fn bell(&self) -> &Notify {
        &self.bell
    }

    async fn claim(&self, room: usize) -> Result<Vec<ReplyJob>, StoreError> {
        let jobs = self.shared.db.reply_jobs();
        let preferred = self.take_preferred(room);
        let mut taken = if preferred.is_empty() {
            Vec::new()
        } else {
            jobs.claim_by_id(&preferred, INSTRUCTIONS_VERSION).await?
        };
        let room = room.saturating_sub(taken.len());
        if room > 0 && (taken.is_empty() || self.is_everybodys_turn()) {
            match jobs.claim(room, INSTRUCTIONS_VERSION).await {
                Ok(more) => taken.extend(more),
                // What is taken must not wait until its lease runs out.
                Err(error) if taken.is_empty() => return Err(error),
                Err(error) => tracing::debug!(%error, "only replies of this process are taken up"),
            }
        }
        Ok(taken)
    }

    #[tracing::instrument(
        name = "work.reply",
        skip_all,
        fields(response = %job.id, attempts = job.attempts)
    )]
    async fn work(&self, job: &ReplyJob, _stop: &Stop) -> Result<(), StoreError> {
        let running = self.running.enter(job.id);
        if job.cancel_requested {
            running.tell(Pulse::CancelRequested);
        }
        let write = async {
            let Some(live) = self.open(job).await? else { return Ok(()) };
            let writer = Writer::new(&self.shared, job, live, &running);
            if job.attempts > MOST_TAKES {
                return writer.end(ReplyOutcome::Failed(ReplyFailure::Internal)).await;
            }
            writer.write().await
        };
        tokio::select! {
            end = write => end,
            never = beat(&self.shared, job, &running) => match never {},
        }
    }

    async fn crashed(&self, job: &ReplyJob) -> Result<(), StoreError> {
        let Some(live) = self.shared.db.replies().reopen(job).await? else { return Ok(()) };
        let running = self.running.enter(job.id);
        Writer::new(&self.shared, job, live, &running)
            .end(ReplyOutcome::Failed(ReplyFailure::Internal))
            .await
    }

    async fn give_back(&self, job: &ReplyJob) -> Result<(), StoreError> {
        self.shared.db.reply_jobs().release(job).await
    }
}
