//! Attachments and tools: images, documents that are not indexed yet, web search, and what is
//! recorded about them.

use ignacio_domain::reply::ReplyEvent;
use ignacio_worker::SYSTEM_CLOCK;

use crate::fakes::transient;
use crate::stack::Stack;
use crate::users::text_of;

#[tokio::test]
async fn an_image_is_sent_to_the_model_and_a_lost_one_is_named() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    let shown = ana.uploads("foto.png", "\u{89}PNG").await;
    let lost = ana.uploads("otra.jpg", "JFIF").await;
    stack.objects.lose(&ana.key(lost));
    stack.assistant.will_reply("resp-1", "Veo una foto.");
    ana.posts_with(conversation, "¿Qué ves?", vec![shown, lost]).await;
    stack.drain().await;

    let [prompt] = <[_; 1]>::try_from(stack.assistant.prompts()).unwrap();
    let mut notes: Vec<_> =
        prompt.turns.iter().map(|it| (it.text.as_str(), it.images.len())).collect();
    assert_eq!(notes.pop(), Some(("¿Qué ves?", 0)));
    notes.sort_unstable();
    assert_eq!(
        notes,
        [("[imagen adjunta: foto.png]", 1), ("[imagen adjunta: otra.jpg, no se puede ver]", 0)]
    );
    let image = prompt.turns.iter().find_map(|it| it.images.first()).unwrap();
    assert_eq!(image.media_type, "image/png");
    assert_eq!(image.content, "\u{89}PNG".as_bytes());
    assert_eq!(ana.newest(conversation).await.content, "Veo una foto.");

    // The provider has it in its state, so it is not sent again.
    stack.assistant.will_reply("resp-2", "Nada más.");
    ana.posts(conversation, "¿Y qué más?").await;
    stack.drain().await;
    let prompt = stack.assistant.prompts().pop().unwrap();
    assert!(prompt.turns.iter().all(|it| it.images.is_empty()));
}

#[tokio::test]
async fn a_pending_document_is_reported_and_the_reply_goes_on() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let ready = ana.uploads("plan.txt", "El plan.").await;
    stack.drain().await;
    let late = ana.uploads("guía.txt", "El piloto dura seis semanas.").await;
    stack.vector_store.faults.fail("upload_file", transient());
    // Meanwhile no worker syncs it.
    stack
        .database
        .execute("update user_files set next_attempt_at = now() + interval '1 hour'")
        .await;
    stack.assistant.will_reply("resp-1", "Sin la guía.");
    let posted =
        ana.posts_with(ana.starts_conversation().await, "¿Qué dice?", vec![ready, late]).await;
    stack.drain().await;

    let events = ana.follows(posted.response.id).await;
    let pending = ReplyEvent::FilePending { file: late, name: "guía.txt".to_owned() };
    let texts: Vec<_> =
        events.iter().filter(|it| matches!(it, ReplyEvent::FilePending { .. })).collect();
    assert_eq!(texts, [&pending]);
    assert_eq!(text_of(&events), "Sin la guía.");
    let prompt = &stack.assistant.prompts()[0];
    let notes: Vec<_> = prompt.turns.iter().map(|it| it.text.as_str()).collect();
    assert!(notes.contains(&"[documento adjunto: guía.txt, todavía se está procesando]"));
    assert!(notes.contains(&"[documento adjunto: plan.txt]"));
}

#[tokio::test]
async fn a_document_that_is_being_indexed_is_waited_for() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let guide = ana.uploads("guía.txt", "El piloto dura seis semanas.").await;
    stack
        .database
        .execute("update user_files set next_attempt_at = now() + interval '1 hour'")
        .await;
    stack.assistant.will_reply("resp-1", "Seis semanas.");
    let posted =
        ana.posts_with(ana.starts_conversation().await, "¿Cuánto dura?", vec![guide]).await;
    let patient = stack.worker_with(|it| it.clock = SYSTEM_CLOCK).await;
    let (drained, ()) = tokio::join!(patient.drain(), async {
        let running = "select 1 from responses where state = 'running'";
        while stack.column(running).await.is_empty() {
            tokio::task::yield_now().await;
        }
        stack.database.execute("update user_files set next_attempt_at = now()").await;
        stack.drain().await;
    });
    drained.unwrap();
    let events = ana.follows(posted.response.id).await;
    assert!(!events.iter().any(|it| matches!(it, ReplyEvent::FilePending { .. })));
    assert!(stack.assistant.prompts()[0].file_search.is_some());
}

#[tokio::test]
async fn the_web_is_searched_where_deployment_and_user_allow_it() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    for (deployment, user) in [(true, true), (true, false), (false, true), (false, false)] {
        let set = format!("update users set web_search = {user}");
        stack.database.execute(&set).await;
        let worker = stack.worker_with(|it| it.web_search = deployment).await;
        stack.assistant.will_reply("resp", "Claro.");
        let posted = ana.asks("¿Qué hay de nuevo?").await;
        worker.drain().await.unwrap();
        let is_on = deployment && user;
        assert_eq!(stack.assistant.prompts().pop().unwrap().web_search, is_on);
        let tools = ana.response(posted.response.id).await.tools;
        assert_eq!(tools, if is_on { vec!["web_search".to_owned()] } else { Vec::new() });
    }
}

#[tokio::test]
async fn a_replys_tools_instructions_and_times_are_recorded() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    ana.uploads("guía.txt", "El piloto dura seis semanas.").await;
    stack.drain().await;
    let conversation = ana.starts_conversation().await;
    stack.assistant.will_reply("resp-1", "Hola");
    let posted = ana.posts(conversation, "Hola").await;
    assert_eq!(posted.response.started_at, None);
    stack.drain().await;
    let response = ana.response(posted.response.id).await;
    assert_eq!(response.tools, ["file_search"]);
    assert_eq!(
        response.instructions_version.as_deref(),
        Some(ignacio_domain::prompt::INSTRUCTIONS_VERSION)
    );
    let (started, text, finished) = (
        response.started_at.unwrap(),
        response.first_text_at.unwrap(),
        response.finished_at.unwrap(),
    );
    assert!(response.created_at <= started && started <= text && text <= finished);

    // A reply without text has no first text.
    stack.assistant.will_start(Err(crate::fakes::rejected("no").into()));
    let empty = ana.posts(conversation, "¿Y?").await;
    stack.drain().await;
    assert_eq!(ana.response(empty.response.id).await.first_text_at, None);
}
