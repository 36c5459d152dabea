//! Follow-up jobs: none delays a reply, none runs twice, and each is given up eventually.

use std::time::Duration;

use ignacio_domain::prompt::Purpose;
use ignacio_domain::reply::ReplyEvent;
use ignacio_domain::response::ReplyOutcome;
use ignacio_domain::usage::Usage;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::crashes::crash;
use crate::fakes::{StreamItem, cited, delta, ended, rejected, retrieved, started, transient};
use crate::stack::Stack;
use crate::users::text_of;

const TITLE: &str = "select title from conversations";
const LEFT: &str = "select kind from follow_up_jobs";
/// Far longer than anything here takes.
const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_conversation_gets_one_title() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    stack.assistant.will_generate(Ok("«Presupuesto del piloto.»\n"));
    for n in 1..=2 {
        stack.assistant.will_reply(&format!("resp-{n}"), "Claro.");
        ana.posts(conversation, "¿Me ayudas con el presupuesto?").await;
        stack.drain().await;
    }
    assert_eq!(stack.column(TITLE).await, ["Presupuesto del piloto"]);
    let [request] = <[_; 1]>::try_from(stack.assistant.generated_texts()).unwrap();
    assert_eq!((request.purpose, request.model.as_str()), (Purpose::Title, "model-1"));
    assert!(request.input.contains("Persona: ¿Me ayudas con el presupuesto?"), "{}", request.input);
    assert_eq!(request.safety_identifier, stack.assistant.prompts()[0].safety_identifier);
    assert_eq!(stack.column(LEFT).await.len(), 0);
}

#[tokio::test]
async fn a_title_that_the_user_set_stays() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let database = std::sync::Arc::clone(&stack.database);
    // The user sets it while the model generates another.
    stack.assistant.faults.before("generate_text", async move {
        database.execute("update conversations set title = 'Mío'").await;
    });
    stack.assistant.will_reply("resp-1", "Claro.");
    ana.asks("Hola").await;
    stack.drain().await;
    assert_eq!(stack.column(TITLE).await, ["Mío"]);
    assert_eq!(stack.column(LEFT).await.len(), 0);
}

#[tokio::test]
async fn without_a_model_the_first_words_are_the_title() {
    for error in [transient, || rejected("no")] {
        let stack = Stack::start().await;
        let ana = stack.ana().await;
        for _ in 0..3 {
            stack.assistant.faults.fail("generate_text", error());
        }
        stack.assistant.will_reply("resp-1", "Claro.");
        ana.asks("¿Me ayudas\ncon el plan?").await;
        stack.drain().await;
        assert_eq!(stack.column(TITLE).await, ["¿Me ayudas con el plan?"]);
        assert_eq!(stack.column(LEFT).await.len(), 0);
    }
}

#[tokio::test]
async fn a_reply_never_waits_for_its_title_and_sends_it_when_it_can() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let (slow, quick) = (ana.starts_conversation().await, ana.starts_conversation().await);
    let worker = stack.worker().await;
    let stop = CancellationToken::new();

    let work = async {
        // The title takes longer than the whole reply.
        let (go_on, wait) = oneshot::channel::<()>();
        stack.assistant.faults.before("generate_text", async { wait.await.unwrap() });
        stack.assistant.will_reply("resp-1", "Claro.");
        let posted = ana.posts(slow, "Hola").await;
        stack.hub.enqueue(posted.response.id);
        let events = ana.follows(posted.response.id).await;
        assert_eq!(text_of(&events), "Claro.");
        assert!(!events.iter().any(|it| matches!(it, ReplyEvent::Titled(_))));
        assert_eq!(
            stack.column("select title from conversations where title is not null").await,
            [""; 0]
        );
        go_on.send(()).unwrap();

        // And here the reply takes longer.
        stack.assistant.will_start(Ok(vec![
            started(0, "resp-2"),
            delta(1, "Casi "),
            StreamItem::Stall,
            delta(2, "listo."),
            ended(3, ReplyOutcome::Completed),
        ]));
        let posted = ana.posts(quick, "Hola").await;
        stack.hub.enqueue(posted.response.id);
        stack.assistant.stalled().await;
        let texts = "select 1 from response_events where kind = 'titled'";
        while stack.column(texts).await.is_empty() {
            tokio::task::yield_now().await;
        }
        stack.assistant.resume_stream();
        let events = ana.follows(posted.response.id).await;
        assert_eq!(text_of(&events), "Casi listo.");
        let titled = ReplyEvent::Titled("Una conversación".to_owned());
        assert_eq!(events.iter().filter(|it| **it == titled).count(), 1);
        stop.cancel();
    };
    let both = Box::pin(async { tokio::join!(worker.run(stop.clone()), work) });
    timeout(SOON, both).await.unwrap();
    assert_eq!(stack.column(TITLE).await, ["Una conversación"; 2]);
}

#[tokio::test]
async fn a_follow_up_job_whose_worker_crashed_is_done_by_another() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let (crash, has_crashed) = crash();
    stack.assistant.faults.before("generate_text", crash);
    stack.assistant.will_reply("resp-1", "Claro.");
    ana.asks("Hola").await;
    let worker = stack.worker().await;
    tokio::select! {
        _ = worker.drain() => panic!("it cannot end"),
        _ = has_crashed => {}
    }
    stack.drain().await;
    assert_eq!(stack.column(TITLE).await, ["-"], "another worker has it");
    stack.expire_leases().await;
    stack.drain().await;
    assert_eq!(stack.column(TITLE).await, ["Una conversación"]);
}

#[tokio::test]
async fn a_follow_up_job_of_a_deleted_conversation_is_dropped() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let database = std::sync::Arc::clone(&stack.database);
    stack.assistant.faults.before("generate_text", async move {
        database.execute("delete from conversations").await;
    });
    stack.assistant.will_reply("resp-1", "Claro.");
    ana.asks("Hola").await;
    stack.drain().await;
    assert_eq!(stack.column(LEFT).await.len(), 0);
}

#[tokio::test]
async fn a_follow_up_job_that_always_fails_is_given_up() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    stack.database.execute("update conversations set title = 'Mío'").await;
    let worker = stack.worker_with(|it| it.history_tokens = 10).await;
    for n in 1..=2 {
        if n == 2 {
            for _ in 0..9 {
                stack.assistant.faults.fail("generate_text", transient());
            }
        }
        stack.assistant.will_reply(&format!("resp-{n}"), "Una respuesta bastante larga.");
        ana.posts(conversation, "Una pregunta bastante larga.").await;
        worker.drain().await.unwrap();
    }
    assert_eq!(stack.column(LEFT).await.len(), 0);
    assert_eq!(stack.assistant.generated_texts().len(), 5);
}

#[tokio::test]
async fn citations_are_verified_where_the_document_is_text() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let text = "El piloto  dura\nSEIS semanas. Hay café.";
    let guide = ana.uploads("Guía.txt", text).await;
    let wrong = ana.uploads("Plan.md", "Otra cosa.").await;
    let pdf = ana.uploads("Plan.pdf", "El piloto dura seis semanas.").await;
    let lost = ana.uploads("Lista.csv", "El piloto dura seis semanas.").await;
    stack.drain().await;
    let mut items = vec![started(0, "resp-1"), delta(1, "El piloto dura seis semanas")];
    let mut n = 2;
    for file in [guide, wrong, pdf, lost] {
        let id = stack.provider_id(file).await;
        items.push(retrieved(n, &id, "El piloto dura seis semanas."));
        items.push(cited(n + 1, &id, 27));
        n += 2;
    }
    items.push(ended(n, ReplyOutcome::Completed));
    stack.assistant.will_start(Ok(items));
    // The first read fails, and is repeated.
    stack.objects.faults.fail("get", transient());
    stack.objects.lose(&ana.key(lost));
    ana.asks("¿Cuánto dura?").await;
    stack.drain().await;

    let found = "select file_name || ' ' || coalesce(verified::text, '?')
                   from citations order by file_name";
    assert_eq!(
        stack.column(found).await,
        ["Guía.txt true", "Lista.csv ?", "Plan.md false", "Plan.pdf ?"]
    );
    assert_eq!(stack.column(LEFT).await.len(), 0);
}

#[tokio::test]
async fn a_replys_usage_is_known_although_its_stream_does_not_report_it() {
    let used = Usage { input: 9, cached: 0, output: 4, reasoning: 1 };
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    // The stream breaks for good, and the usage is requested once.
    stack.assistant.will_start(Ok(vec![started(0, "resp-1"), delta(1, "Hola")]));
    stack.assistant.will_report_usage(used);
    let failed = ana.posts(conversation, "Cuenta").await;
    stack.drain().await;
    assert_eq!(ana.response(failed.response.id).await.usage, Some(used));
    let events = ana.follows(failed.response.id).await;
    assert!(events.contains(&ReplyEvent::Used(used)));

    // The reply is cancelled, and its stream just ends.
    stack.assistant.will_start(Ok(vec![started(0, "resp-2"), delta(1, "Hola"), StreamItem::Stall]));
    stack.assistant.will_report_usage(used);
    let stopped = ana.posts(conversation, "Cuenta").await;
    let worker = stack.worker().await;
    let (drained, ()) = tokio::join!(worker.drain(), async {
        stack.assistant.stalled().await;
        ana.cancels(stopped.response.id).await;
    });
    drained.unwrap();
    assert_eq!(ana.response(stopped.response.id).await.usage, Some(used));

    // If the request fails, the reply ends nevertheless.
    stack.assistant.will_start(Ok(vec![started(0, "resp-3"), delta(1, "Hola")]));
    stack.assistant.faults.fail("fetch_usage", transient());
    let unknown = ana.posts(conversation, "Cuenta").await;
    stack.drain().await;
    let response = ana.response(unknown.response.id).await;
    assert_eq!((response.state.is_final(), response.usage), (true, None));
}
