//! What is left of a conversation that was deleted: nothing, in no table.

use ignacio_domain::citation::Citation;
use ignacio_domain::ids::FileId;
use ignacio_domain::reply::{ReplyEvent, ToolKind};
use ignacio_domain::response::ReplyOutcome;
use ignacio_domain::usage::UsageCost;
use serde_json::{Value, json};

use crate::stack::Stack;
use crate::users::User;

/// What only the conversation says, and nothing else in the database.
const SAID: &str = "zarigüeya";

impl Stack {
    /// The tables with a row that shows one of these words, but for two that keep ids of what is no
    /// more: what was spent stays spent, and the audit says that something was deleted.
    async fn tables_with(&self, words: &[String]) -> Vec<String> {
        let all = self.all_tables_with(words).await.into_iter();
        all.filter(|it| !["audit_events", "usage_records"].contains(&it.as_str())).collect()
    }

    async fn all_tables_with(&self, words: &[String]) -> Vec<String> {
        let query = format!(
            "select relname from pg_class
              where relnamespace = 'public'::regnamespace and relkind = 'r'
                and query_to_xml(
                        format('select t::text as it from public.%I t where t::text ~* %L',
                               relname, '{}'),
                        true, false, '')::text like '%<it>%'
              order by relname",
            words.join("|")
        );
        self.database.query_column(&query).await.into_iter().flatten().collect()
    }

    /// Every id of a conversation and of what hangs on it, and what is said in it.
    async fn traces_of(&self, conversation: &str) -> Vec<String> {
        let id = conversation.rsplit('/').next().unwrap();
        let query = format!(
            "select '{id}' union select id::text from messages where conversation_id = '{id}'
             union select id::text from responses where conversation_id = '{id}'"
        );
        let ids = self.database.query_column(&query).await.into_iter().flatten();
        ids.chain([SAID.to_owned()]).collect()
    }

    /// What hangs on a long conversation: a summary, and what is still to be done.
    async fn adds_what_comes_later(&self, conversation: &str, reply: &Value) {
        let (id, reply) = (conversation.rsplit('/').next().unwrap(), reply["id"].as_str().unwrap());
        let sum_up = format!(
            "insert into conversation_summaries
                 (conversation_id, user_id, content, until_at, until_id, n_messages, model)
             select conversation_id, user_id, '{SAID}', created_at, id, 2, 'gpt-test'
               from messages where id = '{reply}'"
        );
        assert_eq!(self.database.execute(&sum_up).await, 1);
        let follow_ups = format!(
            "insert into follow_up_jobs (user_id, conversation_id, kind, message_id)
             select user_id, id, kind, case kind when 'citations' then '{reply}'::uuid end
               from conversations, unnest('{{title,summary,citations}}'::text[]) kind
              where id = '{id}'
             on conflict do nothing"
        );
        self.database.execute(&follow_ups).await;
        let all = format!("select count(*) from follow_up_jobs where conversation_id = '{id}'");
        assert_eq!(self.database.query_i64(&all).await, 3);
    }
}

/// A conversation in which everything happened that may happen.
async fn lively(stack: &Stack, ana: &User) -> String {
    let conversation = ana.starts(&format!("La {SAID}")).await;
    let file = ana.uploads("plan.txt", b"hola").await;
    let body = json!({ "content": format!("¿Qué come la {SAID}?"), "file_ids": [file["id"]] });
    let posted = ana.post(format!("{conversation}/messages")).json(&body).send().await.ok(201);
    let mut reply = stack.take_reply().await;
    reply.push(ReplyEvent::ToolStarted(ToolKind::FileSearch));
    reply.push(ReplyEvent::Delta(format!("La {SAID} come fruta.")));
    reply.push(ReplyEvent::Cited(Citation {
        file: Some(FileId::from_uuid(file["id"].as_str().unwrap().parse().unwrap())),
        file_name: "plan.txt".to_owned(),
        quote: Some(format!("La {SAID} come fruta")),
        position: 9,
        verified: None,
    }));
    assert!(reply.end(ReplyOutcome::Completed, UsageCost::Nothing).await.unwrap());
    let at = format!("/v1/messages/{}", posted["reply"]["id"].as_str().unwrap());
    let body = json!({ "rating": "up", "reason": format!("Ya sé de la {SAID}") });
    ana.put(format!("{at}/feedback")).json(&body).send().await.ok(200);
    ana.post(format!("{at}/responses")).send().await.ok(201);
    stack.answer_with(&format!("También insectos, la {SAID}.")).await;
    let at = format!("/v1/messages/{}", posted["message"]["id"].as_str().unwrap());
    let body = json!({ "content": format!("¿Y dónde vive la {SAID}?") });
    ana.post(format!("{at}/versions")).json(&body).send().await.ok(201);
    stack.answer_with(&format!("En el monte, la {SAID}.")).await;
    stack.adds_what_comes_later(&conversation, &posted["reply"]).await;
    conversation
}

#[tokio::test]
async fn nothing_is_left_of_a_conversation() {
    let stack = Stack::start().await;
    let (ana, ben) = (stack.participant("Ana").await, stack.participant("Ben").await);
    let kept = ben.starts("otra").await;
    let conversation = lively(&stack, &ana).await;
    let traces = stack.traces_of(&conversation).await;
    assert_eq!(
        stack.tables_with(&traces).await,
        [
            "citations",
            "conversation_summaries",
            "conversations",
            "follow_up_jobs",
            "message_feedback",
            "message_files",
            "messages",
            "response_events",
            "responses",
        ]
    );

    assert_eq!(ana.delete(&conversation).send().await.status.as_u16(), 204);

    assert_eq!(stack.tables_with(&traces).await, [""; 0]);
    assert_eq!(stack.all_tables_with(&[SAID.to_owned()]).await, [""; 0]);
    assert_eq!(stack.n_live_files().await, 0);
    ben.get(&kept).send().await.ok(200);
}

#[tokio::test]
async fn nothing_is_left_of_a_conversation_whose_reply_runs() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let conversation = lively(&stack, &ana).await;
    let posted = ana.says(&conversation, &format!("¿Y qué más, {SAID}?")).await;
    let response = format!("/v1/responses/{}", posted["response"]["id"].as_str().unwrap());
    let mut reply = stack.take_reply().await;
    reply.push(ReplyEvent::Delta(format!("De la {SAID} no se sabe más.")));
    assert!(reply.flush(Some(("resp-1", 7))).await.unwrap());
    let traces = stack.traces_of(&conversation).await;

    assert_eq!(ana.delete(&conversation).send().await.status.as_u16(), 204);

    // The worker has not noticed yet; what it writes then goes nowhere.
    reply.push(ReplyEvent::Delta(format!("Adiós, {SAID}.")));
    assert!(!reply.flush(Some(("resp-1", 8))).await.unwrap());
    assert!(!reply.end(ReplyOutcome::Completed, UsageCost::Nothing).await.unwrap());
    assert_eq!(stack.tables_with(&traces).await, [""; 0]);
    assert_eq!(stack.all_tables_with(&[SAID.to_owned()]).await, [""; 0]);
    ana.get(&response).send().await.problem(404, "not-found");
    ana.post(format!("{response}/cancel")).send().await.problem(404, "not-found");
    // Only the provider's own copy is still to be deleted.
    let left = "select kind from purge_queue where kind like '%response%'";
    assert_eq!(stack.database.query_column(left).await.len(), 1);
}
