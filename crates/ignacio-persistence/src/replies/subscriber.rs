//! The events of a reply as its reader receives them: directly from a worker of this process, or by
//! polling the log.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::stream::{self, Stream};
use ignacio_domain::ids::ResponseId;
use ignacio_domain::reply::{NumberedEvent, ReplyEvent};
use ignacio_domain::session::SessionDigest;
use sea_orm::DatabaseConnection;
use tokio::sync::{mpsc, oneshot, watch};

use crate::error::StoreError;
use crate::replies::event_poller::{self, PollRequest, PollResult};
use crate::replies::hub::{ChannelState, ReplyChannel, ReplyHub};

/// Greater than the number of any event: a poll from here only checks that the session and the
/// reply still exist.
const NO_EVENTS: i64 = i64::MAX;

/// How many events of a local reply a reader fetches at once.
const MAX_READY: usize = 32;

/// Running and finished replies, for their readers. Cheap to clone.
#[derive(Clone)]
pub struct ReplySubscriber {
    live: ReplyHub,
    polls: mpsc::UnboundedSender<PollRequest>,
    /// Polls without events, for readers of local replies: they need nothing from the log but have
    /// to learn when their session ends.
    session_polls: mpsc::UnboundedSender<PollRequest>,
}

impl ReplySubscriber {
    pub(crate) fn new(db: DatabaseConnection, live: ReplyHub) -> Self {
        let (polls, receiver) = mpsc::unbounded_channel();
        let (session_polls, session_receiver) = mpsc::unbounded_channel();
        #[expect(clippy::disallowed_methods, reason = "its tasks end with the last clone")]
        {
            tokio::spawn(event_poller::serve(db.clone(), receiver, event_poller::EVENT_INTERVAL));
            tokio::spawn(event_poller::serve(db, session_receiver, event_poller::SESSION_INTERVAL));
        }
        Self { live, polls, session_polls }
    }

    /// The events after number `after`, in order, without gaps or repeats, up to
    /// [`ReplyEvent::Ended`]; then the stream ends.
    ///
    /// An `Err` item also ends it: [`StoreError::Unauthenticated`] when the session is over,
    /// [`StoreError::NotFound`] when the response is not the caller's or was deleted meanwhile.
    pub fn follow(
        &self,
        session: SessionDigest,
        response: ResponseId,
        after: i64,
    ) -> impl Stream<Item = Result<NumberedEvent, StoreError>> + Send + use<> {
        let channel = self.live.channel(response);
        let reader = Reader {
            changes: channel.subscribe(),
            _channel: channel,
            polls: self.polls.clone(),
            session_polls: self.session_polls.clone(),
            guard: None,
            session,
            response,
            after,
            ready: VecDeque::new(),
            has_ended: false,
            is_allowed: false,
        };
        stream::unfold(reader, |mut reader| async move {
            let item = reader.next().await?;
            Some((item, reader))
        })
    }
}

struct Reader {
    changes: watch::Receiver<ChannelState>,
    /// Held so that a writer in this process finds this reader's channel.
    _channel: Arc<ReplyChannel>,
    polls: mpsc::UnboundedSender<PollRequest>,
    session_polls: mpsc::UnboundedSender<PollRequest>,
    /// Resolves when the session or the reply no longer exists.
    guard: Option<oneshot::Receiver<Result<PollResult, StoreError>>>,
    session: SessionDigest,
    response: ResponseId,
    after: i64,
    ready: VecDeque<NumberedEvent>,
    has_ended: bool,
    /// Whether the database has confirmed that this session may read this reply.
    is_allowed: bool,
}

impl Reader {
    async fn next(&mut self) -> Option<Result<NumberedEvent, StoreError>> {
        while !self.has_ended {
            if let Some(event) = self.ready.pop_front() {
                self.after = event.seq;
                self.has_ended = matches!(event.event, ReplyEvent::Ended(_));
                return Some(Ok(event));
            }
            if let Err(error) = self.refill().await {
                self.has_ended = true;
                return Some(Err(error));
            }
        }
        None
    }

    async fn refill(&mut self) -> Result<(), StoreError> {
        if !self.is_allowed {
            // This fetches the log, which is all that most late readers need.
            let result = self.fetch(false).await?;
            self.is_allowed = true;
            self.accept(result);
            return Ok(());
        }
        // Checked here too, because a reader that always finds an event ready never waits.
        if let Some(Ok(result)) = self.guard.as_mut().map(oneshot::Receiver::try_recv) {
            self.guard = None;
            result?;
        }
        let is_written_here = {
            let state = self.changes.borrow_and_update();
            // The rest is fetched when these are read: no reader holds a whole reply in events. The
            // queue is replaced each time, because one that was long once stays large.
            self.ready = state.events.after(self.after).take(MAX_READY).collect();
            state.is_written_here
        };
        if !self.ready.is_empty() {
            return Ok(());
        }
        if is_written_here {
            return self.wait_for_local_event().await;
        }
        let request = poll(&self.polls, self.session, self.response, self.after, true);
        tokio::select! {
            _ = self.changes.changed() => {}
            result = request => {
                let result = result?;
                self.accept(result);
            }
        }
        Ok(())
    }

    /// Waits for the next event of a reply that is written in this process, or for the end of the
    /// session.
    async fn wait_for_local_event(&mut self) -> Result<(), StoreError> {
        let guard = match &mut self.guard {
            Some(guard) => guard,
            none => {
                let request =
                    send(&self.session_polls, self.session, self.response, NO_EVENTS, true)?;
                none.insert(request)
            }
        };
        tokio::select! {
            _ = self.changes.changed() => {}
            result = guard => {
                self.guard = None;
                // The events themselves show that the reply has ended.
                result.ok().ok_or_else(reader_gone)??;
            }
        }
        Ok(())
    }

    /// A reader that already has the last event learns that no more will come.
    fn accept(&mut self, result: PollResult) {
        self.has_ended = result.has_ended && result.events.is_empty();
        self.ready = result.events.into();
    }

    async fn fetch(&self, wait: bool) -> Result<PollResult, StoreError> {
        poll(&self.polls, self.session, self.response, self.after, wait).await
    }
}

async fn poll(
    polls: &mpsc::UnboundedSender<PollRequest>,
    session: SessionDigest,
    response: ResponseId,
    after: i64,
    wait: bool,
) -> Result<PollResult, StoreError> {
    send(polls, session, response, after, wait)?.await.ok().ok_or_else(reader_gone)?
}

fn send(
    polls: &mpsc::UnboundedSender<PollRequest>,
    session: SessionDigest,
    response: ResponseId,
    after: i64,
    wait: bool,
) -> Result<oneshot::Receiver<Result<PollResult, StoreError>>, StoreError> {
    let (result, receiver) = oneshot::channel();
    let request = PollRequest { session, response, after, wait, result };
    polls.send(request).ok().ok_or_else(reader_gone)?;
    Ok(receiver)
}

fn reader_gone() -> StoreError {
    StoreError::Failed(sea_orm::DbErr::Custom("the event poller has stopped".to_owned()))
}
