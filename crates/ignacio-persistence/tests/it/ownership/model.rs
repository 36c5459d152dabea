//! Who owns what, kept in memory beside the database.

use ignacio_domain::ids::{ConversationId, FileId, MessageId, ResponseId, SessionId};
use ignacio_domain::session::SessionDigest;

/// Everything that was ever made, also what is gone since: a person asks for all of it.
#[derive(Default)]
pub(super) struct Model {
    pub(super) people: Vec<Somebody>,
    pub(super) sessions: Vec<Login>,
    pub(super) talks: Vec<Talk>,
    pub(super) posts: Vec<Post>,
    pub(super) files: Vec<File>,
}

pub(super) struct Somebody {
    pub(super) name: String,
    pub(super) is_active: bool,
}

pub(super) struct Login {
    pub(super) owner: usize,
    pub(super) id: SessionId,
    pub(super) digest: SessionDigest,
    pub(super) is_live: bool,
}

pub(super) struct Talk {
    pub(super) owner: usize,
    pub(super) id: ConversationId,
    pub(super) title: Option<String>,
    pub(super) archived: bool,
    pub(super) is_live: bool,
}

/// A message with the reply that it asked for.
pub(super) struct Post {
    pub(super) owner: usize,
    pub(super) talk: ConversationId,
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
    pub(super) talk: Option<ConversationId>,
    pub(super) state: FileState,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FileState {
    Reserved,
    Shown,
    Deleted,
}

impl Model {
    /// The session that a person uses, if any of theirs is good for anything.
    pub(super) fn login(&self, who: usize) -> Option<&Login> {
        let last = self.sessions.iter().rev().find(|it| it.owner == who);
        last.filter(|it| it.is_live && self.people[who].is_active)
    }

    pub(super) fn talk(&self, who: usize, id: ConversationId) -> Option<&Talk> {
        self.talks.iter().find(|it| it.id == id && it.owner == who && it.is_live)
    }

    pub(super) fn talk_mut(&mut self, who: usize, id: ConversationId) -> Option<&mut Talk> {
        self.talks.iter_mut().find(|it| it.id == id && it.owner == who && it.is_live)
    }

    /// A file that a person sees.
    pub(super) fn shown(&self, who: usize, id: FileId) -> bool {
        self.files.iter().any(|it| it.id == id && it.owner == who && it.state == FileState::Shown)
    }

    /// A file that has a row of the person's, whatever has become of it.
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

    pub(super) fn is_running(&self, talk: ConversationId) -> bool {
        self.posts.iter().any(|it| it.talk == talk && it.is_live && it.is_running)
    }

    /// The messages of a conversation, newest first.
    pub(super) fn messages(&self, who: usize, talk: ConversationId) -> Vec<MessageId> {
        let posts: Vec<_> = self.posts(who).filter(|it| it.talk == talk).collect();
        posts.iter().rev().flat_map(|it| [it.reply, it.question]).collect()
    }

    /// The files that a conversation shows, in the order of their ids.
    pub(super) fn files_of(&self, who: usize, talk: ConversationId) -> Vec<FileId> {
        let shown = self.files.iter().filter(|it| {
            self.shown(who, it.id)
                && (it.talk == Some(talk)
                    || self.posts(who).any(|post| post.talk == talk && post.files.contains(&it.id)))
        });
        sorted(shown.map(|it| it.id))
    }

    /// Takes a conversation away with all that hangs on it alone.
    pub(super) fn delete_talk(&mut self, who: usize, id: ConversationId, keep_files: bool) {
        let is_here = |file: &File| {
            file.talk == Some(id)
                || self.posts(who).any(|it| it.talk == id && it.files.contains(&file.id))
        };
        let is_elsewhere = |file: &File| {
            file.talk.is_some_and(|it| it != id)
                || self.posts(who).any(|it| it.talk != id && it.files.contains(&file.id))
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
            if file.talk == Some(id) {
                file.talk = None;
            }
        }
        for post in self.posts.iter_mut().filter(|it| it.owner == who && it.talk == id) {
            post.is_live = false;
        }
        if let Some(talk) = self.talk_mut(who, id) {
            talk.is_live = false;
        }
    }
}

pub(super) fn sorted<T: Ord>(ids: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut ids: Vec<_> = ids.into_iter().collect();
    ids.sort();
    ids
}
