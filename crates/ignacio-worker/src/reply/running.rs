//! The replies that this worker writes now, by which their writers can be told something.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use ignacio_domain::ids::ResponseId;
use tokio::sync::watch;

use super::pulse::Pulse;

/// Who writes what.
#[derive(Default)]
pub(super) struct Running {
    writers: Mutex<HashMap<ResponseId, watch::Sender<Pulse>>>,
}

/// A writer's place among them, as long as it is held.
pub(super) struct Entry<'r> {
    running: &'r Running,
    id: ResponseId,
    tell: watch::Sender<Pulse>,
    is_extended: AtomicBool,
}

impl Running {
    /// A writer begins.
    pub(super) fn enter(&self, id: ResponseId) -> Entry<'_> {
        let tell = watch::Sender::new(Pulse::Held);
        self.change(|writers| writers.insert(id, tell.clone()));
        Entry { running: self, id, tell, is_extended: AtomicBool::new(false) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.change(|writers| writers.is_empty())
    }

    /// Tells a writer that its person wants an end, if it is here.
    pub(super) fn cancel(&self, id: ResponseId) {
        let writer = self.change(|writers| writers.get(&id).cloned());
        if let Some(tell) = writer {
            pass_on(&tell, Pulse::CancelRequested);
        }
    }

    fn change<T>(
        &self,
        change: impl FnOnce(&mut HashMap<ResponseId, watch::Sender<Pulse>>) -> T,
    ) -> T {
        change(&mut self.writers.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Entry<'_> {
    /// What the writer listens to.
    pub(super) fn pulse(&self) -> watch::Receiver<Pulse> {
        self.tell.subscribe()
    }

    /// The lease has been extended by what was written.
    pub(super) fn extended(&self) {
        self.is_extended.store(true, Ordering::Relaxed);
    }

    /// Whether that has happened since this was asked last.
    pub(super) fn was_extended(&self) -> bool {
        self.is_extended.swap(false, Ordering::Relaxed)
    }

    /// Tells the writer.
    pub(super) fn tell(&self, pulse: Pulse) {
        pass_on(&self.tell, pulse);
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.running.change(|writers| {
            // A later writer of the same reply may have taken the place.
            if writers.get(&self.id).is_some_and(|tell| tell.same_channel(&self.tell)) {
                writers.remove(&self.id);
            }
        });
    }
}

/// A lost lease stays lost, whatever is wished afterwards.
fn pass_on(tell: &watch::Sender<Pulse>, pulse: Pulse) {
    tell.send_if_modified(|now| {
        let is_news = *now != pulse && *now != Pulse::Lost;
        if is_news {
            *now = pulse;
        }
        is_news
    });
}

#[cfg(test)]
mod tests {
    //! Wishes find their writer, and nobody else's.

    use super::*;

    #[test]
    fn a_wish_finds_its_writer() {
        let running = Running::default();
        let (one, two) = (ResponseId::new(), ResponseId::new());
        let (first, second) = (running.enter(one), running.enter(two));
        running.cancel(one);
        running.cancel(ResponseId::new());
        assert_eq!(*first.pulse().borrow(), Pulse::CancelRequested);
        assert_eq!(*second.pulse().borrow(), Pulse::Held);
        second.tell(Pulse::Lost);
        running.cancel(two);
        assert_eq!(*second.pulse().borrow(), Pulse::Lost);
        drop((first, second));
        assert!(running.is_empty());
    }

    #[test]
    fn a_writer_that_comes_back_keeps_its_place() {
        let running = Running::default();
        let id = ResponseId::new();
        let first = running.enter(id);
        let second = running.enter(id);
        drop(first);
        running.cancel(id);
        assert_eq!(*second.pulse().borrow(), Pulse::CancelRequested);
    }
}
