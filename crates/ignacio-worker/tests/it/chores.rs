//! Chores: none delays a reply, none is done twice, and each is given up at some point.

use std::time::Duration;

use ignacio_domain::prompt::Purpose;
use ignacio_domain::reply::ReplyEvent;
use ignacio_domain::response::ReplyOutcome;
use ignacio_domain::usage::Usage;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::fakes::{Item, cited, delta, ended, rejected, retrieved, started, transient};
use crate::people::text_of;
use crate::stack::Stack;

const TITLE: &str = "select title from conversations";
const LEFT: &str = "select kind from follow_up_jobs";
/// Far more than anything here takes.
const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_conversation_is_named_once() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let talk = ana.starts_conversation().await;
    stack.assistant.will_compose(Ok("«Presupuesto del piloto.»\n"));
    for n in 1..=2 {
        stack.assistant.will_say(&format!("resp-{n}"), "Claro.");
        ana.says(talk, "¿Me ayudas con el presupuesto?").await;
        stack.drain().await;
    }
    assert_eq!(stack.column(TITLE).await, ["Presupuesto del piloto"]);
    let [wish] = <[_; 1]>::try_from(stack.assistant.compositions()).unwrap();
    assert_eq!((wish.purpose, wish.model.as_str()), (Purpose::Title, "model-1"));
    assert!(wish.input.contains("Persona: ¿Me ayudas con el presupuesto?"), "{}", wish.input);
    assert_eq!(wish.safety_identifier, stack.assistant.prompts()[0].safety_identifier);
    assert_eq!(stack.column(LEFT).await.len(), 0);
}

#[tokio::test]
async fn a_name_that_the_person_gave_stays() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let talk = ana.starts_conversation().await;
    let database = std::sync::Arc::clone(&stack.database);
    // It is given while the model thinks of another.
    stack.assistant.faults.before("compose", async move {
        database.execute("update conversations set title = 'Mío'").await;
    });
    stack.assistant.will_say("resp-1", "Claro.");
    ana.says(talk, "Hola").await;
    stack.drain().await;
    assert_eq!(stack.column(TITLE).await, ["Mío"]);
    assert_eq!(stack.column(LEFT).await.len(), 0);
}

#[tokio::test]
async fn without_a_model_the_first_words_are_the_title() {
    for error in [transient, || rejected("no")] {
        let stack = Stack::start().await;
        let ana = stack.ana().await;
        let talk = ana.starts_conversation().await;
        for _ in 0..3 {
            stack.assistant.faults.fail("compose", error());
        }
        stack.assistant.will_say("resp-1", "Claro.");
        ana.says(talk, "¿Me ayudas\ncon el plan?").await;
        stack.drain().await;
        assert_eq!(stack.column(TITLE).await, ["¿Me ayudas con el plan?"]);
        assert_eq!(stack.column(LEFT).await.len(), 0);
    }
}

#[tokio::test]
async fn a_reply_never_waits_for_its_title_and_tells_it_when_it_can() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let (slow, quick) = (ana.starts_conversation().await, ana.starts_conversation().await);
    let worker = stack.worker().await;
    let stop = CancellationToken::new();

    let work = async {
        // The title takes longer than the whole reply.
        let (go_on, wait) = oneshot::channel::<()>();
        stack.assistant.faults.before("compose", async { wait.await.unwrap() });
        stack.assistant.will_say("resp-1", "Claro.");
        let posted = ana.says(slow, "Hola").await;
        stack.live.enqueue(posted.response.id);
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
            Item::Hang,
            delta(2, "listo."),
            ended(3, ReplyOutcome::Completed),
        ]));
        let posted = ana.says(quick, "Hola").await;
        stack.live.enqueue(posted.response.id);
        stack.assistant.hangs().await;
        let told = "select 1 from response_events where kind = 'titled'";
        while stack.column(told).await.is_empty() {
            tokio::task::yield_now().await;
        }
        stack.assistant.goes_on();
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
async fn a_chore_whose_worker_died_is_done_by_another() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let talk = ana.starts_conversation().await;
    let (began, begun) = oneshot::channel();
    stack.assistant.faults.before("compose", async {
        began.send(()).unwrap();
        std::future::pending::<()>().await;
    });
    stack.assistant.will_say("resp-1", "Claro.");
    ana.says(talk, "Hola").await;
    let worker = stack.worker().await;
    tokio::select! {
        _ = worker.drain() => panic!("it cannot end"),
        begun = begun => begun.unwrap(),
    }
    stack.drain().await;
    assert_eq!(stack.column(TITLE).await, ["-"], "somebody holds it");
    stack.expire_leases().await;
    stack.drain().await;
    assert_eq!(stack.column(TITLE).await, ["Una conversación"]);
}

#[tokio::test]
async fn a_chore_of_a_conversation_that_is_deleted_is_dropped() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let talk = ana.starts_conversation().await;
    let database = std::sync::Arc::clone(&stack.database);
    stack.assistant.faults.before("compose", async move {
        database.execute("delete from conversations").await;
    });
    stack.assistant.will_say("resp-1", "Claro.");
    ana.says(talk, "Hola").await;
    stack.drain().await;
    assert_eq!(stack.column(LEFT).await.len(), 0);
}

#[tokio::test]
async fn a_chore_that_never_works_is_given_up() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let talk = ana.starts_conversation().await;
    stack.database.execute("update conversations set title = 'Mío'").await;
    let worker = stack.worker_with(|it| it.history_tokens = 10).await;
    for n in 1..=2 {
        if n == 2 {
            for _ in 0..9 {
                stack.assistant.faults.fail("compose", transient());
            }
        }
        stack.assistant.will_say(&format!("resp-{n}"), "Una respuesta bastante larga.");
        ana.says(talk, "Una pregunta bastante larga.").await;
        worker.drain().await.unwrap();
    }
    assert_eq!(stack.column(LEFT).await.len(), 0);
    assert_eq!(stack.assistant.compositions().len(), 5);
}

#[tokio::test]
async fn quotations_are_looked_up_where_the_document_is_text() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let text = "El piloto  dura\nSEIS semanas. Hay café.";
    let guide = ana.hands_over("Guía.txt", text).await;
    let wrong = ana.hands_over("Plan.md", "Otra cosa.").await;
    let pdf = ana.hands_over("Plan.pdf", "El piloto dura seis semanas.").await;
    let lost = ana.hands_over("Lista.csv", "El piloto dura seis semanas.").await;
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
    // The first look fails, and is repeated.
    stack.objects.faults.fail("get", transient());
    stack.objects.lose(&ana.key(lost));
    let talk = ana.starts_conversation().await;
    ana.says(talk, "¿Cuánto dura?").await;
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
async fn what_a_reply_took_is_known_although_its_stream_does_not_say_so() {
    let used = Usage { input: 9, cached: 0, output: 4, reasoning: 1 };
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let talk = ana.starts_conversation().await;
    // It breaks for good, and what is left is asked for once.
    stack.assistant.will_start(Ok(vec![started(0, "resp-1"), delta(1, "Hola")]));
    stack.assistant.will_have_used(used);
    let failed = ana.says(talk, "Cuenta").await;
    stack.drain().await;
    assert_eq!(ana.response(failed.response.id).await.usage, Some(used));
    let events = ana.follows(failed.response.id).await;
    assert!(events.contains(&ReplyEvent::Used(used)));

    // It is stopped, and its stream just ends.
    stack.assistant.will_start(Ok(vec![started(0, "resp-2"), delta(1, "Hola"), Item::Hang]));
    stack.assistant.will_have_used(used);
    let stopped = ana.says(talk, "Cuenta").await;
    let worker = stack.worker().await;
    let (drained, ()) = tokio::join!(worker.drain(), async {
        stack.assistant.hangs().await;
        ana.stops(stopped.response.id).await;
    });
    drained.unwrap();
    assert_eq!(ana.response(stopped.response.id).await.usage, Some(used));

    // Where it cannot be asked, the reply ends all the same.
    stack.assistant.will_start(Ok(vec![started(0, "resp-3"), delta(1, "Hola")]));
    stack.assistant.faults.fail("usage", transient());
    let unknown = ana.says(talk, "Cuenta").await;
    stack.drain().await;
    let response = ana.response(unknown.response.id).await;
    assert_eq!((response.state.is_final(), response.usage), (true, None));
}
