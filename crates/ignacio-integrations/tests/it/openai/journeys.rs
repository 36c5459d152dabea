//! Whole journeys with the `OpenAI` stand-in of the devstack.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use ignacio_devstack::log_leak_scan;
use ignacio_devstack::openai::{Effect, Fault, OpenAiOptions, OpenAiStandIn, Script};
use ignacio_domain::{
    ids::{FileId, UserId},
    ports::{
        Assistant as _, AssistantError, AssistantEventKind, FileAttributes, IndexingStatus,
        PortError, ProviderUpload, VectorStore as _,
    },
    prompt::{FileSearchScope, Prompt},
    reply::ToolKind,
    response::{ReplyFailure, ReplyOutcome},
};
use ignacio_integrations::OpenAi;
use time::OffsetDateTime;

use super::{Read, openai, port, prompt};
use crate::support::logs;

const GUIDE: &str = "Guía del programa.\n\nEl piloto dura seis semanas y tiene doce usuarios.\n\n\
                     Las tutorías son los martes por la tarde.\n";
const ANSWER: &str = "Según tu guía 🚀, el piloto dura seis semanas. ¡Ánimo!";

fn stand_in() -> OpenAiStandIn {
    logs::install();
    GUIDE.lines().for_each(log_leak_scan::note);
    log_leak_scan::note(ANSWER);
    OpenAiStandIn::start(OpenAiOptions::for_tests()).unwrap()
}

fn guide(name: &str) -> ProviderUpload {
    let chunks: Vec<_> = GUIDE.as_bytes().chunks(7).map(|it| Ok(Bytes::from_static(it))).collect();
    ProviderUpload {
        name: name.to_owned(),
        media_type: "text/plain".to_owned(),
        size: u64::try_from(GUIDE.len()).unwrap(),
        content: Box::pin(stream::iter(chunks)),
    }
}

/// Waits until a document is indexed, without sleeping and for a limited time.
async fn indexed(openai: &OpenAi, store: &str, file: &str) -> IndexingStatus {
    for _ in 0..2_000 {
        match openai.indexing_status(store, file).await.unwrap() {
            IndexingStatus::InProgress => tokio::task::yield_now().await,
            done => return done,
        }
    }
    panic!("the document is not through");
}

fn asking(question: &str, store: &str, owner: UserId) -> Prompt {
    let file_search = Some(FileSearchScope { vector_store_id: store.to_owned(), owner });
    Prompt { file_search, ..prompt(question) }
}

/// What a reply retrieved and cited.
fn documents(read: &Read) -> (Vec<&str>, Vec<(&str, &str, i32)>) {
    let mut retrieved = Vec::new();
    let mut cited = Vec::new();
    for event in &read.events {
        match &event.kind {
            AssistantEventKind::Retrieved { text, .. } => retrieved.push(text.as_str()),
            AssistantEventKind::Cited { provider_file_id, file_name, position } => {
                cited.push((provider_file_id.as_str(), file_name.as_str(), *position));
            }
            _ => {}
        }
    }
    (retrieved, cited)
}

#[tokio::test]
async fn a_document_is_uploaded_found_cited_and_deleted() {
    let stand_in = stand_in();
    let openai = openai(stand_in.base_url());
    let (ana, ben) = (UserId::new(), UserId::new());

    let file = openai.upload_file(guide("ign-test-guia.txt")).await.unwrap();
    assert_eq!(stand_in.file_bytes(&file).unwrap(), GUIDE.as_bytes());
    let found = openai.find_files("ign-test-guia.txt", OffsetDateTime::UNIX_EPOCH).await.unwrap();
    assert_eq!(found.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), [file.as_str()]);

    let store = openai.create_store("ign-test-ana").await.unwrap();
    assert!(matches!(openai.indexing_status(&store, &file).await, Err(PortError::NotFound)));
    let tags = FileAttributes { owner: ana, file: FileId::new() };
    openai.attach_file(&store, &file, tags).await.unwrap();
    openai.attach_file(&store, &file, tags).await.unwrap();
    assert_eq!(indexed(&openai, &store, &file).await, IndexingStatus::Completed);

    let question = "¿Cuánto dura el piloto?";
    let read = Read::all(openai.start(asking(question, &store, ana)).await.unwrap()).await;
    assert_eq!(read.outcome(), Some(&ReplyOutcome::Completed), "{read:?}");
    assert!(read.kinds().contains(&AssistantEventKind::ToolStarted(ToolKind::FileSearch)));
    assert!(read.kinds().contains(&AssistantEventKind::ToolFinished(ToolKind::FileSearch)));
    let (retrieved, cited) = documents(&read);
    assert!(retrieved.iter().any(|it| it.contains("seis semanas")), "{retrieved:?}");
    let (cited_file, cited_name, position) = *cited.first().unwrap();
    assert_eq!((cited_file, cited_name), (file.as_str(), "ign-test-guia.txt"));
    let before: String = read.text().chars().take(usize::try_from(position).unwrap()).collect();
    assert!(before.ends_with('»') && before.contains("seis semanas"), "{before}");

    // The same store with another user's id in the request shows nothing.
    let read = Read::all(openai.start(asking(question, &store, ben)).await.unwrap()).await;
    assert_eq!(documents(&read), (Vec::new(), Vec::new()));

    openai.detach_file(&store, &file).await.unwrap();
    openai.detach_file(&store, &file).await.unwrap();
    openai.delete_file(&file).await.unwrap();
    openai.delete_file(&file).await.unwrap();
    openai.delete_store(&store).await.unwrap();
    openai.delete_store(&store).await.unwrap();
    let left = stand_in.inventory();
    assert_eq!((left.files, left.stores, left.store_files), (0, 0, 0));
}

#[tokio::test]
async fn a_document_that_cannot_be_read_fails_with_the_providers_code() {
    let stand_in = stand_in();
    let openai = openai(stand_in.base_url());
    let file = openai.upload_file(guide("ign-test-odd.txt")).await.unwrap();
    let store = openai.create_store("ign-test-ana").await.unwrap();
    let code = "unsupported_file".to_owned();
    let message = "This cannot be read.".to_owned();
    stand_in.fault(Fault::new(Effect::FailIndexing { code: code.clone(), message }));
    let tags = FileAttributes { owner: UserId::new(), file: FileId::new() };
    openai.attach_file(&store, &file, tags).await.unwrap();
    assert_eq!(indexed(&openai, &store, &file).await, IndexingStatus::Failed { code });

    stand_in.lose_store(&store);
    let attached = openai.attach_file(&store, &file, tags).await;
    assert!(matches!(attached, Err(PortError::NotFound)));
}

#[tokio::test]
async fn a_conversation_continues_until_its_state_is_lost() {
    let stand_in = stand_in();
    let openai = openai(stand_in.base_url());
    let read = Read::all(openai.start(prompt("Hola.")).await.unwrap()).await;
    let Some(AssistantEventKind::Started { provider_id }) = read.kinds().into_iter().next() else {
        panic!("{read:?}");
    };
    let going_on =
        || Prompt { previous_response_id: Some(provider_id.clone()), ..prompt("¿Y ahora?") };
    let read = Read::all(openai.start(going_on()).await.unwrap()).await;
    assert_eq!(read.outcome(), Some(&ReplyOutcome::Completed));

    openai.delete_response(&provider_id).await.unwrap();
    openai.delete_response(&provider_id).await.unwrap();
    let lost = openai.start(going_on()).await.err();
    assert!(matches!(lost, Some(AssistantError::StateLost)), "{lost:?}");
    assert!(matches!(openai.cancel(&provider_id).await, Err(PortError::NotFound)));
}

#[tokio::test]
async fn a_reply_can_be_cancelled_twice_and_after_its_end() {
    let stand_in = stand_in();
    let openai = openai(stand_in.base_url());
    stand_in.script(Script::text(ANSWER));
    stand_in.fault(Fault::new(Effect::Pause { after_deltas: 2 }));
    let mut stream = openai.start(prompt("¿Cuánto dura?")).await.unwrap();
    let mut provider_id = None;
    let mut text = String::new();
    while text != "Según tu " {
        match stream.next().await.unwrap().unwrap().kind {
            AssistantEventKind::Started { provider_id: id } => provider_id = Some(id),
            AssistantEventKind::Delta(more) => text.push_str(&more),
            _ => {}
        }
    }
    let provider_id = provider_id.unwrap();
    openai.cancel(&provider_id).await.unwrap();
    openai.cancel(&provider_id).await.unwrap();
    let rest = Read::all(stream).await;
    assert!(matches!(rest.outcome(), None | Some(ReplyOutcome::Cancelled)), "{rest:?}");
    assert_eq!(stand_in.counters().cancelled, 1);

    let read = Read::all(openai.start(prompt("Hola.")).await.unwrap()).await;
    assert_eq!(read.outcome(), Some(&ReplyOutcome::Completed));
    let Some(AssistantEventKind::Started { provider_id }) = read.kinds().into_iter().next() else {
        panic!("{read:?}");
    };
    openai.cancel(&provider_id).await.unwrap();
}

#[tokio::test]
async fn a_reply_survives_everything_that_a_wire_can_do() {
    let stand_in = stand_in();
    let openai = openai(stand_in.base_url());
    for events in 3..12 {
        stand_in.script(Script::text(ANSWER));
        let asked = ("POST", "/v1/responses");
        for effect in [
            Effect::Rechunk { bytes: 5 },
            Effect::UnknownEvents { every: 2 },
            Effect::RepeatEvents { every: 2 },
            Effect::CutAfterEvents { events },
        ] {
            stand_in.fault(Fault::new(effect).on(asked.0, asked.1));
        }
        let first = Read::all(openai.start(prompt("¿Cuánto dura?")).await.unwrap()).await;
        assert_eq!(first.outcome(), None);
        assert_eq!(stand_in.armed_faults(), 0, "every fault was used");
        let Some(AssistantEventKind::Started { provider_id }) = first.kinds().into_iter().next()
        else {
            panic!("{first:?}");
        };
        let rest = Read::all(openai.resume(&provider_id, first.cursor()).await.unwrap()).await;
        assert_eq!(first.text() + &rest.text(), ANSWER, "cut after {events} events");
        assert_eq!(rest.outcome(), Some(&ReplyOutcome::Completed));
    }
    assert_eq!(stand_in.counters().responses, 9, "each was requested once");
}

#[tokio::test]
async fn a_reply_ends_as_the_provider_ends_it() {
    let stand_in = stand_in();
    let openai = openai(stand_in.base_url());
    let message = || "No.".to_owned();
    let failed =
        |code: &str| Effect::Failed { after_deltas: 1, code: code.to_owned(), message: message() };
    let incomplete = |reason: &str| ReplyOutcome::Incomplete { reason: reason.to_owned() };
    for (effect, expected) in [
        (failed("vector_store_timeout"), ReplyOutcome::Failed(ReplyFailure::ProviderUnavailable)),
        (failed("invalid_prompt"), ReplyOutcome::Failed(ReplyFailure::ProviderRejected)),
        (
            Effect::Incomplete { after_deltas: 1, reason: "content_filter".to_owned() },
            incomplete("content_filter"),
        ),
    ] {
        stand_in.script(Script::text(ANSWER));
        stand_in.fault(Fault::new(effect));
        let read = Read::all(openai.start(prompt("¿?")).await.unwrap()).await;
        assert_eq!(read.outcome(), Some(&expected));
        assert_eq!(read.text(), "Según ");
    }
    stand_in.script(Script::text(ANSWER));
    let code = "server_error".to_owned();
    stand_in.fault(Fault::new(Effect::ErrorEvent { after_deltas: 1, code, message: message() }));
    let read = Read::all(openai.start(prompt("¿?")).await.unwrap()).await;
    assert!(matches!(port(read.error.unwrap()), PortError::Transient { .. }));
}

#[tokio::test]
async fn failures_are_requested_once_and_mapped() {
    let stand_in = stand_in();
    let openai = openai(stand_in.base_url());
    let three = Some(Duration::from_secs(3));
    for (fault, pause) in [
        (Fault::rate_limited(Some(3)), three),
        (Fault::html(429).retry_after(Some(3)), three),
        (Fault::html(502), None),
        (Fault::server_error(), None),
        (Fault::new(Effect::Close), None),
    ] {
        stand_in.clear_calls();
        stand_in.fault(fault);
        match openai.start(prompt("¿?")).await.map_err(port).err() {
            Some(PortError::Transient { retry_after, .. }) => assert_eq!(retry_after, pause),
            other => panic!("{other:?}"),
        }
        assert_eq!(stand_in.calls().len(), 1);
    }
    stand_in.clear_calls();
    stand_in.fault(Fault::out_of_quota());
    let error = openai.start(prompt("¿?")).await.map_err(port).err();
    assert!(matches!(error, Some(PortError::Misconfigured { code, .. })
        if code == "insufficient_quota"));
    assert_eq!(stand_in.calls().len(), 1);
    stand_in.fault(Fault::server_error());
    let uploaded = openai.upload_file(guide("ign-test-1.txt")).await;
    assert!(matches!(uploaded, Err(PortError::Transient { .. })));
    assert_eq!(stand_in.inventory().files, 0);
}
