//! Who wants to know what a conversation is called: the replies that this process writes in it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use ignacio_domain::ids::ConversationId;
use tokio::sync::mpsc;

type Ears = HashMap<ConversationId, mpsc::UnboundedSender<String>>;

/// The replies that listen.
#[derive(Default)]
pub(crate) struct Titles {
    ears: Mutex<Ears>,
}

/// One of them, as long as it is held.
pub(crate) struct Ear<'t> {
    titles: &'t Titles,
    conversation: ConversationId,
    tell: mpsc::UnboundedSender<String>,
    told: mpsc::UnboundedReceiver<String>,
}

impl Titles {
    /// A reply of this conversation begins to listen.
    pub(crate) fn listen(&self, conversation: ConversationId) -> Ear<'_> {
        let (tell, told) = mpsc::unbounded_channel();
        self.change(|ears| ears.insert(conversation, tell.clone()));
        Ear { titles: self, conversation, tell, told }
    }

    /// A conversation has got a title.
    pub(crate) fn tell(&self, conversation: ConversationId, title: &str) {
        if let Some(tell) = self.change(|ears| ears.get(&conversation).cloned()) {
            // Who has just left need not know.
            let _ = tell.send(title.to_owned());
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Ears) -> T) -> T {
        change(&mut self.ears.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Ear<'_> {
    /// Waits for a title.
    pub(crate) async fn heard(&mut self) -> String {
        match self.told.recv().await {
            Some(title) => title,
            // Nobody will tell any more.
            None => std::future::pending().await,
        }
    }
}

impl Drop for Ear<'_> {
    fn drop(&mut self) {
        self.titles.change(|ears| {
            // A later reply of the conversation may have taken the place.
            if ears.get(&self.conversation).is_some_and(|it| it.same_channel(&self.tell)) {
                ears.remove(&self.conversation);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    //! A title is heard in its conversation, and nothing is left of who listened.

    use super::*;

    #[tokio::test]
    async fn a_title_is_heard_where_it_belongs() {
        let titles = Titles::default();
        let (one, two) = (ConversationId::new(), ConversationId::new());
        let first = titles.listen(one);
        let mut second = titles.listen(one);
        drop(first);
        titles.tell(two, "Otra");
        titles.tell(one, "Presupuesto");
        assert_eq!(second.heard().await, "Presupuesto");
        drop(second);
        assert!(titles.change(|ears| ears.is_empty()));
    }
}
