//! Types that hold a user's words, name or number print none of them.

use std::fmt::Debug;

use time::OffsetDateTime;
use uuid::Uuid;

use crate::access::{AccessGrant, AccessLogEntry, GrantReason};
use crate::audit::{ActorRole, AuditAction, AuditDetail, AuditEvent};
use crate::citation::Citation;
use crate::conversation::{
    Conversation, ConversationChange, ConversationSummary, ConversationTitle, SearchQuery,
};
use crate::feedback::{Feedback, FeedbackReason, Rating};
use crate::file::{FileName, MEDIA_TYPES, NewFile, StoredFile, SyncReport};
use crate::ids::{
    AuditEventId, ConversationId, FileId, GrantId, MessageId, OtpId, ResponseId, SessionId, UserId,
};
use crate::keys::{Key, MasterSecret};
use crate::locale::Locale;
use crate::managed_user::{ManagedUser, UserChange, UserFilter};
use crate::message::{Attachment, Author, Message, MessageBody, MessageStatus, NewMessage};
use crate::otp::OtpCode;
use crate::phone::PhoneNumber;
use crate::ports::{AssistantEvent, AssistantEventKind, GeneratedText, ProviderFile};
use crate::prompt::{ImageInput, Prompt, PromptTurn, Purpose, TextRequest};
use crate::reply::{NumberedEvent, ReplyEvent};
use crate::session::{DeviceToken, Session, SessionToken};
use crate::user::{ProfileChange, Role, User, UserName};

/// Two words, so that it is also a valid reason.
const CANARY: &str = "Canario Amarillo";
const PHONE: &str = "+573987654321";
const CODE: &str = "975310";
const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

fn canary() -> String {
    CANARY.to_owned()
}

fn phone() -> PhoneNumber {
    PhoneNumber::parse(PHONE).unwrap()
}

/// Checks that a value prints its type's name, and nothing that a user wrote.
fn hides(value: &dyn Debug, name: &str) {
    for printed in [format!("{value:?}"), format!("{value:#?}")] {
        assert!(printed.starts_with(name), "{printed}");
        for secret in ["Canario", "Amarillo", "9876543"] {
            assert!(!printed.contains(secret), "{secret} in {printed}");
        }
    }
}

#[test]
fn values_that_users_type_are_hidden() {
    hides(&MessageBody::parse(canary()).unwrap(), "MessageBody");
    hides(&FileName::parse(CANARY).unwrap(), "FileName");
    hides(&UserName::parse(CANARY).unwrap(), "UserName");
    hides(&ConversationTitle::parse(CANARY).unwrap(), "ConversationTitle");
    hides(&GrantReason::parse(CANARY).unwrap(), "GrantReason");
    hides(&phone(), "PhoneNumber");
    assert!(!phone().to_string().contains("9876543"));
}

#[test]
fn secrets_and_their_digests_are_hidden() {
    let key = Key::from_bytes([7; 32]);
    let code = OtpCode::parse(CODE).unwrap();
    let digest = code.digest(&key, OtpId::from_uuid(Uuid::nil()), &phone());
    let token = SessionToken::generate(&mut rand::rng());
    assert_eq!(
        format!("{:?}", MasterSecret::parse(CANARY.repeat(4).into())),
        "Ok(MasterSecret(…))"
    );
    assert_eq!(format!("{key:?} {code:?} {digest:?}"), "Key(…) OtpCode(…) OtpDigest(…)");
    assert_eq!(format!("{token:?} {:?}", token.digest()), "SessionToken(…) SessionDigest(…)");
    let token = DeviceToken::generate(&mut rand::rng());
    assert_eq!(format!("{token:?} {:?}", token.digest()), "DeviceToken(…) DeviceDigest(…)");
}

#[test]
fn users_are_hidden() {
    let (id, role, locale) = (UserId::from_uuid(Uuid::nil()), Role::Participant, Locale::Es);
    let name = || UserName::parse(CANARY).ok();
    let user = User {
        id,
        phone: phone(),
        name: canary(),
        role,
        locale,
        web_search: true,
        created_at: NOW,
        updated_at: NOW,
    };
    hides(&user, "User");
    hides(&ProfileChange { name: name(), ..ProfileChange::default() }, "ProfileChange");
    let managed_user = ManagedUser {
        id,
        phone: Some(phone()),
        name: canary(),
        role,
        is_active: true,
        locale,
        created_at: NOW,
        updated_at: NOW,
        unreachable_since: None,
    };
    hides(&managed_user, "ManagedUser");
    let change = UserChange { phone: Some(phone()), name: name(), ..UserChange::default() };
    hides(&change, "UserChange");
    for text in [CANARY, PHONE] {
        let filter = UserFilter { query: Some(text.to_owned()), ..UserFilter::default() };
        hides(&filter, "UserFilter");
    }
}

#[test]
fn conversations_and_messages_are_hidden() {
    let (conversation, file) =
        (ConversationId::from_uuid(Uuid::nil()), FileId::from_uuid(Uuid::nil()));
    let title = ConversationTitle::parse(CANARY).ok();
    hides(&ConversationChange { title, ..ConversationChange::default() }, "ConversationChange");
    let titled = Conversation {
        id: conversation,
        title: Some(canary()),
        message_count: 1,
        last_message_at: None,
        archived: false,
        pinned: false,
        created_at: NOW,
        updated_at: NOW,
    };
    hides(&titled, "Conversation");
    let citation = Citation {
        file: Some(file),
        file_name: canary(),
        quote: Some(canary()),
        position: 3,
        verified: None,
    };
    let attachment = Attachment { id: file, name: canary(), media_type: "text/plain".to_owned() };
    hides(&citation, "Citation");
    hides(&attachment, "Attachment");
    let message = Message {
        id: MessageId::from_uuid(Uuid::nil()),
        conversation,
        author: Author::User,
        content: canary(),
        status: MessageStatus::Complete,
        response: None,
        attachments: vec![attachment],
        citations: vec![citation.clone()],
        created_at: NOW,
        version: 1,
        replaces: None,
        replaced_at: None,
        feedback: Some(Feedback { rating: Rating::Up, reason: FeedbackReason::parse(CANARY).ok() }),
    };
    hides(&message, "Message");
    let summary = ConversationSummary {
        content: canary(),
        n_messages: 2,
        last_message: MessageId::from_uuid(Uuid::nil()),
        updated_at: NOW,
    };
    hides(&summary, "ConversationSummary");
    hides(&SearchQuery::parse(CANARY).unwrap().unwrap(), "SearchQuery");
    let new = NewMessage { body: MessageBody::parse(canary()).unwrap(), files: vec![file] };
    hides(&new, "NewMessage");
    hides(&ReplyEvent::Delta(canary()), "Delta");
    hides(&ReplyEvent::Titled(canary()), "Titled");
    hides(&ReplyEvent::FilePending { file, name: canary() }, "FilePending");
    hides(&NumberedEvent { seq: 1, event: ReplyEvent::Cited(citation) }, "NumberedEvent");
}

#[test]
fn prompts_are_hidden() {
    let picture = ImageInput { media_type: "image/png".to_owned(), content: CANARY.into() };
    hides(&picture, "ImageInput");
    let turn = PromptTurn { author: Author::User, text: canary(), images: vec![picture] };
    hides(&turn, "PromptTurn");
    let prompt = Prompt {
        response: ResponseId::from_uuid(Uuid::nil()),
        model: "model-1".to_owned(),
        instructions: canary(),
        previous_response_id: None,
        turns: vec![turn],
        file_search: None,
        web_search: false,
        safety_identifier: canary(),
        max_output_tokens: 100,
    };
    hides(&prompt, "Prompt");
    let composition = TextRequest {
        purpose: Purpose::Title,
        model: "model-1".to_owned(),
        input: canary(),
        max_output_tokens: 100,
        safety_identifier: canary(),
    };
    hides(&composition, "TextRequest");
    hides(&GeneratedText { text: canary(), usage: None }, "GeneratedText");
}

#[test]
fn model_output_and_passages_are_hidden() {
    let provider_file_id = "file-1".to_owned();
    hides(&AssistantEventKind::Delta(canary()), "Delta");
    let found = AssistantEventKind::Retrieved {
        provider_file_id: provider_file_id.clone(),
        text: canary(),
    };
    hides(&found, "Retrieved");
    let kind = AssistantEventKind::Cited { provider_file_id, file_name: canary(), position: 3 };
    hides(&AssistantEvent { cursor: 1, kind }, "AssistantEvent");
    hides(&ProviderFile { id: "file-1".to_owned(), name: canary() }, "ProviderFile");
}

#[test]
fn names_of_devices_are_hidden() {
    let session = Session {
        id: SessionId::from_uuid(Uuid::nil()),
        device_name: Some(canary()),
        created_at: NOW,
        last_used_at: NOW,
        expires_at: NOW,
        renew_after: NOW,
        verified_until: NOW,
        is_current: true,
    };
    hides(&session, "Session");
}

#[test]
fn names_of_files_are_hidden() {
    let sync = SyncReport { status: None, attempts: 0, error: None };
    let file = StoredFile {
        id: FileId::from_uuid(Uuid::nil()),
        owner: UserId::from_uuid(Uuid::nil()),
        name: canary(),
        media_type: "text/plain".to_owned(),
        size: 3,
        sha256: Some(canary()),
        sync,
        created_at: NOW,
        updated_at: NOW,
    };
    hides(&file, "StoredFile");
    let name = FileName::parse(CANARY).unwrap();
    hides(
        &NewFile { id: FileId::from_uuid(Uuid::nil()), name, media_type: MEDIA_TYPES[0] },
        "NewFile",
    );
}

#[test]
fn reasons_and_the_names_in_the_audit_are_hidden() {
    let (id, user) = (AuditEventId::from_uuid(Uuid::nil()), UserId::from_uuid(Uuid::nil()));
    let grant = AccessGrant {
        id: GrantId::from_uuid(Uuid::nil()),
        admin: user,
        user,
        reason: canary(),
        created_at: NOW,
        expires_at: NOW,
    };
    hides(&grant, "AccessGrant");
    let entry = AccessLogEntry {
        id,
        action: AuditAction::MessagesListed,
        actor_name: Some(canary()),
        target: None,
        reason: Some(canary()),
        created_at: NOW,
    };
    hides(&entry, "AccessLogEntry");
    let event = AuditEvent {
        id,
        seq: 1,
        actor: Some(user),
        actor_name: Some(canary()),
        actor_role: ActorRole::Admin,
        action: AuditAction::GrantCreated,
        subject: None,
        target: Some(Uuid::nil()),
        reason: Some(canary()),
        detail: AuditDetail::default(),
        hash: vec![1],
        created_at: NOW,
    };
    hides(&event, "AuditEvent");
}
