//! A model of who owns what, in memory.

use ignacio_domain::ids::{ConversationId, FileId, MessageId, ResponseId, SessionId};
use ignacio_domain::session::SessionDigest;

/// Everything that was ever created, including what is deleted: users ask for all of it.
#[derive(Default)]
pub(super) struct Model {
    pub(super) users: Vec<ModelUser>,
    pub(super) sessions: Vec<Login>,
    pub(super) conversations: Vec<ModelConversation>,
    pub(super) posts: Vec<Post>,
    pub(super) files: Vec<File>,
}

pub(super) struct ModelUser {
    pub(super) name: String,
    pub(super) is_active: bool,
}

pub(super) struct Login {
    pub(super) owner: usize,
    pub(super) id: SessionId,
    pub(super) digest: SessionDigest,
    pub(super) is_live: bool,
}

pub(super) struct ModelConversation {
    pub(super) owner: usize,
    pub(super) id: ConversationId,
    pub(super) title: Option<String>,
    pub(super) archived: bool,
    pub(super) is_live: bool,
}

/// A message and the reply that it requested.
pub(super) struct Post {
    pub(super) owner: usize,
    pub(super) conversation: ConversationId,
    pub(super) question: MessageId,
    pub(super) reply: MessageId,
    pub(super) response: ResponseId,
    pub(super) is_running: bool,
    pub(super) files: Vec<FileId>,
    pub(super) is_live: bool,
}

pub(super) struct File {
    pub(super) owner: usize,
    pub(super) id: FileId,
    pub(super) conversation: Option<ConversationId>,
    pub(super) state: FileState,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FileState {
    Reserved,
    Shown,
    Deleted,
}

impl Model {
    /// The session that a user uses, if any of theirs is live.
    pub(super) fn login(&self, who: usize) -> Option<&Login> {
        let last = self.sessions.iter().rev().find(|it| it.owner == who);
        last.filter(|it| it.is_live && self.users[who].is_active)
    }

    pub(super) fn conversation(
        &self,
        who: usize,
        id: ConversationId,
    ) -> Option<&ModelConversation> {
        self.conversations.iter().find(|it| it.id == id && it.owner == who && it.is_live)
    }

    pub(super) fn conversation_mut(
        &mut self,
        who: usize,
        id: ConversationId,
    ) -> Option<&mut ModelConversation> {
        self.conversations.iter_mut().find(|it| it.id == id && it.owner == who && it.is_live)
    }

    /// Whether a user can see a file.
    pub(super) fn shown(&self, who: usize, id: FileId) -> bool {
        self.files.iter().any(|it| it.id == id && it.owner == who && it.state == FileState::Shown)
    }

    /// Whether a file has a row of the user's, in any state.
    pub(super) fn has_row(&self, who: usize, id: FileId) -> bool {
        self.files.iter().any(|it| it.id == id && it.owner == who)
    }

    pub(super) fn is_deleted(&self, id: FileId) -> bool {
        self.files.iter().any(|it| it.id == id && it.state == FileState::Deleted)
    }

    pub(super) fn file_mut(&mut self, who: usize, id: FileId) -> Option<&mut File> {
        self.files.iter_mut().find(|it| it.id == id && it.owner == who)
    }

    pub(super) fn posts(&self, who: usize) -> impl Iterator<Item = &Post> {
        self.posts.iter().filter(move |it| it.owner == who && it.is_live)
    }

    pub(super) fn is_running(&self, conversation: ConversationId) -> bool {
        self.posts.iter().any(|it| it.conversation == conversation && it.is_live && it.is_running)
    }

    /// The messages of a conversation, newest first.
    pub(super) fn messages(&self, who: usize, conversation: ConversationId) -> Vec<MessageId> {
        let posts: Vec<_> = self.posts(who).filter(|it| it.conversation == conversation).collect();
        posts.iter().rev().flat_map(|it| [it.reply, it.question]).collect()
    }

    /// The files that a conversation shows, in the order of their ids.
    pub(super) fn files_of(&self, who: usize, conversation: ConversationId) -> Vec<FileId> {
        let shown = self.files.iter().filter(|it| {
            self.shown(who, it.id)
                && (it.conversation == Some(conversation)
                    || self.posts(who).any(|post| {
                        post.conversation == conversation && post.files.contains(&it.id)
                    }))
        });
        sorted(shown.map(|it| it.id))
    }

    /// Deletes a conversation with everything that is attached only to it.
    pub(super) fn delete_conversation(&mut self, who: usize, id: ConversationId, keep_files: bool) {
        let is_here = |file: &File| {
            file.conversation == Some(id)
                || self.posts(who).any(|it| it.conversation == id && it.files.contains(&file.id))
        };
        let is_elsewhere = |file: &File| {
            file.conversation.is_some_and(|it| it != id)
                || self.posts(who).any(|it| it.conversation != id && it.files.contains(&file.id))
        };
        let gone: Vec<_> = self
            .files
            .iter()
            .filter(|it| it.owner == who && !keep_files && is_here(it) && !is_elsewhere(it))
            .map(|it| it.id)
            .collect();
        for file in self.files.iter_mut().filter(|it| it.owner == who) {
            if gone.contains(&file.id) {
                file.state = FileState::Deleted;
            }
            if file.conversation == Some(id) {
                file.conversation = None;
            }
        }
        for post in self.posts.iter_mut().filter(|it| it.owner == who && it.conversation == id) {
            post.is_live = false;
        }
        if let Some(conversation) = self.conversation_mut(who, id) {
            conversation.is_live = false;
        }
    }
}

pub(super) fn sorted<T: Ord>(ids: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut ids: Vec<_> = ids.into_iter().collect();
    ids.sort();
    ids
}
