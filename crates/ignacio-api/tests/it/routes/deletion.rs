//! Nothing is left of a deleted conversation, in any table.

use ignacio_domain::citation::Citation;
use ignacio_domain::ids::FileId;
use ignacio_domain::reply::{ReplyEvent, ToolKind};
use ignacio_domain::response::ReplyOutcome;
use ignacio_domain::usage::UsageCost;
use serde_json::{Value, json};

use crate::stack::Stack;
use crate::users::User;

/// A word that stands in the conversation only.
const WORD: &str = "zarigüeya";

impl Stack {
    /// The tables with a row that has one of these words, except the two that keep the ids of deleted
    /// rows: usage still counts, and the audit log records the deletion.
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

    /// The ids of a conversation, its messages and its responses, and the word in it.
    async fn traces_of(&self, conversation: &str) -> Vec<String> {
        let id = conversation.rsplit('/').next().unwrap();
        let query = format!(
            "select '{id}' union select id::text from messages where conversation_id = '{id}'
             union select id::text from responses where conversation_id = '{id}'"
        );
        let ids = self.database.query_column(&query).await.into_iter().flatten();
        ids.chain([WORD.to_owned()]).collect()
    }

    /// Adds what a long conversation has: a summary and follow-up jobs.
    async fn add_summary_and_follow_ups(&self, conversation: &str, reply: &Value) {
        let (id, reply) = (conversation.rsplit('/').next().unwrap(), reply["id"].as_str().unwrap());
        let sum_up = format!(
            "insert into conversation_summaries
                 (conversation_id, user_id, content, until_at, until_id, n_messages, model)
             select conversation_id, user_id, '{WORD}', created_at, id, 2, 'gpt-test'
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

/// A conversation with everything that a conversation can have.
async fn full_conversation(stack: &Stack, ana: &User) -> String {
    let conversation = ana.start_conversation(&format!("La {WORD}")).await;
    let file = ana.upload_file("plan.txt", b"hola").await;
    let body = json!({ "content": format!("¿Qué come la {WORD}?"), "file_ids": [file["id"]] });
    let posted = ana.post(format!("{conversation}/messages")).json(&body).send().await.ok(201);
    let mut reply = stack.claim_reply().await;
    reply.push(ReplyEvent::ToolStarted(ToolKind::FileSearch));
    reply.push(ReplyEvent::Delta(format!("La {WORD} come fruta.")));
    reply.push(ReplyEvent::Cited(Citation {
        file: Some(FileId::from_uuid(file["id"].as_str().unwrap().parse().unwrap())),
        file_name: "plan.txt".to_owned(),
        quote: Some(format!("La {WORD} come fruta")),
        position: 9,
        verified: None,
    }));
    assert!(reply.end(ReplyOutcome::Completed, UsageCost::Nothing).await.unwrap());
    let at = format!("/v1/messages/{}", posted["reply"]["id"].as_str().unwrap());
    let body = json!({ "rating": "up", "reason": format!("Ya sé de la {WORD}") });
    ana.put(format!("{at}/feedback")).json(&body).send().await.ok(200);
    ana.post(format!("{at}/responses")).send().await.ok(201);
    stack.complete_reply(&format!("También insectos, la {WORD}.")).await;
    let at = format!("/v1/messages/{}", posted["message"]["id"].as_str().unwrap());
    let body = json!({ "content": format!("¿Y dónde vive la {WORD}?") });
    ana.post(format!("{at}/versions")).json(&body).send().await.ok(201);
    stack.complete_reply(&format!("En el monte, la {WORD}.")).await;
    stack.add_summary_and_follow_ups(&conversation, &posted["reply"]).await;
    conversation
}

#[tokio::test]
async fn nothing_is_left_of_a_deleted_conversation() {
    let stack = Stack::start().await;
    let (ana, ben) = (stack.participant("Ana").await, stack.participant("Ben").await);
    let kept = ben.start_conversation("otra").await;
    let conversation = full_conversation(&stack, &ana).await;
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
    assert_eq!(stack.all_tables_with(&[WORD.to_owned()]).await, [""; 0]);
    assert_eq!(stack.n_live_files().await, 0);
    ben.get(&kept).send().await.ok(200);
}

#[tokio::test]
async fn nothing_is_left_of_a_conversation_deleted_during_a_reply() {
    let stack = Stack::start().await;
    let ana = stack.participant("Ana").await;
    let conversation = full_conversation(&stack, &ana).await;
    let posted = ana.post_message(&conversation, &format!("¿Y qué más, {WORD}?")).await;
    let response = format!("/v1/responses/{}", posted["response"]["id"].as_str().unwrap());
    let mut reply = stack.claim_reply().await;
    reply.push(ReplyEvent::Delta(format!("De la {WORD} no se sabe más.")));
    assert!(reply.flush(Some(("resp-1", 7))).await.unwrap());
    let traces = stack.traces_of(&conversation).await;

    assert_eq!(ana.delete(&conversation).send().await.status.as_u16(), 204);

    // The worker has not noticed yet; what it writes now is dropped.
    reply.push(ReplyEvent::Delta(format!("Adiós, {WORD}.")));
    assert!(!reply.flush(Some(("resp-1", 8))).await.unwrap());
    assert!(!reply.end(ReplyOutcome::Completed, UsageCost::Nothing).await.unwrap());
    assert_eq!(stack.tables_with(&traces).await, [""; 0]);
    assert_eq!(stack.all_tables_with(&[WORD.to_owned()]).await, [""; 0]);
    ana.get(&response).send().await.problem(404, "not-found");
    ana.post(format!("{response}/cancel")).send().await.problem(404, "not-found");
    // Only the provider's copy is still to be deleted.
    let left = "select kind from purge_queue where kind like '%response%'";
    assert_eq!(stack.database.query_column(left).await.len(), 1);
}
