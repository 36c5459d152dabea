//! Replies that are cut after any event, change hands, or are no longer wanted: told whole or as
//! what they are, asked for once, and stopped where nobody reads them.

use std::time::Duration;

use ignacio_domain::message::MessageStatus;
use ignacio_domain::reply::ReplyEvent;
use ignacio_domain::response::{ReplyFailure, ReplyOutcome, ResponseState};
use tokio::sync::oneshot;

use crate::crashes::saved;
use crate::fakes::{Item, cited, delta, ended, retrieved, started};
use crate::people::text_of;
use crate::stack::Stack;

const GUIDE: &str = "El piloto dura seis semanas. Hay café.";
const TEXT: &str = "Según la guía 🚀, el piloto dura seis semanas. ¡Ánimo!";

/// A whole reply of the provider: a search, two citations of one document, text in crumbs.
fn script(file: &str) -> Vec<Item> {
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
fn first(file: &str, n_events: usize) -> Vec<Item> {
    script(file).into_iter().take(n_events).collect()
}

#[tokio::test]
async fn a_reply_that_is_cut_after_any_event_is_whole_in_the_end_and_asked_for_once() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.hands_over("Guía.txt", GUIDE).await;
    stack.drain().await;
    let file = stack.provider_id(guide).await;
    for n_events in 1..script(&file).len() {
        let conversation = ana.starts_conversation().await;
        let n_before = stack.assistant.prompts().len();
        stack.assistant.will_start(Ok(first(&file, n_events)));
        stack.assistant.will_resume(Ok(first(&file, n_events + 1)));
        stack.assistant.will_resume(Ok(script(&file)));
        let posted = ana.says(conversation, "¿Cuánto dura?").await;

        stack.drain().await;

        let reply = ana.newest(conversation).await;
        assert_eq!(reply.content, TEXT, "cut after {n_events}");
        assert_eq!(reply.status, MessageStatus::Complete, "cut after {n_events}");
        assert_eq!(text_of(&ana.follows(posted.response.id).await), TEXT);
        let places: Vec<_> = reply.citations.iter().map(|it| it.position).collect();
        assert_eq!(places, [45, 53], "cut after {n_events}");
        assert!(reply.citations.iter().all(|it| it.quote.is_some()), "cut after {n_events}");
        assert_eq!(stack.assistant.prompts().len(), n_before + 1, "cut after {n_events}");
        stack.assistant.forget_plans();
    }
}

#[tokio::test]
async fn a_reply_that_cannot_be_followed_again_keeps_its_text_and_says_so() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    // From the first word on: what nobody has seen may be asked for again.
    for n_events in 3..script("file-1").len() - 3 {
        let conversation = ana.starts_conversation().await;
        let n_before = stack.assistant.prompts().len();
        stack.assistant.will_start(Ok(first("file-1", n_events)));
        let posted = ana.says(conversation, "¿Cuánto dura?").await;

        stack.drain().await;

        let reply = ana.newest(conversation).await;
        let so_far: String = TEXT.chars().take((n_events - 2) * 6).collect();
        assert_eq!((reply.content.as_str(), reply.status), (&*so_far, MessageStatus::Failed));
        let response = ana.response(posted.response.id).await;
        assert_eq!(response.failure, Some(ReplyFailure::Interrupted));
        assert_eq!(stack.assistant.prompts().len(), n_before + 1, "no silent second call");
    }
}

#[tokio::test]
async fn a_new_worker_quotes_what_another_one_found() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.hands_over("Guía.txt", GUIDE).await;
    stack.drain().await;
    let file = stack.provider_id(guide).await;
    let conversation = ana.starts_conversation().await;
    // The search, all of the text, and the first citation.
    let n_told = script(&file).len() - 2;
    stack.assistant.will_start(Ok(first(&file, n_told).into_iter().chain([Item::Hang]).collect()));
    let posted = ana.says(conversation, "¿Cuánto dura?").await;
    let worker = stack.worker().await;
    tokio::select! {
        _ = worker.drain() => panic!("it dies before it is done"),
        () = saved(&stack, 20) => {}
    }
    drop(worker);
    stack.expire_leases().await;

    stack.assistant.will_resume(Ok(script(&file)));
    stack.drain().await;

    let reply = ana.newest(conversation).await;
    assert_eq!((reply.content.as_str(), reply.status), (TEXT, MessageStatus::Complete));
    let quotes: Vec<_> = reply.citations.iter().map(|it| it.quote.as_deref()).collect();
    assert_eq!(quotes, [Some("El piloto dura seis semanas."); 2]);
    let told = ana.follows(posted.response.id).await;
    assert_eq!(told.iter().filter(|it| matches!(it, ReplyEvent::Cited(_))).count(), 2);
    assert_eq!(text_of(&told), TEXT);
    assert_eq!(stack.assistant.prompts().len(), 1);
}

#[tokio::test]
async fn an_end_without_a_number_of_its_own_is_an_end() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    stack.assistant.will_start(Ok(vec![started(0, "resp-1"), delta(1, "Hola.")]));
    stack.assistant.will_resume(Ok(vec![delta(1, "Hola."), ended(1, ReplyOutcome::Completed)]));
    ana.says(conversation, "Hola").await;

    stack.drain().await;

    let reply = ana.newest(conversation).await;
    assert_eq!((reply.content.as_str(), reply.status), ("Hola.", MessageStatus::Complete));
}

#[tokio::test]
async fn a_reply_that_is_stopped_while_the_provider_takes_it_is_stopped_there_too() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    let (asked, is_asked) = oneshot::channel();
    let (answer, answers) = oneshot::channel::<()>();
    stack.assistant.faults.before("start", async {
        asked.send(()).unwrap();
        answers.await.unwrap();
    });
    stack.assistant.will_start(Ok(vec![
        started(0, "resp-1"),
        Item::Hang,
        ended(1, ReplyOutcome::Cancelled),
    ]));
    let posted = ana.says(conversation, "Cuenta").await;
    let worker = stack.worker_with(|it| it.reply_heartbeat = Duration::from_millis(5)).await;

    let (drained, ()) = tokio::join!(worker.drain(), async {
        is_asked.await.unwrap();
        ana.stops(posted.response.id).await;
        // The wish is heard while the provider has not answered yet.
        heard(&stack).await;
        answer.send(()).unwrap();
    });

    drained.unwrap();
    let response = ana.response(posted.response.id).await;
    assert_eq!(response.state, ResponseState::Cancelled);
    assert!(response.usage.is_some(), "what it took is known");
    assert_eq!(stack.assistant.cancelled(), ["resp-1"]);
}

/// Waits for two heartbeats of a worker: by then it has heard what there was to hear.
async fn heard(stack: &Stack) {
    let beats = "select coalesce(extract(epoch from max(lease_until)) * 1e6, 0)::bigint
                   from responses";
    for _ in 0..2 {
        let before = stack.database.query_i64(beats).await;
        while stack.database.query_i64(beats).await == before {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn what_was_deleted_is_not_asked_for_again() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    stack.assistant.will_start(Ok(vec![started(0, "resp-1"), Item::Hang]));
    ana.says(conversation, "Cuenta").await;
    // It does not hear of the deletion by its heart.
    let worker = stack.worker_with(|it| it.reply_heartbeat = Duration::from_hours(1)).await;

    let (drained, ()) = tokio::join!(worker.drain(), async {
        stack.assistant.hangs().await;
        ana.deletes_conversation(conversation).await;
        // The purge of another worker stops the reply upstream: its stream ends here.
        stack.drain().await;
    });

    drained.unwrap();
    assert_eq!(stack.assistant.cancelled()[0], "resp-1");
    assert_eq!(stack.assistant.forgotten(), ["resp-1"]);
    assert_eq!(stack.assistant.prompts().len(), 1, "nobody asks for it again");
    assert_eq!(stack.column("select target from purge_queue").await.len(), 0);
}
