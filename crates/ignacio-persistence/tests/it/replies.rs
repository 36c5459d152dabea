//! Replies: one at a time, fenced, and read identically from every replica and every number.

use futures_util::StreamExt as _;
use ignacio_domain::citation::Citation;
use ignacio_domain::message::MessageStatus;
use ignacio_domain::reply::{NumberedEvent, ReplyEvent};
use ignacio_domain::response::{ReplyFailure, ReplyOutcome, ResponseState};
use ignacio_domain::usage::{Usage, UsageCost};
use ignacio_persistence::{LeaseExtension, StoreError};

use crate::support::Stack;

fn text(events: &[NumberedEvent]) -> String {
    events
        .iter()
        .filter_map(|it| match &it.event {
            ReplyEvent::Delta(text) => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn a_reply_is_written_once_and_read_from_any_replica() {
    let stack = Stack::start().await;
    let ana = stack.user("+573001110002").await;
    let conversation = stack.conversation(&ana).await;
    let file = stack.file(&ana, "guía.pdf").await;
    let posted = stack.post(&ana, conversation.id, "¿Cuánto dura?").await;
    assert_eq!(posted.reply.status, MessageStatus::Pending);

    let job =
        stack.worker.reply_jobs().claim_by_id(&[posted.response.id], "1").await.unwrap().remove(0);
    let mut reply = stack.worker.replies().open(&job).await.unwrap().unwrap();
    for part in ["Dura ", "seis ", "semanas."] {
        reply.push(ReplyEvent::Delta(part.into()));
    }
    assert!(reply.flush(Some(("resp-1", 7))).await.unwrap());
    reply.push(ReplyEvent::Cited(Citation {
        file: Some(file.id),
        file_name: "guía.pdf".into(),
        quote: Some("seis semanas".into()),
        position: 17,
        verified: None,
    }));
    let usage = Usage { input: 10, cached: 2, output: 3, reasoning: 0 };
    reply.push(ReplyEvent::Used(usage));
    assert!(
        reply
            .end(ReplyOutcome::Completed, UsageCost::Known { usage, cost_micro_usd: 7 })
            .await
            .unwrap()
    );
    drop(reply);

    for api in [&stack.api, &stack.other_api().await] {
        for after in 0..7 {
            let events = stack.events(api, &ana, job.id, after).await.unwrap();
            assert_eq!(events.last().unwrap().seq, 7);
            assert_eq!(events.last().unwrap().event, ReplyEvent::Ended(ReplyOutcome::Completed));
            assert!(events.iter().all(|it| it.seq > after));
            assert!(after > 0 || text(&events) == "Dura seis semanas.");
        }
        for after in [7, 8, i64::MAX] {
            assert!(stack.events(api, &ana, job.id, after).await.unwrap().is_empty());
        }
    }
    let scope = stack.scope(&ana).await;
    let message = scope.messages().find(posted.reply.id).await.unwrap().unwrap();
    assert_eq!(
        (message.content.as_str(), message.status),
        ("Dura seis semanas.", MessageStatus::Complete)
    );
    assert_eq!(message.citations[0].quote.as_deref(), Some("seis semanas"));
    let response = scope.responses().find(job.id).await.unwrap().unwrap();
    assert_eq!((response.state, response.usage), (ResponseState::Completed, Some(usage)));
}

#[tokio::test]
async fn readers_follow_a_reply_while_it_is_written_here_and_elsewhere() {
    let stack = Stack::start().await;
    let ana = stack.user("+573001110002").await;
    let conversation = stack.conversation(&ana).await;
    let posted = stack.post(&ana, conversation.id, "hola").await;
    let remote = stack.other_api().await;
    let mut here = Box::pin(stack.api.replies().follow(ana.digest, posted.response.id, 0));
    let there = remote.replies().follow(ana.digest, posted.response.id, 0).collect::<Vec<_>>();

    let job = stack.worker.reply_jobs().claim(1, "1").await.unwrap().remove(0);
    let mut reply = stack.worker.replies().open(&job).await.unwrap().unwrap();
    reply.push(ReplyEvent::Delta("uno ".into()));
    // Nothing is in the log yet: this event can only have come through the process.
    assert!(matches!(here.next().await.unwrap().unwrap().event, ReplyEvent::Created { .. }));
    assert_eq!(here.next().await.unwrap().unwrap().event, ReplyEvent::Delta("uno ".into()));
    assert_eq!(stack.database.query_i64("select count(*) from response_events").await, 0);
    reply.flush(None).await.unwrap();
    reply.push(ReplyEvent::Delta("dos".into()));
    reply
        .end(ReplyOutcome::Incomplete { reason: "max_output_tokens".into() }, UsageCost::Nothing)
        .await
        .unwrap();
    drop(reply);

    let rest: Vec<_> = here.map(Result::unwrap).collect().await;
    assert_eq!(text(&rest), "dos");
    let there: Vec<_> = there.await.into_iter().map(Result::unwrap).collect();
    assert_eq!(text(&there), "uno dos");
    assert!(matches!(
        there.last().unwrap().event,
        ReplyEvent::Ended(ReplyOutcome::Incomplete { .. })
    ));
}

#[tokio::test]
async fn a_second_worker_continues_where_the_log_ends() {
    let stack = Stack::start().await;
    let ana = stack.user("+573001110002").await;
    let conversation = stack.conversation(&ana).await;
    stack.post(&ana, conversation.id, "hola").await;
    let first = stack.worker.reply_jobs().claim(1, "1").await.unwrap().remove(0);
    let mut dead = stack.worker.replies().open(&first).await.unwrap().unwrap();
    dead.push(ReplyEvent::Delta("uno ".into()));
    dead.flush(Some(("resp-1", 4))).await.unwrap();
    stack.database.execute("update responses set lease_until = now() - interval '1 second'").await;

    let other = stack.other_worker().await;
    let second = other.reply_jobs().claim(1, "1").await.unwrap().remove(0);
    assert_eq!((second.provider_id.as_deref(), second.provider_cursor), (Some("resp-1"), Some(4)));
    let mut reply = other.replies().open(&second).await.unwrap().unwrap();
    assert_eq!(reply.text(), "uno ");
    reply.push(ReplyEvent::Delta("dos".into()));

    dead.push(ReplyEvent::Delta("tarde".into()));
    assert!(!dead.flush(None).await.unwrap());
    assert!(!dead.end(ReplyOutcome::Completed, UsageCost::Nothing).await.unwrap());
    assert_eq!(stack.worker.reply_jobs().extend(&first).await.unwrap(), LeaseExtension::Lost);
    assert!(stack.worker.begin_reply(&first).await.unwrap().is_none());

    assert!(reply.end(ReplyOutcome::Completed, UsageCost::Nothing).await.unwrap());
    let events = stack.events(&stack.other_api().await, &ana, second.id, 0).await.unwrap();
    assert_eq!(text(&events), "uno dos");
}

#[tokio::test]
async fn a_worker_acts_for_the_user_whose_reply_it_holds() {
    let stack = Stack::start().await;
    let ana = stack.user("+573001110002").await;
    let ben = stack.user("+573001110003").await;
    let (hers, his) = (stack.conversation(&ana).await, stack.conversation(&ben).await);
    let posted = stack.post(&ana, hers.id, "de Ana").await;
    stack.post(&ben, his.id, "de Ben").await;

    let job =
        stack.worker.reply_jobs().claim_by_id(&[posted.response.id], "1").await.unwrap().remove(0);
    let scope = stack.worker.begin_reply(&job).await.unwrap().unwrap();
    assert_eq!(scope.user().await.unwrap().id, ana.id);
    let history = scope.history(10).await.unwrap();
    assert_eq!(history.iter().map(|it| it.content.as_str()).collect::<Vec<_>>(), ["de Ana"]);
    assert_eq!(scope.previous_provider_id().await.unwrap(), None);
    assert_eq!(scope.vector_store().await.unwrap(), None);
}

#[tokio::test]
async fn history_is_complete_in_order_and_without_empty_replies() {
    let stack = Stack::start().await;
    let ana = stack.user("+573001110002").await;
    let conversation = stack.conversation(&ana).await;
    for (n, outcome) in [ReplyOutcome::Completed, ReplyOutcome::Failed(ReplyFailure::Interrupted)]
        .into_iter()
        .enumerate()
    {
        stack.post(&ana, conversation.id, &format!("pregunta {n}")).await;
        let job = stack.worker.reply_jobs().claim(1, "1").await.unwrap().remove(0);
        let mut reply = stack.worker.replies().open(&job).await.unwrap().unwrap();
        if n == 0 {
            reply.push(ReplyEvent::Delta("respuesta 0".into()));
            reply.flush(Some(("resp-0", 1))).await.unwrap();
        }
        reply.end(outcome, UsageCost::Nothing).await.unwrap();
    }
    stack.post(&ana, conversation.id, "pregunta 2").await;
    let job = stack.worker.reply_jobs().claim(1, "1").await.unwrap().remove(0);
    let scope = stack.worker.begin_reply(&job).await.unwrap().unwrap();
    let history = scope.history(10).await.unwrap();
    let texts: Vec<_> = history.iter().map(|it| it.content.as_str()).collect();
    assert_eq!(texts, ["pregunta 0", "respuesta 0", "pregunta 1", "pregunta 2"]);
    // The newest reply failed, so the provider's own state does not contain the last question.
    assert_eq!(scope.previous_provider_id().await.unwrap(), None);
}

#[tokio::test]
async fn one_reply_at_a_time_in_a_conversation() {
    let stack = Stack::start().await;
    let ana = stack.user("+573001110002").await;
    let conversation = stack.conversation(&ana).await;
    let posts = (0..8).map(|_| stack.post_with(&ana, conversation.id, "hola", &[]));
    let answers = futures_util::future::join_all(posts).await;
    assert_eq!(answers.iter().filter(|it| it.is_ok()).count(), 1);
    for refused in answers.iter().filter_map(|it| it.as_ref().err()) {
        assert!(
            matches!(refused, StoreError::Conflict(it) if it == "responses_running_key"),
            "{refused:?}"
        );
    }
    assert_eq!(stack.database.query_i64("select count(*) from messages").await, 2);
}

#[tokio::test]
async fn other_users_and_ended_sessions_read_nothing() {
    let stack = Stack::start().await;
    let ana = stack.user("+573001110002").await;
    let ben = stack.user("+573001110003").await;
    let conversation = stack.conversation(&ana).await;
    let posted = stack.post(&ana, conversation.id, "hola").await;
    let stranger = stack.events(&stack.api, &ben, posted.response.id, 0).await;
    assert!(matches!(stranger, Err(StoreError::NotFound)), "{stranger:?}");

    let mut stream = Box::pin(stack.api.replies().follow(ana.digest, posted.response.id, 0));
    let job = stack.worker.reply_jobs().claim(1, "1").await.unwrap().remove(0);
    let reply = stack.worker.replies().open(&job).await.unwrap().unwrap();
    assert!(stream.next().await.unwrap().is_ok());
    drop(reply);
    stack.database.execute("update user_sessions set revoked_at = now()").await;
    assert!(matches!(stream.next().await, Some(Err(StoreError::Unauthenticated))));
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_cancellation_reaches_the_worker_and_a_released_reply_another_worker() {
    let stack = Stack::start().await;
    let ana = stack.user("+573001110002").await;
    let conversation = stack.conversation(&ana).await;
    let posted = stack.post(&ana, conversation.id, "hola").await;
    let jobs = stack.worker.reply_jobs();
    let job = jobs.claim(1, "1").await.unwrap().remove(0);
    assert!(jobs.cancelled().await.unwrap().is_empty());
    let scope = stack.scope(&ana).await;
    scope.responses().cancel(posted.response.id).await.unwrap().unwrap();
    scope.commit().await.unwrap();
    assert_eq!(jobs.cancelled().await.unwrap(), [job.id]);
    assert_eq!(jobs.extend(&job).await.unwrap(), LeaseExtension::Held { cancel_requested: true });

    jobs.release(&job).await.unwrap();
    let other = stack.other_worker().await;
    let again = other.reply_jobs().claim(1, "1").await.unwrap().remove(0);
    assert_eq!((again.id, again.attempts), (job.id, 1));
}

#[tokio::test]
async fn a_stream_ends_with_its_session_or_user_on_every_replica() {
    for end in [
        "update users set is_active = false where not is_admin",
        "update user_sessions set revoked_at = now()",
        "delete from users where phone_number = '+573001110002'",
    ] {
        let stack = Stack::start().await;
        let ana = stack.user("+573001110002").await;
        let conversation = stack.conversation(&ana).await;
        let posted = stack.post(&ana, conversation.id, "hola").await;
        let remote = stack.other_api().await;
        let mut streams = [
            Box::pin(stack.api.replies().follow(ana.digest, posted.response.id, 0)),
            Box::pin(remote.replies().follow(ana.digest, posted.response.id, 0)),
        ];
        let job = stack.worker.reply_jobs().claim(1, "1").await.unwrap().remove(0);
        let mut reply = stack.worker.replies().open(&job).await.unwrap().unwrap();
        reply.push(ReplyEvent::Delta("uno".into()));
        reply.flush(None).await.unwrap();
        for stream in &mut streams {
            assert!(stream.next().await.unwrap().is_ok(), "created");
            assert!(stream.next().await.unwrap().is_ok(), "the delta");
        }
        stack.database.execute(end).await;
        // The reply continues without further events; the streams end nevertheless.
        for stream in &mut streams {
            let last = stream.next().await.unwrap();
            assert!(matches!(last, Err(StoreError::Unauthenticated)), "{end}: {last:?}");
            assert!(stream.next().await.is_none());
        }
    }
}
