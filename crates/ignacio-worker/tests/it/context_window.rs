//! The part of a conversation that the model is given: all of it, or a summary and the newest part;
//! never replaced messages.

use ignacio_domain::ids::ConversationId;
use ignacio_domain::ports::AssistantError;
use ignacio_domain::prompt::{Prompt, Purpose};
use ignacio_worker::{Worker, WorkerSettings};

use crate::fakes::rejected;
use crate::stack::Stack;
use crate::users::Participant;

/// A conversation of more than about 800 bytes is long.
fn small_context(settings: &mut WorkerSettings) {
    settings.history_tokens = 200;
}

fn texts(prompt: &Prompt) -> Vec<&str> {
    prompt.turns.iter().map(|it| it.text.as_str()).collect()
}

/// One question, its reply, and the follow-up jobs.
async fn turn(
    stack: &Stack,
    worker: &Worker,
    ana: &Participant<'_>,
    conversation: ConversationId,
    n: usize,
    question: &str,
) -> Prompt {
    stack.assistant.will_reply(&format!("resp-{n}"), &format!("Respuesta {n}."));
    ana.posts(conversation, question).await;
    worker.drain().await.unwrap();
    stack.assistant.prompts().pop().unwrap()
}

#[tokio::test]
async fn the_first_message_is_known_at_turn_60_and_after_a_restart() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    let worker = stack.worker_with(small_context).await;
    turn(&stack, &worker, &ana, conversation, 1, "La clave es #azul-1, no la olvides.").await;
    let mut longest = 0;
    for n in 2..=60 {
        let prompt = turn(&stack, &worker, &ana, conversation, n, &format!("Pregunta {n}.")).await;
        let is_known = prompt.previous_response_id.is_some()
            || prompt.instructions.contains("#azul-1")
            || texts(&prompt)[0].contains("#azul-1");
        assert!(is_known, "turn {n}: {:?}", texts(&prompt));
        longest = longest.max(texts(&prompt).concat().len() + prompt.instructions.len());
    }
    let rules = stack.assistant.prompts()[0].instructions.len();
    assert!(longest - rules < 1_200, "{longest} - {rules}");

    let n_summed = "select n_messages from conversation_summaries";
    let n_summed = stack.database.query_i64(n_summed).await;
    let restarted = stack.worker_with(small_context).await;
    let prompt = turn(&stack, &restarted, &ana, conversation, 61, "¿Cuál era la clave?").await;
    assert_eq!(prompt.previous_response_id, None, "the provider would send, and bill, all of it");
    assert!(prompt.instructions.ends_with("\n</resumen>"));
    assert!(prompt.instructions.contains("#azul-1"), "{}", prompt.instructions);
    assert_eq!(texts(&prompt).last(), Some(&"¿Cuál era la clave?"));
    assert!(!texts(&prompt).concat().contains("#azul-1"));
    // Each message is either in the summary or a turn.
    assert_eq!(usize::try_from(n_summed).unwrap() + texts(&prompt).len(), 121);
}

#[tokio::test]
async fn a_long_conversation_without_a_summary_is_given_as_far_as_it_fits() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    let worker = stack.worker_with(small_context).await;
    // A title is requested first.
    for _ in 0..2 {
        stack.assistant.will_generate(Err(rejected("no").into()));
    }
    turn(&stack, &worker, &ana, conversation, 1, &"uno ".repeat(150)).await;
    assert_eq!(stack.column("select content from conversation_summaries").await.len(), 0);
    stack.assistant.will_generate(Err(rejected("no").into()));
    let prompt = turn(&stack, &worker, &ana, conversation, 2, &"dos ".repeat(150)).await;
    assert_eq!(prompt.previous_response_id, None);
    assert_eq!(texts(&prompt).len(), 2, "{:?}", texts(&prompt));
    assert_eq!(texts(&prompt)[0], "Respuesta 1.");
    assert!(!prompt.instructions.contains("<resumen>\n"));
}

#[tokio::test]
async fn a_summary_includes_the_one_before() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    let worker = stack.worker_with(small_context).await;
    for n in 1..=3 {
        let question = format!("#dato-{n} {}", "y más ".repeat(50));
        turn(&stack, &worker, &ana, conversation, n, &question).await;
    }
    let summaries: Vec<_> = stack
        .assistant
        .generated_texts()
        .into_iter()
        .filter(|it| it.purpose == Purpose::Summary)
        .collect();
    assert!(summaries.len() > 1, "{}", summaries.len());
    let last = summaries.last().unwrap();
    assert_eq!(last.model, "model-1");
    assert!(last.input.starts_with("<resumen>\nSe habló de #dato-1"), "{}", last.input);
    assert!(!last.input.contains("Persona: #dato-1"), "it was summed up before");
    let row = "select model || ' ' || content from conversation_summaries";
    assert_eq!(stack.column(row).await, ["model-1 Se habló de #dato-1 #dato-2"]);
}

#[tokio::test]
async fn a_replaced_turn_is_neither_given_nor_continued() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    let worker = stack.worker().await;
    turn(&stack, &worker, &ana, conversation, 1, "Primera").await;
    turn(&stack, &worker, &ana, conversation, 2, "Segunda").await;
    let replace = "update messages set replaced_at = now()
                    where content in ('Segunda', 'Respuesta 2.')";
    assert_eq!(stack.database.execute(replace).await, 2);

    let prompt = turn(&stack, &worker, &ana, conversation, 3, "Segunda, mejor dicha").await;
    assert_eq!(prompt.previous_response_id.as_deref(), Some("resp-1"));
    assert_eq!(texts(&prompt), ["Segunda, mejor dicha"]);
    stack.assistant.will_start(Err(AssistantError::StateLost));
    let prompt = turn(&stack, &worker, &ana, conversation, 4, "Tercera").await;
    assert_eq!(
        texts(&prompt),
        ["Primera", "Respuesta 1.", "Segunda, mejor dicha", "Respuesta 3.", "Tercera"]
    );
}

#[tokio::test]
async fn a_summary_of_a_replaced_turn_is_not_used() {
    let stack = Stack::start().await;
    let ana = stack.ana().await;
    let conversation = ana.starts_conversation().await;
    let worker = stack.worker_with(small_context).await;
    for n in 1..=4 {
        let question = format!("#dato-{n} {}", "y más ".repeat(50));
        turn(&stack, &worker, &ana, conversation, n, &question).await;
    }
    let replace = "update messages set replaced_at = now()
                    where (created_at, id) >= (select until_at, until_id from conversation_summaries)";
    assert!(stack.database.execute(replace).await > 1);
    let prompt = turn(&stack, &worker, &ana, conversation, 5, &"Sigo. ".repeat(150)).await;
    assert!(!prompt.instructions.contains("#dato"), "{}", prompt.instructions);
}
