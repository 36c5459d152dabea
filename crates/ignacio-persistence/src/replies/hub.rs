//! Replies that are read or written in this process, so that a delta reaches its reader at once.

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

/// One reply: all its events so far, as far as this process knows them.
pub(crate) struct ReplyChannel {
    id: ResponseId,
    state: watch::Sender<ChannelState>,
    hub: Weak<Shared>,
}

/// What readers wait for.
#[derive(Default)]
pub(crate) struct ChannelState {
    /// Whether a worker of this process is writing it: then nobody needs to look into the log.
    pub(crate) is_written_here: bool,
    /// Its events, in order and without gaps from the first one on.
    pub(crate) events: EventBuffer,
}

impl ReplyHub {
    /// Nothing asked for, nothing running.
    #[expect(clippy::new_without_default, reason = "a default would hide that each is apart")]
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

    /// Tells the worker of this process that a reply was asked for here.
    pub fn enqueue(&self, response: ResponseId) {
        // The receiver lives as long as `self`.
        let _ = self.shared.enqueue.send(response);
    }

    /// Waits for the next reply that was asked for in this process.
    pub async fn next_enqueued(&self) -> ResponseId {
        next(&self.shared.enqueued).await
    }

    /// Tells the worker of this process that a reply is to be stopped, which the database knows
    /// already: workers of other processes find it there.
    pub fn cancel(&self, response: ResponseId) {
        // The receiver lives as long as `self`.
        let _ = self.shared.cancel.send(response);
    }

    /// Waits for the next reply that is to be stopped by a call to this process.
    pub async fn next_cancelled(&self) -> ResponseId {
        next(&self.shared.cancelled).await
    }

    /// Tells the worker of this process that there is a code to send, a file to sync or something
    /// to clean up.
    pub fn wake_worker(&self) {
        self.shared.wakeup.notify_waiters();
        self.shared.wakeup.notify_one();
    }

    /// Waits until there is something to do.
    pub async fn woken(&self) {
        self.shared.wakeup.notified().await;
    }

    /// The place where a reply's reader and writer meet.
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

/// The next one that comes in.
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
        // Somebody may have met anew between the last one leaving and this lock.
        if replies.get(&self.id).is_some_and(|it| it.strong_count() == 0) {
            replies.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    //! Readers and writers meet, and nothing is left when both have gone.

    use super::*;

    #[test]
    fn an_entry_lives_as_long_as_somebody_holds_it() {
        let replies = ReplyHub::new();
        let id = ResponseId::new();
        let (reader, writer) = (replies.channel(id), replies.channel(id));
        assert!(Arc::ptr_eq(&reader, &writer));
        drop((reader, writer));
        assert!(replies.shared.replies.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_was_asked_is_heard_in_order() {
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
