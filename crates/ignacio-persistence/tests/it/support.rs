//! A database for each test, with logged-in users.

use futures_util::StreamExt as _;
use ignacio_devstack::{DatabaseRole, TestDatabase, log_leak_scan};
use ignacio_domain::conversation::Conversation;
use ignacio_domain::file::{FileName, MediaType, NewFile, StoredContent, StoredFile};
use ignacio_domain::ids::{ConversationId, FileId, OtpId, ResponseId, UserId};
use ignacio_domain::keys::Key;
use ignacio_domain::locale::Locale;
use ignacio_domain::message::{MessageBody, NewMessage};
use ignacio_domain::otp::{Challenge, OtpCode};
use ignacio_domain::phone::PhoneNumber;
use ignacio_domain::rate_limit::{PER_ADDRESS, RateLimitKeys, SERVICE};
use ignacio_domain::reply::NumberedEvent;
use ignacio_domain::session::{DeviceToken, SessionDigest, SessionToken};
use ignacio_domain::user::{Role, UserName};
use ignacio_persistence::{
    ApiDb, ApiDbSettings, CodeRequest, CodeRequestOutcome, CreateOutcome, MessageKind, NewReply,
    NewSession, NewUser, OwnerDb, PostedMessage, ReplyHub, StoreError, UserScope, WorkerDb,
    WorkerDbSettings,
};

pub(crate) const PEPPER: Key = Key::from_bytes([7; 32]);
pub(crate) const BUCKETS: Key = Key::from_bytes([8; 32]);

/// A migrated database, the request path and one worker.
pub(crate) struct Stack {
    pub(crate) api: ApiDb,
    pub(crate) worker: WorkerDb,
    pub(crate) database: TestDatabase,
}

/// A logged-in user.
pub(crate) struct User {
    pub(crate) id: UserId,
    pub(crate) digest: SessionDigest,
    pub(crate) phone: PhoneNumber,
}

impl Stack {
    pub(crate) async fn start() -> Self {
        let database = TestDatabase::create().await;
        let live = ReplyHub::new();
        let api = connect_api(&database).await.with_hub(live.clone());
        let worker = connect_worker(&database).await.with_hub(live);
        Self { api, worker, database }
    }

    /// Another worker process, which shares only the database.
    pub(crate) async fn other_worker(&self) -> WorkerDb {
        connect_worker(&self.database).await
    }

    /// Another replica of the request path.
    pub(crate) async fn other_api(&self) -> ApiDb {
        connect_api(&self.database).await
    }

    pub(crate) async fn user(&self, phone: &str) -> User {
        let phone = PhoneNumber::parse(phone).unwrap();
        let id = self.add_user(&phone, Role::Participant).await;
        let digest = self.log_in(&phone).await;
        User { id, digest, phone }
    }

    pub(crate) async fn add_user(&self, phone: &PhoneNumber, role: Role) -> UserId {
        let owner = OwnerDb::connect(&self.database.owner_url().into()).await.unwrap();
        let name = UserName::parse("Ana Participante").unwrap();
        let new = NewUser { phone: phone.clone(), name, role, locale: Locale::Es };
        match owner.add_user(&new).await.unwrap() {
            CreateOutcome::Created(id) | CreateOutcome::Existing(id) => id,
        }
    }

    /// The whole login, including the worker's part.
    pub(crate) async fn log_in(&self, phone: &PhoneNumber) -> SessionDigest {
        let challenge = self.challenge(Some(phone)).await;
        let jobs = self.worker.outbox().claim(10).await.unwrap();
        let job = jobs.iter().find(|job| job.kind == MessageKind::Code(challenge.id)).unwrap();
        let code = OtpCode::generate(&mut rand::rng());
        log_leak_scan::note(code.expose());
        let digest = code.digest(&PEPPER, challenge.id, &job.phone);
        assert!(self.worker.outbox().store_code(challenge.id, &digest).await.unwrap());
        self.worker.outbox().mark_sent(job, "wamid.1").await.unwrap();
        redeem(&self.api, challenge.id).await.unwrap().unwrap()
    }

    /// A challenge for a number that has not requested one recently.
    pub(crate) async fn challenge(&self, phone: Option<&PhoneNumber>) -> Challenge {
        self.database.execute("delete from rate_buckets").await;
        match self.api.codes().request(&code_request(phone)).await.unwrap() {
            CodeRequestOutcome::Opened(challenge) => challenge,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn scope(&self, user: &User) -> UserScope {
        self.api.begin(&user.digest).await.unwrap()
    }

    pub(crate) async fn conversation(&self, user: &User) -> Conversation {
        let scope = self.scope(user).await;
        let made = scope.conversations().insert(ConversationId::new(), None).await.unwrap();
        scope.commit().await.unwrap();
        made
    }

    pub(crate) async fn post(&self, user: &User, to: ConversationId, text: &str) -> PostedMessage {
        self.post_with(user, to, text, &[]).await.unwrap().unwrap()
    }

    pub(crate) async fn post_with(
        &self,
        user: &User,
        to: ConversationId,
        text: &str,
        files: &[FileId],
    ) -> Result<Option<PostedMessage>, StoreError> {
        let scope = self.scope(user).await;
        let body = MessageBody::parse(text.to_owned()).unwrap();
        let posted = scope
            .messages()
            .post(to, &NewMessage { body, files: files.to_vec() }, &NewReply::by("m"))
            .await?;
        scope.commit().await?;
        Ok(posted)
    }

    pub(crate) async fn file(&self, user: &User, name: &str) -> StoredFile {
        let name = FileName::parse(name).unwrap();
        let media_type = MediaType::from_extension(&name.extension().unwrap()).unwrap();
        let new = NewFile { id: FileId::new(), name, media_type };
        let scope = self.scope(user).await;
        scope.files().reserve(&new, None).await.unwrap();
        scope.commit().await.unwrap();
        let content = StoredContent { size: 3, sha256: [1; 32] };
        let scope = self.scope(user).await;
        let stored = scope.files().finish(new.id, &content, media_type.is_searchable()).await;
        scope.commit().await.unwrap();
        stored.unwrap().unwrap()
    }

    pub(crate) async fn events(
        &self,
        api: &ApiDb,
        user: &User,
        response: ResponseId,
        after: i64,
    ) -> Result<Vec<NumberedEvent>, StoreError> {
        let all: Vec<_> =
            api.replies().follow(user.digest, response, after).collect::<Vec<_>>().await;
        all.into_iter().collect()
    }
}

/// Redeems a challenge as if the code had been correct; returns the digest of the new session.
pub(crate) async fn redeem(
    api: &ApiDb,
    challenge: OtpId,
) -> Result<Option<SessionDigest>, StoreError> {
    let token = SessionToken::generate(&mut rand::rng()).digest();
    let device = DeviceToken::generate(&mut rand::rng()).digest();
    let new = NewSession { token: &token, device: &device, device_name: Some("phone") };
    Ok(api.codes().redeem(challenge, new).await?.map(|_| token))
}

/// A code request from some address.
pub(crate) fn code_request(phone: Option<&PhoneNumber>) -> CodeRequest {
    let number = phone.map_or("+0", PhoneNumber::expose);
    CodeRequest {
        phone: phone.cloned(),
        buckets: RateLimitKeys::new(&BUCKETS, number, b"192.0.2.1"),
        device: None,
        address_per_hour: PER_ADDRESS.max,
        service_per_hour: SERVICE.max,
    }
}

async fn connect_api(database: &TestDatabase) -> ApiDb {
    ApiDb::connect(&ApiDbSettings {
        api_url: database.url(DatabaseRole::Api).into(),
        auth_url: database.url(DatabaseRole::Auth).into(),
        api_pool: 4,
        auth_pool: 4,
    })
    .await
    .unwrap()
}

async fn connect_worker(database: &TestDatabase) -> WorkerDb {
    WorkerDb::connect(&WorkerDbSettings {
        worker_url: database.url(DatabaseRole::Worker).into(),
        auth_url: database.url(DatabaseRole::Auth).into(),
        worker_pool: 4,
        auth_pool: 2,
    })
    .await
    .unwrap()
}
