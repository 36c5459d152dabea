//! Lists are paged without gaps or repeats, and only by their owner.

use std::collections::HashSet;

use ignacio_domain::conversation::{ConversationChange, ConversationFilter, ConversationTitle};
use ignacio_domain::ids::ConversationId;
use ignacio_domain::page::PageSize;
use ignacio_persistence::StoreError;

use crate::support::Stack;

const OPEN: ConversationFilter = ConversationFilter { archived: false, pinned: None, query: None };
const ARCHIVED: ConversationFilter =
    ConversationFilter { archived: true, pinned: None, query: None };

#[tokio::test]
async fn conversations_are_paged_while_others_are_created() {
    let stack = Stack::start().await;
    let ana = stack.user("+573001110002").await;
    for _ in 0..23 {
        stack.conversation(&ana).await;
    }
    let size = PageSize::new(5).unwrap();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = stack.api.list_conversations(&ana.digest, &OPEN, after, size).await.unwrap();
        seen.extend(page.rows.iter().map(|it| it.id));
        stack.conversation(&ana).await;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 23);
    assert_eq!(seen.iter().collect::<HashSet<_>>().len(), 23);
}

#[tokio::test]
async fn messages_are_listed_newest_first_and_counted() {
    let stack = Stack::start().await;
    let ana = stack.user("+573001110002").await;
    let conversation = stack.conversation(&ana).await;
    for n in 0..3 {
        stack.post(&ana, conversation.id, &format!("mensaje {n}")).await;
        stack.database.execute("update responses set state = 'completed'").await;
    }
    let size = PageSize::new(4).unwrap();
    let first =
        stack.api.list_messages(&ana.digest, conversation.id, false, None, size).await.unwrap();
    let texts: Vec<_> = first.rows.iter().map(|it| it.content.as_str()).collect();
    assert_eq!(texts, ["", "mensaje 2", "", "mensaje 1"]);
    let rest = stack
        .api
        .list_messages(&ana.digest, conversation.id, false, first.next, size)
        .await
        .unwrap();
    assert_eq!((rest.rows.len(), rest.next.is_none()), (2, true));

    let scope = stack.scope(&ana).await;
    let conversation = scope.conversations().find(conversation.id).await.unwrap().unwrap();
    assert_eq!(conversation.message_count, 6);
    assert_eq!(conversation.last_message_at, Some(first.rows[0].created_at));
}

#[tokio::test]
async fn another_users_list_and_cursor_are_refused() {
    let stack = Stack::start().await;
    let ana = stack.user("+573001110002").await;
    let ben = stack.user("+573001110003").await;
    let conversation = stack.conversation(&ana).await;
    stack.conversation(&ana).await;
    let size = PageSize::new(1).unwrap();
    let page = stack.api.list_conversations(&ana.digest, &OPEN, None, size).await.unwrap();
    let stolen = stack.api.list_conversations(&ben.digest, &OPEN, page.next, size).await;
    assert!(matches!(stolen, Err(StoreError::ForeignCursor)), "{stolen:?}");
    for id in [conversation.id, ConversationId::new()] {
        let read = stack.api.list_messages(&ben.digest, id, false, None, size).await;
        assert!(matches!(read, Err(StoreError::NotFound)), "{read:?}");
    }
}

#[tokio::test]
async fn only_the_owner_changes_a_conversation() {
    let stack = Stack::start().await;
    let ana = stack.user("+573001110002").await;
    let ben = stack.user("+573001110003").await;
    let conversation = stack.conversation(&ana).await;
    let change = ConversationChange {
        title: Some(ConversationTitle::parse("Presupuesto").unwrap()),
        archived: Some(true),
        pinned: None,
    };

    let scope = stack.scope(&ben).await;
    assert!(scope.conversations().update(conversation.id, &change).await.unwrap().is_none());
    assert!(!scope.conversations().delete(conversation.id, false).await.unwrap());
    scope.commit().await.unwrap();

    let scope = stack.scope(&ana).await;
    let changed = scope.conversations().update(conversation.id, &change).await.unwrap().unwrap();
    scope.commit().await.unwrap();
    assert_eq!((changed.title.as_deref(), changed.archived), (Some("Presupuesto"), true));
    let size = PageSize::default();
    let open = stack.api.list_conversations(&ana.digest, &OPEN, None, size).await.unwrap();
    let archived = stack.api.list_conversations(&ana.digest, &ARCHIVED, None, size).await.unwrap();
    assert_eq!((open.rows.len(), archived.rows.len()), (0, 1));
}
