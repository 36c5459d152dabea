//! Replies: told at once, stored whole, cut and taken up again, and never shown as more than
//! they are.

use std::time::Duration;

use ignacio_domain::message::MessageStatus;
use ignacio_domain::ports::AssistantError;
use ignacio_domain::reply::ReplyEvent;
use ignacio_domain::response::{ReplyFailure, ReplyOutcome, ResponseState};
use ignacio_domain::usage::Usage;

use ignacio_worker::WorkerSettings;
use tokio_util::sync::CancellationToken;

use crate::fakes::{
    Item, cited, delta, ended, misconfigured, rejected, retrieved, started, transient,
    transient_for,
};
use crate::people::text_of;
use crate::stack::Stack;

const USAGE: Usage = Usage { input: 100, cached: 40, output: 20, reasoning: 5 };

fn last_of(events: &[ReplyEvent]) -> &ReplyOutcome {
    match events.last() {
        Some(ReplyEvent::Ended(outcome)) => outcome,
        other => panic!("{other:?} is no end"),
    }
}

#[tokio::test]
async fn a_reply_is_told_and_stored() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    stack.assistant.will_start(Ok(vec![
        started(0, "resp-1"),
        delta(1, "Hola, "),
        delta(2, "Ana.\0"),
        ended(3, ReplyOutcome::Completed),
    ]));
    let posted = ana.says(conversation, "Hola").await;

    stack.drain().await;
    stack.drain().await;

    let reply = ana.newest(conversation).await;
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
async fn the_model_is_told_what_it_needs_and_no_more() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.hands_over("guía.txt", "El piloto dura seis semanas.").await;
    let conversation = ana.starts_conversation().await;
    stack.drain().await;
    stack.assistant.will_say("resp-1", "Claro.");
    let posted = ana.says_with(conversation, "¿Qué dice?", vec![guide]).await;

    stack.drain().await;

    let [prompt] = <[_; 1]>::try_from(stack.assistant.prompts()).unwrap();
    assert_eq!(prompt.response, posted.response.id);
    assert_eq!(prompt.model, "model-1");
    assert_eq!(prompt.previous_response_id, None);
    let turns: Vec<_> = prompt.turns.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(turns, ["[documento adjunto: guía.txt]", "¿Qué dice?"]);
    let search = prompt.file_search.unwrap();
    assert_eq!((search.owner, vec![search.vector_store_id]), (ana.id, stack.library.stores()));
    assert_eq!(prompt.safety_identifier.len(), 64);
    assert!(!prompt.safety_identifier.contains(&ana.id.to_string()));
    assert!(!prompt.instructions.contains(ana.phone.expose()));
}

#[tokio::test]
async fn nobody_is_told_of_another_persons_library() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    ana.hands_over("guía.txt", "El piloto dura seis semanas.").await;
    let ben = stack.participant("Ben", "+573000000002").await;
    let conversation = ben.starts_conversation().await;
    stack.drain().await;
    stack.assistant.will_say("resp-1", "Hola.");
    ben.says(conversation, "Hola").await;

    stack.drain().await;

    assert_eq!(stack.assistant.prompts()[0].file_search, None);
}

#[tokio::test]
async fn a_citation_names_the_persons_file_and_quotes_it() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.hands_over("Guía.txt", "El piloto dura seis semanas. Hay café.").await;
    stack.drain().await;
    let id = stack.provider_id(guide).await;
    let conversation = ana.starts_conversation().await;
    stack.assistant.will_start(Ok(vec![
        started(0, "resp-1"),
        retrieved(1, &id, "El piloto dura seis semanas. Hay café."),
        delta(2, "Según la guía, el piloto dura seis semanas"),
        cited(3, &id, 42),
        cited(4, &id, 42),
        cited(5, "file-of-nobody", 42),
        delta(6, "."),
        ended(7, ReplyOutcome::Completed),
    ]));
    let posted = ana.says(conversation, "¿Cuánto dura?").await;

    stack.drain().await;

    let [citation] = <[_; 1]>::try_from(ana.newest(conversation).await.citations).unwrap();
    assert_eq!(citation.file, Some(guide));
    assert_eq!(citation.file_name, "Guía.txt");
    assert_eq!(citation.quote.as_deref(), Some("El piloto dura seis semanas."));
    assert_eq!(citation.position, 42);
    let told = ana.follows(posted.response.id).await;
    assert_eq!(told.iter().filter(|it| matches!(it, ReplyEvent::Cited(_))).count(), 1);
}

#[tokio::test]
async fn a_second_turn_goes_on_from_the_providers_state() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    stack.assistant.will_say("resp-1", "Uno.");
    ana.says(conversation, "Primera").await;
    stack.drain().await;
    stack.assistant.will_say("resp-2", "Dos.");
    ana.says(conversation, "Segunda").await;
    stack.drain().await;

    let prompts = stack.assistant.prompts();
    assert_eq!(prompts[1].previous_response_id.as_deref(), Some("resp-1"));
    assert_eq!(prompts[1].turns.len(), 1);
    assert_eq!(prompts[1].turns[0].text, "Segunda");
}

#[tokio::test]
async fn a_lost_state_falls_back_on_the_whole_history() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    stack.assistant.will_say("resp-1", "Uno.");
    ana.says(conversation, "Primera").await;
    stack.drain().await;
    stack.assistant.will_start(Err(AssistantError::StateLost));
    stack.assistant.will_say("resp-2", "Dos.");
    ana.says(conversation, "Segunda").await;
    stack.drain().await;

    let prompts = stack.assistant.prompts();
    assert_eq!(prompts.len(), 3);
    assert_eq!(prompts[2].previous_response_id, None);
    let turns: Vec<_> = prompts[2].turns.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(turns, ["Primera", "Uno.", "Segunda"]);
    assert_eq!(ana.newest(conversation).await.content, "Dos.");
}

#[tokio::test]
async fn after_a_failed_reply_the_whole_history_is_told() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    stack.assistant.will_start(Err(rejected("bad").into()));
    ana.says(conversation, "Primera").await;
    stack.drain().await;
    stack.assistant.will_say("resp-2", "Dos.");
    ana.says(conversation, "Segunda").await;
    stack.drain().await;

    let prompts = stack.assistant.prompts();
    assert_eq!(prompts[1].previous_response_id, None);
    let turns: Vec<_> = prompts[1].turns.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(turns, ["Primera", "Segunda"]);
}

#[tokio::test]
async fn a_cut_stream_is_taken_up_where_it_was_cut() {
    let cuts: [fn() -> Vec<Item>; 2] =
        [Vec::new, || vec![Item::Break(AssistantError::Port(transient()))]];
    let stack = Stack::start().await;
    for cut in cuts {
        let ana = stack.somebody().await;
        let n_before = stack.assistant.resumed().len();
        let conversation = ana.starts_conversation().await;
        let mut items = vec![started(0, "resp-1"), delta(1, "uno "), delta(2, "dos ")];
        items.extend(cut());
        stack.assistant.will_start(Ok(items));
        stack.assistant.will_resume(Err(transient().into()));
        // The provider repeats what is known already.
        stack.assistant.will_resume(Ok(vec![delta(2, "dos "), delta(3, "tres "), delta(4, "y ")]));
        stack.assistant.will_resume(Ok(vec![delta(5, "más"), ended(6, ReplyOutcome::Completed)]));
        let posted = ana.says(conversation, "Cuenta").await;

        stack.drain().await;

        let from_the_start = ("resp-1".to_owned(), -1);
        assert_eq!(stack.assistant.resumed()[n_before..], vec![from_the_start; 3]);
        let reply = ana.newest(conversation).await;
        assert_eq!(reply.content, "uno dos tres y más");
        assert_eq!(reply.status, MessageStatus::Complete);
        assert_eq!(text_of(&ana.follows(posted.response.id).await), reply.content);
    }
    assert_eq!(stack.assistant.prompts().len(), 2, "one request for each");
}

#[tokio::test]
async fn a_cut_that_cannot_be_mended_leaves_the_text_and_says_so() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    let deltas = (1..=5).map(|it| delta(it, "palabra "));
    stack.assistant.will_start(Ok([started(0, "resp-1")].into_iter().chain(deltas).collect()));
    let posted = ana.says(conversation, "Cuenta").await;

    stack.drain().await;

    let reply = ana.newest(conversation).await;
    assert_eq!(reply.content, "palabra ".repeat(5));
    assert_eq!(reply.status, MessageStatus::Failed);
    let response = ana.response(posted.response.id).await;
    assert_eq!(response.failure, Some(ReplyFailure::Interrupted));
    assert_eq!(stack.assistant.prompts().len(), 1, "nobody asks twice once there is text");
    let events = ana.follows(posted.response.id).await;
    assert_eq!(*last_of(&events), ReplyOutcome::Failed(ReplyFailure::Interrupted));
}

#[tokio::test]
async fn silence_is_a_cut_too() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    stack.assistant.will_start(Ok(vec![started(0, "resp-1"), delta(1, "uno "), Item::Hang]));
    stack.assistant.will_resume(Ok(vec![delta(2, "dos"), ended(3, ReplyOutcome::Completed)]));
    ana.says(conversation, "Cuenta").await;
    let impatient = stack.worker_with(|it| it.idle = Duration::ZERO).await;

    impatient.drain().await.unwrap();

    let reply = ana.newest(conversation).await;
    assert_eq!((reply.content.as_str(), reply.status), ("uno dos", MessageStatus::Complete));
}

#[tokio::test]
async fn a_reply_may_not_take_for_ever() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    stack.assistant.will_start(Ok(vec![started(0, "resp-1"), Item::Hang]));
    let posted = ana.says(conversation, "Cuenta").await;
    let impatient = stack.worker_with(|it| it.reply_deadline = Duration::from_millis(200)).await;

    impatient.drain().await.unwrap();

    let response = ana.response(posted.response.id).await;
    assert_eq!(response.failure, Some(ReplyFailure::TimedOut));
    assert_eq!(stack.assistant.cancelled(), ["resp-1"]);
}

#[tokio::test]
async fn the_providers_own_end_is_kept_as_it_is() {
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
        let conversation = ana.starts_conversation().await;
        stack.assistant.will_start(Ok(vec![
            started(0, "resp-1"),
            delta(1, "Medio"),
            ended(2, outcome.clone()),
        ]));
        let posted = ana.says(conversation, "Cuenta").await;

        stack.drain().await;

        let reply = ana.newest(conversation).await;
        assert_eq!((reply.content.as_str(), reply.status), ("Medio", status));
        assert_eq!(*last_of(&ana.follows(posted.response.id).await), outcome);
    }
    assert_eq!(stack.assistant.prompts().len(), 4, "one request for each");
    assert!(stack.assistant.cancelled().is_empty(), "they have ended by themselves");
}

#[tokio::test]
async fn a_provider_that_is_down_costs_the_reply_and_not_the_message() {
    type Answer = fn() -> AssistantError;
    let answers: [(Answer, ReplyFailure, usize); 4] = [
        (|| transient().into(), ReplyFailure::ProviderUnavailable, 3),
        (|| transient_for(60).into(), ReplyFailure::ProviderUnavailable, 1),
        (|| misconfigured().into(), ReplyFailure::ProviderUnavailable, 1),
        (|| rejected("invalid_prompt").into(), ReplyFailure::ProviderRejected, 1),
    ];
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    for (answer, failure, n_requests) in answers {
        let conversation = ana.starts_conversation().await;
        let n_before = stack.assistant.prompts().len();
        (0..n_requests).for_each(|_| stack.assistant.will_start(Err(answer())));
        let posted = ana.says(conversation, "Hola").await;

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
async fn a_request_that_failed_without_a_word_is_repeated() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    stack.assistant.will_start(Err(transient().into()));
    stack.assistant.will_start(Ok(vec![
        started(0, "resp-1"),
        ended(1, ReplyOutcome::Failed(ReplyFailure::ProviderUnavailable)),
    ]));
    stack.assistant.will_say("resp-2", "Por fin.");
    ana.says(conversation, "Hola").await;

    stack.drain().await;

    let reply = ana.newest(conversation).await;
    assert_eq!((reply.content.as_str(), reply.status), ("Por fin.", MessageStatus::Complete));
}

#[tokio::test]
async fn a_person_may_stop_a_reply() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    stack.assistant.will_start(Ok(vec![
        started(0, "resp-1"),
        delta(1, "Hasta aquí"),
        Item::Hang,
        delta(2, " y no más"),
        ended(3, ReplyOutcome::Cancelled),
    ]));
    let posted = ana.says(conversation, "Cuenta").await;
    let worker = stack.worker().await;

    let (drained, ()) = tokio::join!(worker.drain(), async {
        stack.assistant.hangs().await;
        ana.stops(posted.response.id).await;
    });

    drained.unwrap();
    let reply = ana.newest(conversation).await;
    assert_eq!((reply.content.as_str(), reply.status), ("Hasta aquí", MessageStatus::Cancelled));
    assert_eq!(stack.assistant.cancelled(), ["resp-1"]);
    let response = ana.response(posted.response.id).await;
    assert_eq!((response.state, response.usage), (ResponseState::Cancelled, Some(USAGE)));
}

#[tokio::test]
async fn a_stop_that_is_called_for_in_this_process_is_heard_without_looking() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    let ends = ended(2, ReplyOutcome::Cancelled);
    stack.assistant.will_start(Ok(vec![started(0, "resp-1"), delta(1, "Ya"), Item::Hang, ends]));
    let posted = ana.says(conversation, "Cuenta").await;
    let never = |it: &mut WorkerSettings| {
        it.cancel_poll = Duration::from_hours(1);
        it.reply_heartbeat = Duration::from_hours(1);
    };
    let worker = stack.worker_with(never).await;
    let stop = CancellationToken::new();

    tokio::join!(worker.run(stop.clone()), async {
        stack.assistant.hangs().await;
        ana.stops(posted.response.id).await;
        stack.live.cancel(posted.response.id);
        let events = ana.follows(posted.response.id).await;
        assert_eq!(*last_of(&events), ReplyOutcome::Cancelled);
        stop.cancel();
    });

    assert_eq!(stack.assistant.cancelled(), ["resp-1"]);
}

#[tokio::test]
async fn a_reply_that_is_stopped_before_it_began_costs_nothing() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    let posted = ana.says(conversation, "Cuenta").await;
    ana.stops(posted.response.id).await;

    stack.drain().await;

    let reply = ana.newest(conversation).await;
    assert_eq!((reply.content.as_str(), reply.status), ("", MessageStatus::Cancelled));
    assert!(stack.assistant.prompts().is_empty());
}

#[tokio::test]
async fn a_reply_that_was_deleted_is_dropped() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    stack.assistant.will_start(Ok(vec![started(0, "resp-1"), delta(1, "Hola"), Item::Hang]));
    ana.says(conversation, "Cuenta").await;
    let worker = stack.worker_with(|it| it.reply_heartbeat = Duration::from_millis(5)).await;

    let (drained, ()) = tokio::join!(worker.drain(), async {
        stack.assistant.hangs().await;
        ana.deletes_conversation(conversation).await;
    });

    drained.unwrap();
    assert_eq!(stack.column("select id from responses").await.len(), 0);
    assert_eq!(stack.assistant.forgotten(), ["resp-1"]);
}

#[tokio::test]
async fn an_upstream_reply_that_no_row_names_is_stopped_and_deleted() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    stack.assistant.will_start(Ok(vec![Item::Hang, started(0, "resp-1"), delta(1, "Hola")]));
    ana.says(conversation, "Cuenta").await;
    let worker = stack.worker().await;

    let (drained, ()) = tokio::join!(worker.drain(), async {
        stack.assistant.hangs().await;
        ana.deletes_conversation(conversation).await;
        stack.assistant.goes_on();
    });

    drained.unwrap();
    assert_eq!(stack.assistant.cancelled(), ["resp-1"]);
    assert_eq!(stack.assistant.forgotten(), ["resp-1"]);
}
