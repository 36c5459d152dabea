//! The replies that this process reads or writes, so that a delta reaches its readers directly.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use ignacio_domain::ids::ResponseId;
use tokio::sync::{Notify, mpsc, watch};

use crate::replies::event_buffer::EventBuffer;

/// What the request path and a worker of the same process share. Cheap to clone.
#[derive(Clone)]
pub struct ReplyHub {
    shared: Arc<Shared>,
}

struct Shared {
    replies: Mutex<HashMap<ResponseId, Weak<ReplyChannel>>>,
    enqueue: mpsc::UnboundedSender<ResponseId>,
    enqueued: tokio::sync::Mutex<mpsc::UnboundedReceiver<ResponseId>>,
    cancel: mpsc::UnboundedSender<ResponseId>,
    cancelled: tokio::sync::Mutex<mpsc::UnboundedReceiver<ResponseId>>,
    wakeup: Notify,
}

/// One reply: its events, as far as this process knows them.
pub(crate) struct ReplyChannel {
    id: ResponseId,
    state: watch::Sender<ChannelState>,
    hub: Weak<Shared>,
}

/// The state that readers watch.
#[derive(Default)]
pub(crate) struct ChannelState {
    /// Whether a worker of this process is writing it: then no reader needs the log.
    pub(crate) is_written_here: bool,
    /// Its events, in order and without gaps from the first one.
    pub(crate) events: EventBuffer,
}

impl ReplyHub {
    /// An empty hub.
    #[expect(clippy::new_without_default, reason = "a default would hide that hubs share nothing")]
    pub fn new() -> Self {
        let (enqueue, enqueued) = mpsc::unbounded_channel();
        let (cancel, cancelled) = mpsc::unbounded_channel();
        Self {
            shared: Arc::new(Shared {
                replies: Mutex::default(),
                enqueue,
                enqueued: tokio::sync::Mutex::new(enqueued),
                cancel,
                cancelled: tokio::sync::Mutex::new(cancelled),
                wakeup: Notify::new(),
            }),
        }
    }

    /// Signals to the worker of this process that a reply was queued here.
    pub fn enqueue(&self, response: ResponseId) {
        // The receiver lives as long as `self`.
        let _ = self.shared.enqueue.send(response);
    }

    /// Waits for the next reply that was queued in this process.
    pub async fn next_enqueued(&self) -> ResponseId {
        next(&self.shared.enqueued).await
    }

    /// Signals to the worker of this process to stop a reply. The database already has the request,
    /// which is where workers of other processes find it.
    pub fn cancel(&self, response: ResponseId) {
        // The receiver lives as long as `self`.
        let _ = self.shared.cancel.send(response);
    }

    /// Waits for the next reply whose cancellation was requested in this process.
    pub async fn next_cancelled(&self) -> ResponseId {
        next(&self.shared.cancelled).await
    }

    /// Wakes the worker of this process, because there is a code to send, a file to sync or an
    /// object to remove.
    pub fn wake_worker(&self) {
        self.shared.wakeup.notify_waiters();
        self.shared.wakeup.notify_one();
    }

    /// Waits for the next [`ReplyHub::wake_worker`].
    pub async fn woken(&self) {
        self.shared.wakeup.notified().await;
    }

    /// The channel that the readers and the writer of a reply share.
    pub(crate) fn channel(&self, id: ResponseId) -> Arc<ReplyChannel> {
        let mut replies = self.shared.replies.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(live) = replies.get(&id).and_then(Weak::upgrade) {
            return live;
        }
        let live = Arc::new(ReplyChannel {
            id,
            state: watch::Sender::new(ChannelState::default()),
            hub: Arc::downgrade(&self.shared),
        });
        replies.insert(id, Arc::downgrade(&live));
        live
    }
}

/// The next id from a queue.
async fn next(from: &tokio::sync::Mutex<mpsc::UnboundedReceiver<ResponseId>>) -> ResponseId {
    match from.lock().await.recv().await {
        Some(response) => response,
        None => std::future::pending().await,
    }
}

impl ReplyChannel {
    pub(crate) fn subscribe(&self) -> watch::Receiver<ChannelState> {
        self.state.subscribe()
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut ChannelState)) {
        self.state.send_modify(change);
    }
}

impl Drop for ReplyChannel {
    fn drop(&mut self) {
        let Some(hub) = self.hub.upgrade() else { return };
        let mut replies = hub.replies.lock().unwrap_or_else(PoisonError::into_inner);
        // A new channel may have taken this place between the last drop and this lock.
        if replies.get(&self.id).is_some_and(|it| it.strong_count() == 0) {
            replies.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    //! Readers and writers share a channel, and nothing is left when both are dropped.

    use super::*;

    #[test]
    fn a_channel_lives_as_long_as_a_reader_or_writer_holds_it() {
        let replies = ReplyHub::new();
        let id = ResponseId::new();
        let (reader, writer) = (replies.channel(id), replies.channel(id));
        assert!(Arc::ptr_eq(&reader, &writer));
        drop((reader, writer));
        assert!(replies.shared.replies.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn requests_arrive_in_order() {
        let replies = ReplyHub::new();
        let (one, two) = (ResponseId::new(), ResponseId::new());
        replies.enqueue(one);
        replies.enqueue(two);
        assert_eq!((replies.next_enqueued().await, replies.next_enqueued().await), (one, two));
        replies.cancel(two);
        assert_eq!(replies.next_cancelled().await, two);
        replies.wake_worker();
        replies.woken().await;
    }
}
