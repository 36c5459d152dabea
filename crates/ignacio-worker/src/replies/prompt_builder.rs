//! Builds the prompt: everything it needs is read in one short transaction before the model is
//! called.

use ignacio_domain::ids::FileId;
use ignacio_domain::message::{Author, Message};
use ignacio_domain::prompt::{FileSearchScope, Prompt, instructions, with_summary};
use ignacio_domain::reply::ToolKind;
use ignacio_domain::user::Role;
use ignacio_persistence::{ReplyJob, ReplyScope, StoreError, StoredSummary};

use super::context_window::{
    Attachments, TurnDraft, drafts_of, has_new_documents, image_ids, load_turns, newest_within,
    since_last_reply,
};
use crate::context::WorkerContext;
use crate::safety_identifier::safety_identifier;

/// A prompt that can fall back on the full history.
pub(super) struct PromptBuilder {
    /// Without its turns.
    prompt: Prompt,
    turns: Vec<TurnDraft>,
    /// All turns, for when the provider has lost its state.
    full_history: Vec<TurnDraft>,
    pending: Vec<(FileId, String)>,
}

impl PromptBuilder {
    /// Reads what the prompt needs; `None` when the lease is lost.
    pub(super) async fn read(
        context: &WorkerContext,
        job: &ReplyJob,
    ) -> Result<Option<Self>, StoreError> {
        let Some(scope) = context.db.begin_reply(job).await? else { return Ok(None) };
        let builder = Self::assemble(context, job, &scope).await?;
        scope.commit().await?;
        Ok(Some(builder))
    }

    async fn assemble(
        context: &WorkerContext,
        job: &ReplyJob,
        scope: &ReplyScope,
    ) -> Result<Self, StoreError> {
        let settings = &context.settings;
        let user = scope.user().await?;
        let history = History::read(context, scope).await?;
        let attachments = history.attachments(scope).await?;
        let full_history = drafts_of(&history.messages, &attachments);
        let file_search = scope
            .vector_store()
            .await?
            .map(|vector_store_id| FileSearchScope { vector_store_id, owner: job.owner });
        let web_search = settings.web_search && user.web_search;
        record_tools(scope, file_search.is_some(), web_search).await?;
        let turns = if history.previous.is_some() {
            since_last_reply(&full_history)
        } else {
            full_history.clone()
        };
        let rules = instructions(&user.name, user.locale);
        let prompt = Prompt {
            response: job.id,
            model: model_of(context, job).to_owned(),
            instructions: match &history.summary {
                Some(summary) => with_summary(&rules, &summary.content),
                None => rules,
            },
            turns: Vec::new(),
            previous_response_id: history.previous,
            file_search,
            web_search,
            safety_identifier: safety_identifier(&settings.safety_key, job.owner),
            max_output_tokens: settings.max_output_tokens,
        };
        Ok(Self { prompt, turns, full_history, pending: attachments.pending })
    }

    /// The prompt to send now, with its images.
    pub(super) async fn build(&self, context: &WorkerContext) -> Prompt {
        let turns = load_turns(&self.turns, &*context.ports.objects).await;
        Prompt { turns, ..self.prompt.clone() }
    }

    /// Sends the full history from now on. False if it was already sent.
    pub(super) fn use_full_history(&mut self) -> bool {
        if self.prompt.previous_response_id.take().is_none() {
            return false;
        }
        self.turns.clone_from(&self.full_history);
        true
    }

    /// The documents attached to the question that are not indexed yet.
    pub(super) fn pending(&self) -> &[(FileId, String)] {
        &self.pending
    }

    /// The same, once: later calls get none.
    pub(super) fn take_pending(&mut self) -> Vec<(FileId, String)> {
        std::mem::take(&mut self.pending)
    }
}

/// The model that the user chose; the default for a reply from before users could choose.
pub(super) fn model_of<'c>(context: &'c WorkerContext, job: &'c ReplyJob) -> &'c str {
    let default = || context.settings.models.select(Role::Participant, None).unwrap_or_default();
    job.model.as_deref().unwrap_or_else(default)
}

/// The part of the conversation that the model is given.
///
/// As long as all of it fits, the provider continues from its own state; if it has lost that, it
/// gets the full history. A longer conversation is given as a summary and the messages since:
/// continuing from the provider's state would send, and bill, every message there ever was.
struct History {
    summary: Option<StoredSummary>,
    messages: Vec<Message>,
    previous: Option<String>,
}

impl History {
    async fn read(context: &WorkerContext, scope: &ReplyScope) -> Result<Self, StoreError> {
        let settings = &context.settings;
        let budget = settings.history_bytes();
        let mut messages = scope.history(settings.history_messages.saturating_add(1)).await?;
        let n_bytes: usize = messages.iter().map(|it| it.content.len()).sum();
        if n_bytes <= budget && messages.len() <= settings.max_messages() {
            let has_replies = messages.iter().any(|it| it.author == Author::Ignacio);
            let previous = if has_replies { scope.previous_provider_id().await? } else { None };
            return Ok(Self { summary: None, messages, previous });
        }
        let summary = scope.summary().await?;
        let mut left = budget;
        if let Some(summary) = &summary {
            messages.retain(|it| (it.created_at, it.id) > (summary.until_at, summary.until));
            left = left.saturating_sub(summary.content.len());
        }
        let surplus = messages.len().saturating_sub(settings.max_messages());
        let messages = newest_within(messages.get(surplus..).unwrap_or_default(), left).to_vec();
        Ok(Self { summary, messages, previous: None })
    }

    async fn attachments(&self, scope: &ReplyScope) -> Result<Attachments, StoreError> {
        let mut attachments = Attachments::default();
        if has_new_documents(&self.messages) {
            attachments.pending = scope.pending_files().await?;
        }
        let images = image_ids(&self.messages);
        if !images.is_empty() {
            attachments.images = scope.objects(&images).await?;
        }
        Ok(attachments)
    }
}

async fn record_tools(
    scope: &ReplyScope,
    file_search: bool,
    web_search: bool,
) -> Result<(), StoreError> {
    let tools = [(file_search, ToolKind::FileSearch), (web_search, ToolKind::WebSearch)];
    let tools: Vec<_> = tools.into_iter().filter(|it| it.0).map(|it| it.1).collect();
    if tools.is_empty() { Ok(()) } else { scope.record_tools(&tools).await }
}
