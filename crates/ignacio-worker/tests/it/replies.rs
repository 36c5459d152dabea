//! Replies: streamed immediately, stored completely, cut and resumed, and always with their true
//! status.

use std::time::Duration;

use ignacio_domain::message::MessageStatus;
use ignacio_domain::ports::AssistantError;
use ignacio_domain::reply::ReplyEvent;
use ignacio_domain::response::{ReplyFailure, ReplyOutcome, ResponseState};
use ignacio_domain::usage::Usage;

use ignacio_worker::WorkerSettings;
use tokio_util::sync::CancellationToken;

use crate::fakes::{
    StreamItem, cited, delta, ended, misconfigured, rejected, retrieved, started, transient,
    transient_for,
};
use crate::stack::Stack;
use crate::users::text_of;

const USAGE: Usage = Usage { input: 100, cached: 40, output: 20, reasoning: 5 };

fn last_of(events: &[ReplyEvent]) -> &ReplyOutcome {
    match events.last() {
        Some(ReplyEvent::Ended(outcome)) => outcome,
        other => panic!("{other:?} is no end"),
    }
}

#[tokio::test]
async fn a_reply_is_streamed_and_stored() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    stack.assistant.will_start(Ok(vec![
        started(0, "resp-1"),
        delta(1, "Hola, "),
        delta(2, "Ana.\0"),
        ended(3, ReplyOutcome::Completed),
    ]));
    let posted = ana.asks("Hola").await;

    stack.drain().await;
    stack.drain().await;

    let reply = ana.newest(posted.message.conversation).await;
    assert_eq!(reply.id, posted.reply.id);
    assert_eq!(
        (reply.content.as_str(), reply.status),
        ("Hola, Ana.\u{fffd}", MessageStatus::Complete)
    );
    let response = ana.response(posted.response.id).await;
    assert_eq!((response.state, response.usage), (ResponseState::Completed, Some(USAGE)));
    assert_eq!(response.model.as_deref(), Some("model-1"));
    let events = ana.follows(posted.response.id).await;
    assert!(matches!(events[0], ReplyEvent::Created { .. }));
    assert_eq!(text_of(&events), reply.content);
    assert_eq!(events[events.len() - 2], ReplyEvent::Used(USAGE));
    assert_eq!(*last_of(&events), ReplyOutcome::Completed);
}

#[tokio::test]
async fn the_model_is_given_what_it_needs_and_no_more() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.uploads("guía.txt", "El piloto dura seis semanas.").await;
    stack.drain().await;
    stack.assistant.will_reply("resp-1", "Claro.");
    let posted = ana.posts_with(ana.starts_conversation().await, "¿Qué dice?", vec![guide]).await;

    stack.drain().await;

    let [prompt] = <[_; 1]>::try_from(stack.assistant.prompts()).unwrap();
    assert_eq!(prompt.response, posted.response.id);
    assert_eq!(prompt.model, "model-1");
    assert_eq!(prompt.previous_response_id, None);
    let turns: Vec<_> = prompt.turns.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(turns, ["[documento adjunto: guía.txt]", "¿Qué dice?"]);
    let search = prompt.file_search.unwrap();
    assert_eq!((search.owner, vec![search.vector_store_id]), (ana.id, stack.vector_store.stores()));
    assert_eq!(prompt.safety_identifier.len(), 64);
    assert!(!prompt.safety_identifier.contains(&ana.id.to_string()));
    assert!(!prompt.instructions.contains(ana.phone.expose()));
}

#[tokio::test]
async fn a_prompt_never_names_another_users_vector_store() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    ana.uploads("guía.txt", "El piloto dura seis semanas.").await;
    let ben = stack.participant("Ben", "+573000000002").await;
    stack.drain().await;
    stack.assistant.will_reply("resp-1", "Hola.");
    ben.asks("Hola").await;

    stack.drain().await;

    assert_eq!(stack.assistant.prompts()[0].file_search, None);
}

#[tokio::test]
async fn a_citation_names_the_users_file_and_quotes_it() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.uploads("Guía.txt", "El piloto dura seis semanas. Hay café.").await;
    stack.drain().await;
    let id = stack.provider_id(guide).await;
    stack.assistant.will_start(Ok(vec![
        started(0, "resp-1"),
        retrieved(1, &id, "El piloto dura seis semanas. Hay café."),
        delta(2, "Según la guía, el piloto dura seis semanas"),
        cited(3, &id, 42),
        cited(4, &id, 42),
        cited(5, "file-of-another-user", 42),
        delta(6, "."),
        ended(7, ReplyOutcome::Completed),
    ]));
    let posted = ana.asks("¿Cuánto dura?").await;

    stack.drain().await;

    let [citation] =
        <[_; 1]>::try_from(ana.newest(posted.message.conversation).await.citations).unwrap();
    assert_eq!(citation.file, Some(guide));
    assert_eq!(citation.file_name, "Guía.txt");
    assert_eq!(citation.quote.as_deref(), Some("El piloto dura seis semanas."));
    assert_eq!(citation.position, 42);
    let texts = ana.follows(posted.response.id).await;
    assert_eq!(texts.iter().filter(|it| matches!(it, ReplyEvent::Cited(_))).count(), 1);
}

#[tokio::test]
async fn a_second_turn_continues_from_the_providers_state() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    stack.assistant.will_reply("resp-1", "Uno.");
    ana.posts(conversation, "Primera").await;
    stack.drain().await;
    stack.assistant.will_reply("resp-2", "Dos.");
    ana.posts(conversation, "Segunda").await;
    stack.drain().await;

    let prompts = stack.assistant.prompts();
    assert_eq!(prompts[1].previous_response_id.as_deref(), Some("resp-1"));
    assert_eq!(prompts[1].turns.len(), 1);
    assert_eq!(prompts[1].turns[0].text, "Segunda");
}

#[tokio::test]
async fn a_lost_state_falls_back_on_the_full_history() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    stack.assistant.will_reply("resp-1", "Uno.");
    ana.posts(conversation, "Primera").await;
    stack.drain().await;
    stack.assistant.will_start(Err(AssistantError::StateLost));
    stack.assistant.will_reply("resp-2", "Dos.");
    ana.posts(conversation, "Segunda").await;
    stack.drain().await;

    let prompts = stack.assistant.prompts();
    assert_eq!(prompts.len(), 3);
    assert_eq!(prompts[2].previous_response_id, None);
    let turns: Vec<_> = prompts[2].turns.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(turns, ["Primera", "Uno.", "Segunda"]);
    assert_eq!(ana.newest(conversation).await.content, "Dos.");
}

#[tokio::test]
async fn after_a_failed_reply_the_full_history_is_given() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    stack.assistant.will_start(Err(rejected("bad").into()));
    ana.posts(conversation, "Primera").await;
    stack.drain().await;
    stack.assistant.will_reply("resp-2", "Dos.");
    ana.posts(conversation, "Segunda").await;
    stack.drain().await;

    let prompts = stack.assistant.prompts();
    assert_eq!(prompts[1].previous_response_id, None);
    let turns: Vec<_> = prompts[1].turns.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(turns, ["Primera", "Segunda"]);
}

#[tokio::test]
async fn a_cut_stream_is_resumed_where_it_was_cut() {
    let cuts: [fn() -> Vec<StreamItem>; 2] =
        [Vec::new, || vec![StreamItem::Break(AssistantError::Port(transient()))]];
    let stack = Stack::start().await;
    for cut in cuts {
        let ana = stack.new_participant().await;
        let n_before = stack.assistant.resumed().len();
        let mut items = vec![started(0, "resp-1"), delta(1, "uno "), delta(2, "dos ")];
        items.extend(cut());
        stack.assistant.will_start(Ok(items));
        stack.assistant.will_resume(Err(transient().into()));
        // The provider repeats earlier events.
        stack.assistant.will_resume(Ok(vec![delta(2, "dos "), delta(3, "tres "), delta(4, "y ")]));
        stack.assistant.will_resume(Ok(vec![delta(5, "más"), ended(6, ReplyOutcome::Completed)]));
        let posted = ana.asks("Cuenta").await;

        stack.drain().await;

        let from_the_start = ("resp-1".to_owned(), -1);
        assert_eq!(stack.assistant.resumed()[n_before..], vec![from_the_start; 3]);
        let reply = ana.newest(posted.message.conversation).await;
        assert_eq!(reply.content, "uno dos tres y más");
        assert_eq!(reply.status, MessageStatus::Complete);
        assert_eq!(text_of(&ana.follows(posted.response.id).await), reply.content);
    }
    assert_eq!(stack.assistant.prompts().len(), 2, "one request for each");
}

#[tokio::test]
async fn a_stream_that_cannot_be_resumed_leaves_the_text_and_says_so() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let deltas = (1..=5).map(|it| delta(it, "palabra "));
    stack.assistant.will_start(Ok([started(0, "resp-1")].into_iter().chain(deltas).collect()));
    let posted = ana.asks("Cuenta").await;

    stack.drain().await;

    let reply = ana.newest(posted.message.conversation).await;
    assert_eq!(reply.content, "palabra ".repeat(5));
    assert_eq!(reply.status, MessageStatus::Failed);
    let response = ana.response(posted.response.id).await;
    assert_eq!(response.failure, Some(ReplyFailure::Interrupted));
    assert_eq!(stack.assistant.prompts().len(), 1, "nothing is requested twice once there is text");
    let events = ana.follows(posted.response.id).await;
    assert_eq!(*last_of(&events), ReplyOutcome::Failed(ReplyFailure::Interrupted));
}

#[tokio::test]
async fn an_idle_stream_is_resumed() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    stack.assistant.will_start(Ok(vec![started(0, "resp-1"), delta(1, "uno "), StreamItem::Stall]));
    stack.assistant.will_resume(Ok(vec![delta(2, "dos"), ended(3, ReplyOutcome::Completed)]));
    let posted = ana.asks("Cuenta").await;
    let impatient = stack.worker_with(|it| it.idle_timeout = Duration::ZERO).await;

    impatient.drain().await.unwrap();

    let reply = ana.newest(posted.message.conversation).await;
    assert_eq!((reply.content.as_str(), reply.status), ("uno dos", MessageStatus::Complete));
}

#[tokio::test]
async fn a_reply_has_a_deadline() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    stack.assistant.will_start(Ok(vec![started(0, "resp-1"), StreamItem::Stall]));
    let posted = ana.asks("Cuenta").await;
    let impatient = stack.worker_with(|it| it.reply_deadline = Duration::from_millis(200)).await;

    impatient.drain().await.unwrap();

    let response = ana.response(posted.response.id).await;
    assert_eq!(response.failure, Some(ReplyFailure::TimedOut));
    assert_eq!(stack.assistant.cancelled(), ["resp-1"]);
}

#[tokio::test]
async fn the_providers_own_outcome_is_kept() {
    let ends = [
        (
            ReplyOutcome::Incomplete { reason: "max_output_tokens".to_owned() },
            MessageStatus::Incomplete,
        ),
        (ReplyOutcome::Failed(ReplyFailure::ProviderUnavailable), MessageStatus::Failed),
        (ReplyOutcome::Failed(ReplyFailure::ProviderRejected), MessageStatus::Failed),
        (ReplyOutcome::Cancelled, MessageStatus::Cancelled),
    ];
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    for (outcome, status) in ends {
        stack.assistant.will_start(Ok(vec![
            started(0, "resp-1"),
            delta(1, "Medio"),
            ended(2, outcome.clone()),
        ]));
        let posted = ana.asks("Cuenta").await;

        stack.drain().await;

        let reply = ana.newest(posted.message.conversation).await;
        assert_eq!((reply.content.as_str(), reply.status), ("Medio", status));
        assert_eq!(*last_of(&ana.follows(posted.response.id).await), outcome);
    }
    assert_eq!(stack.assistant.prompts().len(), 4, "one request for each");
    assert!(stack.assistant.cancelled().is_empty(), "they have ended by themselves");
}

#[tokio::test]
async fn an_unavailable_provider_fails_the_reply_and_keeps_the_message() {
    type MakeError = fn() -> AssistantError;
    let errors: [(MakeError, ReplyFailure, usize); 4] = [
        (|| transient().into(), ReplyFailure::ProviderUnavailable, 3),
        (|| transient_for(60).into(), ReplyFailure::ProviderUnavailable, 1),
        (|| misconfigured().into(), ReplyFailure::ProviderUnavailable, 1),
        (|| rejected("invalid_prompt").into(), ReplyFailure::ProviderRejected, 1),
    ];
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    for (make_error, failure, n_requests) in errors {
        let n_before = stack.assistant.prompts().len();
        (0..n_requests).for_each(|_| stack.assistant.will_start(Err(make_error())));
        let posted = ana.asks("Hola").await;

        stack.drain().await;

        let response = ana.response(posted.response.id).await;
        assert_eq!((response.state, response.failure), (ResponseState::Failed, Some(failure)));
        assert_eq!(stack.assistant.prompts().len() - n_before, n_requests, "{failure:?}");
        let scope = ana.scope().await;
        let message = scope.messages().find(posted.message.id).await.unwrap().unwrap();
        assert_eq!(message.content, "Hola");
    }
}

#[tokio::test]
async fn a_request_that_failed_without_text_is_repeated() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    stack.assistant.will_start(Err(transient().into()));
    stack.assistant.will_start(Ok(vec![
        started(0, "resp-1"),
        ended(1, ReplyOutcome::Failed(ReplyFailure::ProviderUnavailable)),
    ]));
    stack.assistant.will_reply("resp-2", "Por fin.");
    let posted = ana.asks("Hola").await;

    stack.drain().await;

    let reply = ana.newest(posted.message.conversation).await;
    assert_eq!((reply.content.as_str(), reply.status), ("Por fin.", MessageStatus::Complete));
}

#[tokio::test]
async fn a_user_may_cancel_a_reply() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    stack.assistant.will_start(Ok(vec![
        started(0, "resp-1"),
        delta(1, "Hasta aquí"),
        StreamItem::Stall,
        delta(2, " y no más"),
        ended(3, ReplyOutcome::Cancelled),
    ]));
    let posted = ana.asks("Cuenta").await;
    let worker = stack.worker().await;

    let (drained, ()) = tokio::join!(worker.drain(), async {
        stack.assistant.stalled().await;
        ana.cancels(posted.response.id).await;
    });

    drained.unwrap();
    let reply = ana.newest(posted.message.conversation).await;
    assert_eq!((reply.content.as_str(), reply.status), ("Hasta aquí", MessageStatus::Cancelled));
    assert_eq!(stack.assistant.cancelled(), ["resp-1"]);
    let response = ana.response(posted.response.id).await;
    assert_eq!((response.state, response.usage), (ResponseState::Cancelled, Some(USAGE)));
}

#[tokio::test]
async fn a_local_cancellation_needs_no_poll() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let ends = ended(2, ReplyOutcome::Cancelled);
    stack.assistant.will_start(Ok(vec![
        started(0, "resp-1"),
        delta(1, "Ya"),
        StreamItem::Stall,
        ends,
    ]));
    let posted = ana.asks("Cuenta").await;
    let never = |it: &mut WorkerSettings| {
        it.cancel_poll_interval = Duration::from_hours(1);
        it.reply_heartbeat = Duration::from_hours(1);
    };
    let worker = stack.worker_with(never).await;
    let stop = CancellationToken::new();

    tokio::join!(worker.run(stop.clone()), async {
        stack.assistant.stalled().await;
        ana.cancels(posted.response.id).await;
        stack.hub.cancel(posted.response.id);
        let events = ana.follows(posted.response.id).await;
        assert_eq!(*last_of(&events), ReplyOutcome::Cancelled);
        stop.cancel();
    });

    assert_eq!(stack.assistant.cancelled(), ["resp-1"]);
}

#[tokio::test]
async fn a_reply_that_is_cancelled_before_it_started_costs_nothing() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let posted = ana.asks("Cuenta").await;
    ana.cancels(posted.response.id).await;

    stack.drain().await;

    let reply = ana.newest(posted.message.conversation).await;
    assert_eq!((reply.content.as_str(), reply.status), ("", MessageStatus::Cancelled));
    assert!(stack.assistant.prompts().is_empty());
}

#[tokio::test]
async fn a_reply_that_was_deleted_is_dropped() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    stack.assistant.will_start(Ok(vec![started(0, "resp-1"), delta(1, "Hola"), StreamItem::Stall]));
    let posted = ana.asks("Cuenta").await;
    let worker = stack.worker_with(|it| it.reply_heartbeat = Duration::from_millis(5)).await;

    let (drained, ()) = tokio::join!(worker.drain(), async {
        stack.assistant.stalled().await;
        ana.deletes_conversation(posted.message.conversation).await;
    });

    drained.unwrap();
    assert_eq!(stack.column("select id from responses").await.len(), 0);
    assert_eq!(stack.assistant.deleted_responses(), ["resp-1"]);
}

#[tokio::test]
async fn an_upstream_reply_that_no_row_names_is_stopped_and_deleted() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    stack.assistant.will_start(Ok(vec![StreamItem::Stall, started(0, "resp-1"), delta(1, "Hola")]));
    let posted = ana.asks("Cuenta").await;
    let worker = stack.worker().await;

    let (drained, ()) = tokio::join!(worker.drain(), async {
        stack.assistant.stalled().await;
        ana.deletes_conversation(posted.message.conversation).await;
        stack.assistant.resume_stream();
    });

    drained.unwrap();
    assert_eq!(stack.assistant.cancelled(), ["resp-1"]);
    assert_eq!(stack.assistant.deleted_responses(), ["resp-1"]);
}
