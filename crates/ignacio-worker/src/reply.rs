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

use async_trait::async_trait;
use ignacio_domain::ids::ResponseId;
use ignacio_domain::prompt::INSTRUCTIONS_VERSION;
use ignacio_domain::reply::{Failure, Outcome};
use ignacio_persistence::{LiveReply, ReplyJob, StoreError};
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

use self::pulse::{Pulse, beat};
use self::running::Running;
use self::writer::Writer;
use crate::Shared;
use crate::job::insist;
use crate::queue::{Queue, Stop};

/// How many calls of this process are remembered while every slot is taken. One that is forgotten
/// is found in the database.
const MOST_PREFERRED: usize = 1_024;
/// A reply that so many workers died of, or lost, is not taken up again.
const MOST_TAKES: i32 = 5;

/// The replies that are asked for.
pub(crate) struct Replies {
    shared: Arc<Shared>,
    bell: Notify,
    preferred: Mutex<VecDeque<ResponseId>>,
    running: Running,
}

impl Replies {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            bell: Notify::new(),
            preferred: Mutex::default(),
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

    fn next_preferred(&self) -> Option<ResponseId> {
        self.preferred.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    async fn open(&self, job: &ReplyJob) -> Result<Option<LiveReply>, StoreError> {
        let replies = self.shared.db.replies();
        insist(self.shared.settings.pauses, || replies.open(job, INSTRUCTIONS_VERSION)).await
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

    async fn claim(&self, _room: usize) -> Result<Vec<ReplyJob>, StoreError> {
        let job = self.shared.db.reply_jobs().claim(self.next_preferred()).await?;
        Ok(job.into_iter().collect())
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
        let pulse = running.pulse();
        let write = async {
            let Some(live) = self.open(job).await? else { return Ok(()) };
            let writer = Writer::new(&self.shared, job, live, pulse);
            if job.attempts > MOST_TAKES {
                return writer.end(Outcome::Failed(Failure::Internal)).await;
            }
            writer.write().await
        };
        tokio::select! {
            end = write => end,
            never = beat(&self.shared, job, &running) => match never {},
        }
    }

    async fn crashed(&self, job: &ReplyJob) -> Result<(), StoreError> {
        let Some(live) = self.open(job).await? else { return Ok(()) };
        let (_tell, pulse) = watch::channel(Pulse::Held);
        Writer::new(&self.shared, job, live, pulse).end(Outcome::Failed(Failure::Internal)).await
    }

    async fn give_back(&self, job: &ReplyJob) -> Result<(), StoreError> {
        self.shared.db.reply_jobs().release(job).await
    }
}
