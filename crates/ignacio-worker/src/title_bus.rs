//! Passes new titles to the replies that this process writes in their conversations.

use std::future::pending;

use ignacio_domain::ids::ConversationId;
use tokio::sync::mpsc;

use crate::jobs::{Registration, Registry};

/// The subscriptions of running replies.
#[derive(Default)]
pub(crate) struct TitleBus {
    subscribers: Registry<ConversationId, mpsc::UnboundedSender<String>>,
}

/// Receives a conversation's title while it is held.
pub(crate) struct TitleSubscription<'b> {
    titles: mpsc::UnboundedReceiver<String>,
    _registration: Registration<'b, ConversationId, mpsc::UnboundedSender<String>>,
}

impl TitleBus {
    pub(crate) fn subscribe(&self, conversation: ConversationId) -> TitleSubscription<'_> {
        let (sender, titles) = mpsc::unbounded_channel();
        TitleSubscription { titles, _registration: self.subscribers.register(conversation, sender) }
    }

    /// Sends a title to the reply that is being written in its conversation, if there is one.
    pub(crate) fn publish(&self, conversation: ConversationId, title: &str) {
        if let Some(subscriber) = self.subscribers.get(conversation) {
            // A subscriber that has just left does not need it.
            let _ = subscriber.send(title.to_owned());
        }
    }
}

impl TitleSubscription<'_> {
    pub(crate) async fn next(&mut self) -> String {
        match self.titles.recv().await {
            Some(title) => title,
            // A later reply of the conversation has taken its place.
            None => pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    //! A title is received in its conversation only.

    use super::*;

    #[tokio::test]
    async fn a_title_is_received_in_its_conversation() {
        let bus = TitleBus::default();
        let (one, two) = (ConversationId::new(), ConversationId::new());
        let first = bus.subscribe(one);
        let mut second = bus.subscribe(one);
        drop(first);
        bus.publish(two, "Otra");
        bus.publish(one, "Presupuesto");
        assert_eq!(second.next().await, "Presupuesto");
        drop(second);
        assert!(bus.subscribers.is_empty());
    }
}
