//! Replies that are cut after any event, resumed by another worker, or cancelled: completed or
//! marked with their true outcome, requested once, and stopped upstream when they are no longer
//! wanted.

use std::time::Duration;

use ignacio_domain::message::MessageStatus;
use ignacio_domain::reply::ReplyEvent;
use ignacio_domain::response::{ReplyFailure, ReplyOutcome, ResponseState};
use tokio::sync::oneshot;

use crate::crashes::{crashes, saved};
use crate::fakes::{StreamItem, cited, delta, ended, retrieved, started};
use crate::stack::Stack;
use crate::users::text_of;

const GUIDE: &str = "El piloto dura seis semanas. Hay café.";
const TEXT: &str = "Según la guía 🚀, el piloto dura seis semanas. ¡Ánimo!";

/// A complete reply of the provider: a search, text in small chunks, two citations of one document.
fn script(file: &str) -> Vec<StreamItem> {
    let mut items = vec![started(0, "resp-1"), retrieved(1, file, GUIDE)];
    let letters: Vec<_> = TEXT.chars().collect();
    for (cursor, crumb) in (2..).zip(letters.chunks(6)) {
        items.push(delta(cursor, &crumb.iter().collect::<String>()));
    }
    items.push(cited(20, file, 45));
    items.push(cited(21, file, 53));
    items.push(ended(22, ReplyOutcome::Completed));
    items
}

/// The first of them.
fn first(file: &str, n_events: usize) -> Vec<StreamItem> {
    script(file).into_iter().take(n_events).collect()
}

#[tokio::test]
async fn a_reply_that_is_cut_after_any_event_is_completed_and_requested_once() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.uploads("Guía.txt", GUIDE).await;
    stack.drain().await;
    let file = stack.provider_id(guide).await;
    for n_events in 1..script(&file).len() {
        let n_before = stack.assistant.prompts().len();
        stack.assistant.will_start(Ok(first(&file, n_events)));
        stack.assistant.will_resume(Ok(first(&file, n_events + 1)));
        stack.assistant.will_resume(Ok(script(&file)));
        let posted = ana.asks("¿Cuánto dura?").await;

        stack.drain().await;

        let reply = ana.newest(posted.message.conversation).await;
        assert_eq!(reply.content, TEXT, "cut after {n_events}");
        assert_eq!(reply.status, MessageStatus::Complete, "cut after {n_events}");
        assert_eq!(text_of(&ana.follows(posted.response.id).await), TEXT);
        let places: Vec<_> = reply.citations.iter().map(|it| it.position).collect();
        assert_eq!(places, [45, 53], "cut after {n_events}");
        assert!(reply.citations.iter().all(|it| it.quote.is_some()), "cut after {n_events}");
        assert_eq!(stack.assistant.prompts().len(), n_before + 1, "cut after {n_events}");
        stack.assistant.clear_planned_resumes();
    }
}

#[tokio::test]
async fn a_reply_that_cannot_be_resumed_keeps_its_text_and_says_so() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    // From the first text on: before that a reply may be requested again.
    for n_events in 3..script("file-1").len() - 3 {
        let n_before = stack.assistant.prompts().len();
        stack.assistant.will_start(Ok(first("file-1", n_events)));
        let posted = ana.asks("¿Cuánto dura?").await;

        stack.drain().await;

        let reply = ana.newest(posted.message.conversation).await;
        let so_far: String = TEXT.chars().take((n_events - 2) * 6).collect();
        assert_eq!((reply.content.as_str(), reply.status), (&*so_far, MessageStatus::Failed));
        let response = ana.response(posted.response.id).await;
        assert_eq!(response.failure, Some(ReplyFailure::Interrupted));
        assert_eq!(stack.assistant.prompts().len(), n_before + 1, "no silent second call");
    }
}

#[tokio::test]
async fn a_worker_cites_what_another_one_found() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.uploads("Guía.txt", GUIDE).await;
    stack.drain().await;
    let file = stack.provider_id(guide).await;
    // The search, all of the text, and the first citation.
    let n_told = script(&file).len() - 2;
    stack
        .assistant
        .will_start(Ok(first(&file, n_told).into_iter().chain([StreamItem::Stall]).collect()));
    let posted = ana.asks("¿Cuánto dura?").await;
    crashes(&stack, saved(&stack, 20)).await;

    stack.assistant.will_resume(Ok(script(&file)));
    stack.drain().await;

    let reply = ana.newest(posted.message.conversation).await;
    assert_eq!((reply.content.as_str(), reply.status), (TEXT, MessageStatus::Complete));
    let quotes: Vec<_> = reply.citations.iter().map(|it| it.quote.as_deref()).collect();
    assert_eq!(quotes, [Some("El piloto dura seis semanas."); 2]);
    let texts = ana.follows(posted.response.id).await;
    assert_eq!(texts.iter().filter(|it| matches!(it, ReplyEvent::Cited(_))).count(), 2);
    assert_eq!(text_of(&texts), TEXT);
    assert_eq!(stack.assistant.prompts().len(), 1);
}

#[tokio::test]
async fn an_end_with_a_repeated_number_is_an_end() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    stack.assistant.will_start(Ok(vec![started(0, "resp-1"), delta(1, "Hola.")]));
    stack.assistant.will_resume(Ok(vec![delta(1, "Hola."), ended(1, ReplyOutcome::Completed)]));
    let posted = ana.asks("Hola").await;

    stack.drain().await;

    let reply = ana.newest(posted.message.conversation).await;
    assert_eq!((reply.content.as_str(), reply.status), ("Hola.", MessageStatus::Complete));
}

#[tokio::test]
async fn a_reply_that_is_cancelled_while_the_provider_accepts_it_is_stopped_upstream() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let (asked, is_asked) = oneshot::channel();
    let (sender, receiver) = oneshot::channel::<()>();
    stack.assistant.faults.before("start", async {
        asked.send(()).unwrap();
        receiver.await.unwrap();
    });
    stack.assistant.will_start(Ok(vec![
        started(0, "resp-1"),
        StreamItem::Stall,
        ended(1, ReplyOutcome::Cancelled),
    ]));
    let posted = ana.asks("Cuenta").await;
    let worker = stack.worker_with(|it| it.reply_heartbeat = Duration::from_millis(5)).await;

    let (drained, ()) = tokio::join!(worker.drain(), async {
        is_asked.await.unwrap();
        ana.cancels(posted.response.id).await;
        // The cancellation is seen before the provider has answered.
        two_heartbeats(&stack).await;
        sender.send(()).unwrap();
    });

    drained.unwrap();
    let response = ana.response(posted.response.id).await;
    assert_eq!(response.state, ResponseState::Cancelled);
    assert!(response.usage.is_some(), "its usage is known");
    assert_eq!(stack.assistant.cancelled(), ["resp-1"]);
}

/// Waits for two heartbeats of a worker: by then it has seen every change.
async fn two_heartbeats(stack: &Stack) {
    let lease_end = "select coalesce(extract(epoch from max(lease_until)) * 1e6, 0)::bigint
                   from responses";
    for _ in 0..2 {
        let before = stack.database.query_i64(lease_end).await;
        while stack.database.query_i64(lease_end).await == before {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_deleted_reply_is_not_requested_again() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    stack.assistant.will_start(Ok(vec![started(0, "resp-1"), StreamItem::Stall]));
    let posted = ana.asks("Cuenta").await;
    // No heartbeat reports the deletion.
    let worker = stack.worker_with(|it| it.reply_heartbeat = Duration::from_hours(1)).await;

    let (drained, ()) = tokio::join!(worker.drain(), async {
        stack.assistant.stalled().await;
        ana.deletes_conversation(posted.message.conversation).await;
        // The purge of another worker stops the reply upstream: its stream ends here.
        stack.drain().await;
    });

    drained.unwrap();
    assert_eq!(stack.assistant.cancelled()[0], "resp-1");
    assert_eq!(stack.assistant.deleted_responses(), ["resp-1"]);
    assert_eq!(stack.assistant.prompts().len(), 1, "it is not requested again");
    assert_eq!(stack.column("select target from purge_queue").await.len(), 0);
}
