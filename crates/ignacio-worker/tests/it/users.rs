//! Users who log in, post messages and upload files, through the same scopes as the API.

use futures_util::TryStreamExt as _;
use ignacio_domain::file::{FileName, MediaType, NewFile, ObjectKey, StoredContent, StoredFile};
use ignacio_domain::ids::{ConversationId, FileId, ResponseId, UserId};
use ignacio_domain::keys::Key;
use ignacio_domain::locale::Locale;
use ignacio_domain::message::{Message, MessageBody, NewMessage};
use ignacio_domain::otp::Challenge;
use ignacio_domain::page::PageSize;
use ignacio_domain::phone::PhoneNumber;
use ignacio_domain::rate_limit::{PER_ADDRESS, RateLimitKeys, SERVICE};
use ignacio_domain::reply::{NumberedEvent, ReplyEvent};
use ignacio_domain::response::Response;
use ignacio_domain::session::{DeviceToken, SessionDigest, SessionToken};
use ignacio_domain::user::{Role, UserName};
use ignacio_persistence::{
    CodeRequest, CodeRequestOutcome, CreateOutcome, NewReply, NewSession, NewUser, OwnerDb,
    PostedMessage, UserScope,
};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use sha2::{Digest as _, Sha256};

use crate::stack::Stack;

/// A participant with a session.
pub(crate) struct Participant<'s> {
    stack: &'s Stack,
    pub(crate) id: UserId,
    pub(crate) phone: PhoneNumber,
    session: SessionDigest,
}

impl Stack {
    pub(crate) async fn add(&self, name: &str, phone: &str) -> (UserId, PhoneNumber) {
        let owner = OwnerDb::connect(&self.database.owner_url().into()).await.unwrap();
        let phone = PhoneNumber::parse(phone).unwrap();
        let new = NewUser {
            phone: phone.clone(),
            name: UserName::parse(name).unwrap(),
            role: Role::Participant,
            locale: Locale::Es,
        };
        match owner.add_user(&new).await.unwrap() {
            CreateOutcome::Created(id) | CreateOutcome::Existing(id) => (id, phone),
        }
    }

    pub(crate) async fn participant(&self, name: &str, phone: &str) -> Participant<'_> {
        let (id, phone) = self.add(name, phone).await;
        let challenge = self.challenge(Some(&phone)).await;
        let session = SessionToken::generate(&mut UnwrapErr(SysRng)).digest();
        let device = DeviceToken::generate(&mut UnwrapErr(SysRng)).digest();
        let new = NewSession { token: &session, device: &device, device_name: None };
        self.api.codes().redeem(challenge.id, new).await.unwrap().unwrap();
        Participant { stack: self, id, phone, session }
    }

    /// A challenge for a number, or for none, without rate limits.
    pub(crate) async fn challenge(&self, phone: Option<&PhoneNumber>) -> Challenge {
        self.database.execute("delete from rate_buckets").await;
        let number = phone.map_or("+0", PhoneNumber::expose);
        let request = CodeRequest {
            phone: phone.cloned(),
            buckets: RateLimitKeys::new(&Key::from_bytes([8; 32]), number, b"192.0.2.1"),
            device: None,
            address_per_hour: PER_ADDRESS.max,
            service_per_hour: SERVICE.max,
        };
        match self.api.codes().request(&request).await.unwrap() {
            CodeRequestOutcome::Opened(challenge) => challenge,
            other => panic!("{other:?}"),
        }
    }

    /// A new participant.
    pub(crate) async fn new_participant(&self) -> Participant<'_> {
        let n_users = self.database.query_i64("select count(*) from users").await;
        self.participant("Beto", &format!("+5731000{n_users:05}")).await
    }

    /// The participant of most tests.
    pub(crate) async fn ana(&self) -> Participant<'_> {
        self.participant("Ana", "+573000000001").await
    }
}

impl Participant<'_> {
    pub(crate) async fn scope(&self) -> UserScope {
        self.stack.api.begin(&self.session).await.unwrap()
    }

    pub(crate) async fn starts_conversation(&self) -> ConversationId {
        let scope = self.scope().await;
        let id = scope.conversations().insert(ConversationId::new(), None).await.unwrap().id;
        scope.commit().await.unwrap();
        id
    }

    /// Posts a message in a new conversation.
    pub(crate) async fn asks(&self, text: &str) -> PostedMessage {
        self.posts(self.starts_conversation().await, text).await
    }

    pub(crate) async fn posts(&self, conversation: ConversationId, text: &str) -> PostedMessage {
        self.posts_with(conversation, text, Vec::new()).await
    }

    pub(crate) async fn posts_with(
        &self,
        conversation: ConversationId,
        text: &str,
        files: Vec<FileId>,
    ) -> PostedMessage {
        let scope = self.scope().await;
        let new = NewMessage { body: MessageBody::parse(text.to_owned()).unwrap(), files };
        let posted = scope
            .messages()
            .post(conversation, &new, &NewReply::by("model-1"))
            .await
            .unwrap()
            .unwrap();
        scope.commit().await.unwrap();
        posted
    }

    pub(crate) async fn deletes_conversation(&self, conversation: ConversationId) {
        let scope = self.scope().await;
        assert!(scope.conversations().delete(conversation, false).await.unwrap());
        scope.commit().await.unwrap();
    }

    /// Uploads a file, as the API does.
    pub(crate) async fn uploads(&self, name: &str, content: &str) -> FileId {
        let name = FileName::parse(name).unwrap();
        let media_type = MediaType::from_extension(&name.extension().unwrap()).unwrap();
        let new = NewFile { id: FileId::new(), name, media_type };
        let scope = self.scope().await;
        let key = scope.files().reserve(&new, None).await.unwrap();
        scope.commit().await.unwrap();
        self.stack.objects.keep(&key, content.as_bytes());
        let stored = StoredContent {
            size: u64::try_from(content.len()).unwrap(),
            sha256: Sha256::digest(content).into(),
        };
        let scope = self.scope().await;
        let is_searchable = media_type.is_searchable();
        scope.files().finish(new.id, &stored, is_searchable).await.unwrap().unwrap();
        scope.commit().await.unwrap();
        new.id
    }

    pub(crate) async fn deletes(&self, file: FileId) {
        let scope = self.scope().await;
        assert!(scope.files().delete(file).await.unwrap());
        scope.commit().await.unwrap();
    }

    pub(crate) async fn file(&self, file: FileId) -> StoredFile {
        self.scope().await.files().find(file).await.unwrap().unwrap()
    }

    pub(crate) fn key(&self, file: FileId) -> ObjectKey {
        ObjectKey::for_file(self.id, file)
    }

    pub(crate) async fn response(&self, id: ResponseId) -> Response {
        self.scope().await.responses().find(id).await.unwrap().unwrap()
    }

    /// The newest message of a conversation: the reply, once it was requested.
    pub(crate) async fn newest(&self, conversation: ConversationId) -> Message {
        let size = PageSize::default();
        let listed = self
            .stack
            .api
            .list_messages(&self.session, conversation, false, None, size)
            .await
            .unwrap();
        listed.rows.into_iter().next().unwrap()
    }

    pub(crate) async fn cancels(&self, id: ResponseId) {
        let scope = self.scope().await;
        scope.responses().cancel(id).await.unwrap().unwrap();
        scope.commit().await.unwrap();
    }

    /// Everything that a reader of a reply sees.
    pub(crate) async fn follows(&self, response: ResponseId) -> Vec<ReplyEvent> {
        let feed = self.stack.api.replies().follow(self.session, response, 0);
        let events: Vec<NumberedEvent> = feed.try_collect().await.unwrap();
        events.into_iter().map(|it| it.event).collect()
    }
}

/// The text as a reader sees it.
pub(crate) fn text_of(events: &[ReplyEvent]) -> String {
    let texts = events.iter().filter_map(|event| match event {
        ReplyEvent::Delta(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}
