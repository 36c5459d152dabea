//! The calls: each is made on the repositories, and its result is compared with the model.

use ignacio_domain::conversation::{ConversationChange, ConversationFilter, ConversationTitle};
use ignacio_domain::file::{FileName, MediaType, NewFile, ObjectKey, StoredContent};
use ignacio_domain::ids::{ConversationId, FileId, MessageId, ResponseId, SessionId, UserId};
use ignacio_domain::message::{MessageBody, NewMessage};
use ignacio_domain::page::PageSize;
use ignacio_domain::user::{ProfileChange, UserName};
use ignacio_persistence::{FileFilter, NewReply, StoreError};
use rand::RngExt as _;

use super::Game;
use super::model::{File, FileState, ModelConversation, Post, sorted};

/// A resource of any user, sometimes of the caller's own, sometimes one that never existed.
macro_rules! any {
    ($game:ident, $who:ident, $things:ident, $field:ident, $kind:ident) => {{
        let things = &$game.model.$things;
        let own: Vec<_> = things.iter().filter(|it| it.owner == $who).map(|it| it.$field).collect();
        let all: Vec<_> = things.iter().map(|it| it.$field).collect();
        let from = if $game.dice.random_bool(0.3) { own } else { all };
        // Recent ones are more likely to exist still.
        let first = if $game.dice.random_bool(0.7) { from.len().saturating_sub(8) } else { 0 };
        match $game.dice.random_range(first..from.len() + 1) {
            at if at < from.len() => from[at],
            _ => $kind::new(),
        }
    }};
}

impl Game {
    pub(super) async fn start_conversation(&mut self, who: usize) {
        let Some(scope) = self.scope(who).await else { return };
        let title = self.dice.random_bool(0.5).then(|| self.title());
        let id = ConversationId::new();
        scope.conversations().insert(id, title.as_ref()).await.unwrap();
        scope.commit().await.unwrap();
        let title = title.map(|it| it.as_str().to_owned());
        self.model.conversations.push(ModelConversation {
            owner: who,
            id,
            title,
            archived: false,
            is_live: true,
        });
        self.note("start a conversation", true);
    }

    pub(super) async fn find_conversation(&mut self, who: usize) {
        let id = any!(self, who, conversations, id, ConversationId);
        let Some(scope) = self.scope(who).await else { return };
        let found = if self.dice.random_bool(0.5) {
            scope.conversations().find(id).await.unwrap()
        } else {
            scope.conversations().lock(id).await.unwrap()
        };
        let expected = self.model.conversation(who, id).map(|it| (it.title.clone(), it.archived));
        let is_own = expected.is_some();
        assert_eq!(found.map(|it| (it.title, it.archived)), expected);
        let mut files = Vec::new();
        let mut after = None;
        loop {
            let listed = scope.conversations().files(id, after, page()).await.unwrap();
            files.extend(listed.rows.iter().map(|it| it.id));
            after = listed.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(sorted(files), self.model.files_of(who, id));
        self.note("find a conversation and its files", is_own);
    }

    pub(super) async fn change_conversation(&mut self, who: usize) {
        let id = any!(self, who, conversations, id, ConversationId);
        let Some(scope) = self.scope(who).await else { return };
        let (title, archived) = (self.title(), self.dice.random_bool(0.3));
        let change = ConversationChange {
            title: Some(title.clone()),
            archived: Some(archived),
            pinned: None,
        };
        let changed = scope.conversations().update(id, &change).await.unwrap();
        scope.commit().await.unwrap();
        let conversation = self.model.conversation_mut(who, id);
        let is_own = conversation.is_some();
        assert_eq!(changed.is_some(), is_own);
        if let Some(conversation) = conversation {
            (conversation.title, conversation.archived) =
                (Some(title.as_str().to_owned()), archived);
        }
        self.note("change a conversation", is_own);
    }

    pub(super) async fn delete_conversation(&mut self, who: usize) {
        let id = any!(self, who, conversations, id, ConversationId);
        let Some(scope) = self.scope(who).await else { return };
        let keep_files = self.dice.random_bool(0.3);
        let is_gone = scope.conversations().delete(id, keep_files).await.unwrap();
        scope.commit().await.unwrap();
        let is_own = self.model.conversation(who, id).is_some();
        assert_eq!(is_gone, is_own);
        if is_own {
            self.model.delete_conversation(who, id, keep_files);
        }
        self.note("delete a conversation", is_own);
    }

    pub(super) async fn list_conversations(&mut self, who: usize) {
        for archived in [false, true] {
            let session = self.digest(who);
            let mut seen = Vec::new();
            let mut after = None;
            loop {
                let filter = ConversationFilter { archived, ..Default::default() };
                let listed =
                    self.stack.api.list_conversations(&session, &filter, after, page()).await;
                if self.model.login(who).is_none() {
                    assert!(matches!(listed, Err(StoreError::Unauthenticated)));
                    return;
                }
                let listed = listed.unwrap();
                seen.extend(listed.rows.into_iter().map(|it| (it.id, it.title)));
                after = listed.next;
                if after.is_none() {
                    break;
                }
            }
            let own = self.model.conversations.iter().filter(|it| it.owner == who && it.is_live);
            let own = own.filter(|it| it.archived == archived);
            assert_eq!(sorted(seen), sorted(own.map(|it| (it.id, it.title.clone()))));
        }
        self.note("list conversations", true);
    }

    pub(super) async fn list_messages(&mut self, who: usize) {
        let id = any!(self, who, conversations, id, ConversationId);
        let listed = self.stack.api.list_messages(&self.digest(who), id, false, None, page()).await;
        if self.model.login(who).is_none() {
            assert!(matches!(listed, Err(StoreError::Unauthenticated)));
            return;
        }
        let is_own = self.model.conversation(who, id).is_some();
        if is_own {
            let ids: Vec<_> = listed.unwrap().rows.iter().map(|it| it.id).collect();
            let expected = self.model.messages(who, id);
            assert_eq!(ids, expected[..expected.len().min(page().rows().into())]);
        } else {
            assert!(matches!(listed, Err(StoreError::NotFound)));
        }
        self.note("list messages", is_own);
    }

    pub(super) async fn post(&mut self, who: usize) {
        let conversation = any!(self, who, conversations, id, ConversationId);
        let n_files = self.dice.random_range(0..3);
        let files: Vec<_> = (0..n_files).map(|_| any!(self, who, files, id, FileId)).collect();
        let Some(scope) = self.scope(who).await else { return };
        let missing = scope.files().missing(&files).await.unwrap();
        let unseen = files.iter().filter(|it| !self.model.shown(who, **it));
        assert_eq!(missing, unseen.copied().collect::<Vec<_>>());
        let body = MessageBody::parse("hola".to_owned()).unwrap();
        let posted = scope
            .messages()
            .post(conversation, &NewMessage { body, files: files.clone() }, &NewReply::by("m"))
            .await;
        let is_own = self.model.conversation(who, conversation).is_some();
        let has_files = files.iter().all(|it| self.model.has_row(who, *it));
        match posted {
            Ok(None) => assert!(!is_own),
            Err(StoreError::Conflict(it)) if it == "message_files_file_fkey" => {
                assert!(is_own && !has_files);
            }
            Err(StoreError::Conflict(it)) if it == "responses_running_key" => {
                assert!(is_own && has_files && self.model.is_running(conversation));
            }
            Err(error) => panic!("{error:?}"),
            Ok(Some(posted)) => {
                scope.commit().await.unwrap();
                assert!(is_own && has_files && !self.model.is_running(conversation));
                // A file that is still being uploaded can be attached as well; callers check
                // `missing` first.
                let hangs = files.iter().copied().filter(|it| !self.model.is_deleted(*it));
                let mut hangs = sorted(hangs);
                hangs.dedup();
                assert_eq!(sorted(posted.message.attachments.iter().map(|it| it.id)), hangs);
                self.model.posts.push(Post {
                    owner: who,
                    conversation,
                    question: posted.message.id,
                    reply: posted.reply.id,
                    response: posted.response.id,
                    is_running: true,
                    files,
                    is_live: true,
                });
            }
        }
        self.note("post a message", is_own && has_files);
    }

    pub(super) async fn find_message(&mut self, who: usize) {
        let id = if self.dice.random_bool(0.5) {
            any!(self, who, posts, question, MessageId)
        } else {
            any!(self, who, posts, reply, MessageId)
        };
        let Some(scope) = self.scope(who).await else { return };
        let found = scope.messages().find(id).await.unwrap();
        let own = self.model.posts(who).find(|it| it.question == id || it.reply == id);
        let (is_own, conversation) = (own.is_some(), own.map(|it| it.conversation));
        assert_eq!(found.map(|it| it.conversation), conversation);
        self.note("find a message", is_own);
    }

    pub(super) async fn use_response(&mut self, who: usize) {
        let id = any!(self, who, posts, response, ResponseId);
        let conversation = any!(self, who, conversations, id, ConversationId);
        let Some(scope) = self.scope(who).await else { return };
        let is_own = self.model.posts(who).any(|it| it.response == id);
        assert_eq!(scope.responses().find(id).await.unwrap().is_some(), is_own);
        assert_eq!(scope.responses().cancel(id).await.unwrap().is_some(), is_own);
        let running = scope.responses().running(conversation).await.unwrap();
        let expected =
            self.model.posts(who).find(|it| it.conversation == conversation && it.is_running);
        assert_eq!(running.map(|it| it.id), expected.map(|it| it.response));
        scope.commit().await.unwrap();
        self.note("find and cancel a reply", is_own);
    }

    pub(super) async fn reserve_file(&mut self, who: usize) {
        let conversation = any!(self, who, conversations, id, ConversationId);
        let Some(scope) = self.scope(who).await else { return };
        let conversation = self.dice.random_bool(0.5).then_some(conversation);
        let name = FileName::parse("plan.pdf").unwrap();
        let media_type = MediaType::from_extension("pdf").unwrap();
        let new = NewFile { id: FileId::new(), name, media_type };
        let reserved = scope.files().reserve(&new, conversation).await;
        let is_own = conversation.is_none_or(|it| self.model.conversation(who, it).is_some());
        if is_own {
            reserved.unwrap();
            scope.commit().await.unwrap();
            let state = FileState::Reserved;
            self.model.files.push(File { owner: who, id: new.id, conversation, state });
        } else {
            assert!(matches!(reserved, Err(StoreError::Conflict(_))), "a foreign conversation");
        }
        self.note("reserve a file", is_own);
    }

    pub(super) async fn finish_file(&mut self, who: usize) {
        let id = any!(self, who, files, id, FileId);
        let Some(scope) = self.scope(who).await else { return };
        let content = StoredContent { size: 3, sha256: [1; 32] };
        let finished = scope.files().finish(id, &content, true).await.unwrap();
        scope.commit().await.unwrap();
        let file = self.model.file_mut(who, id).filter(|it| it.state == FileState::Reserved);
        let is_own = file.is_some();
        assert_eq!(finished.is_some(), is_own);
        if let Some(file) = file {
            file.state = FileState::Shown;
        }
        self.note("finish a file", is_own);
    }

    pub(super) async fn find_file(&mut self, who: usize) {
        let id = any!(self, who, files, id, FileId);
        let Some(scope) = self.scope(who).await else { return };
        let is_own = self.model.shown(who, id);
        assert_eq!(scope.files().find(id).await.unwrap().is_some(), is_own);
        let key = scope.files().key(id).await.unwrap();
        let user: UserId = self.ids[who].parse().unwrap();
        let expected = is_own.then(|| ObjectKey::for_file(user, id));
        assert_eq!(key.as_ref().map(ObjectKey::as_str), expected.as_ref().map(ObjectKey::as_str));
        self.note("find a file", is_own);
    }

    pub(super) async fn delete_file(&mut self, who: usize) {
        let id = any!(self, who, files, id, FileId);
        let Some(scope) = self.scope(who).await else { return };
        let is_gone = scope.files().delete(id).await.unwrap();
        scope.commit().await.unwrap();
        let is_own = self.model.shown(who, id);
        assert_eq!(is_gone, is_own);
        if is_own {
            self.model.file_mut(who, id).unwrap().state = FileState::Deleted;
        }
        self.note("delete a file", is_own);
    }

    pub(super) async fn abandon_file(&mut self, who: usize) {
        let id = any!(self, who, files, id, FileId);
        let Some(scope) = self.scope(who).await else { return };
        scope.files().abandon(id).await.unwrap();
        scope.commit().await.unwrap();
        let file = self.model.file_mut(who, id).filter(|it| it.state == FileState::Reserved);
        let is_own = file.is_some();
        if let Some(file) = file {
            file.state = FileState::Deleted;
        }
        self.note("abandon a file", is_own);
    }

    pub(super) async fn list_files(&mut self, who: usize) {
        let chosen = any!(self, who, conversations, id, ConversationId);
        let Some(scope) = self.scope(who).await else { return };
        for conversation in [None, Some(chosen)] {
            let filter = FileFilter { conversation, ..FileFilter::default() };
            let mut seen = Vec::new();
            let mut after = None;
            loop {
                let listed = scope.files().list(&filter, after, page()).await.unwrap();
                seen.extend(listed.rows.iter().map(|it| it.id));
                after = listed.next;
                if after.is_none() {
                    break;
                }
            }
            let own = self.model.files.iter().filter(|it| self.model.shown(who, it.id));
            let own = own.filter(|it| conversation.is_none() || it.conversation == conversation);
            assert_eq!(sorted(seen), sorted(own.map(|it| it.id)));
        }
        self.note("list files", true);
    }

    pub(super) async fn list_sessions(&mut self, who: usize) {
        let Some(scope) = self.scope(who).await else { return };
        let listed = scope.sessions().list().await.unwrap();
        let own = self.model.sessions.iter().filter(|it| it.owner == who && it.is_live);
        assert_eq!(sorted(listed.iter().map(|it| it.id)), sorted(own.map(|it| it.id)));
        self.note("list sessions", true);
    }

    pub(super) async fn end_session(&mut self, who: usize) {
        let id = any!(self, who, sessions, id, SessionId);
        let Some(scope) = self.scope(who).await else { return };
        let is_ended = scope.sessions().revoke(id).await.unwrap();
        scope.commit().await.unwrap();
        let mut all = self.model.sessions.iter_mut();
        let session = all.find(|it| it.owner == who && it.id == id && it.is_live);
        let is_own = session.is_some();
        assert_eq!(is_ended, is_own);
        if let Some(session) = session {
            session.is_live = false;
        }
        self.note("end a session", is_own);
    }

    pub(super) async fn rename_user(&mut self, who: usize) {
        let Some(scope) = self.scope(who).await else { return };
        let name = format!("User {who}, {}", self.dice.random::<u32>());
        let change = ProfileChange {
            name: Some(UserName::parse(&name).unwrap()),
            ..ProfileChange::default()
        };
        scope.users().update(&change).await.unwrap().unwrap();
        scope.commit().await.unwrap();
        self.model.users[who].name = name;
        let other = self.dice.random_range(0..super::N_USERS);
        let seen = self.stack.api.authenticated_user(&self.digest(other)).await;
        if self.model.login(other).is_some() {
            assert_eq!(seen.unwrap().name.as_str(), self.model.users[other].name);
        } else {
            assert!(matches!(seen, Err(StoreError::Unauthenticated)));
        }
        self.note("change one's name", true);
    }

    fn title(&mut self) -> ConversationTitle {
        ConversationTitle::parse(&format!("Title {}", self.dice.random::<u32>())).unwrap()
    }

    fn digest(&self, who: usize) -> ignacio_domain::session::SessionDigest {
        self.model.sessions.iter().rev().find(|it| it.owner == who).unwrap().digest
    }
}

fn page() -> PageSize {
    PageSize::new(20).unwrap()
}
