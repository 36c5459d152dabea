//! What the model is asked, put together in one short transaction before it is called.

mod telling;

use ignacio_domain::ids::FileId;
use ignacio_domain::message::{Author, Message};
use ignacio_domain::prompt::{FileSearchScope, Prompt, instructions, with_summary};
use ignacio_domain::reply::ToolKind;
use ignacio_domain::user::Role;
use ignacio_persistence::{ReplyJob, ReplyScope, StoreError, StoredSummary};

use self::telling::{
    Attached, Told, has_new_documents, images_of, newest, newly_told, told, turns,
};
use crate::Shared;
use crate::pseudonym::pseudonym;

/// A request that can fall back on the whole history.
pub(super) struct Draft {
    /// Without its turns.
    prompt: Prompt,
    told: Vec<Told>,
    /// All that is told where the provider's state cannot be gone on from.
    whole: Vec<Told>,
    pending: Vec<(FileId, String)>,
}

impl Draft {
    /// Reads what the request needs; `None` when the lease is lost.
    pub(super) async fn read(shared: &Shared, job: &ReplyJob) -> Result<Option<Self>, StoreError> {
        let Some(scope) = shared.db.begin_reply(job).await? else { return Ok(None) };
        let draft = Self::assemble(shared, job, &scope).await?;
        scope.commit().await?;
        Ok(Some(draft))
    }

    async fn assemble(
        shared: &Shared,
        job: &ReplyJob,
        scope: &ReplyScope,
    ) -> Result<Self, StoreError> {
        let settings = &shared.settings;
        let person = scope.user().await?;
        let history = History::read(shared, scope).await?;
        let attached = history.attached(scope).await?;
        let whole = told(&history.messages, &attached);
        let file_search = scope
            .vector_store()
            .await?
            .map(|vector_store_id| FileSearchScope { vector_store_id, owner: job.owner });
        let web_search = settings.web_search && person.web_search;
        note_tools(scope, file_search.is_some(), web_search).await?;
        let told = if history.previous.is_some() { newly_told(&whole) } else { whole.clone() };
        let rules = instructions(&person.name, person.locale);
        let prompt = Prompt {
            response: job.id,
            model: model_of(shared, job).to_owned(),
            instructions: match &history.summary {
                Some(summary) => with_summary(&rules, &summary.content),
                None => rules,
            },
            turns: Vec::new(),
            previous_response_id: history.previous,
            file_search,
            web_search,
            safety_identifier: pseudonym(&settings.safety_key, job.owner),
            max_output_tokens: settings.max_output_tokens,
        };
        Ok(Self { prompt, told, whole, pending: attached.pending })
    }

    /// The request as it is to be sent now, with its images.
    pub(super) async fn prompt(&self, shared: &Shared) -> Prompt {
        let turns = turns(&self.told, &*shared.ports.objects).await;
        Prompt { turns, ..self.prompt.clone() }
    }

    /// Tells the whole history from now on. False when it was told already.
    pub(super) fn forget_state(&mut self) -> bool {
        if self.prompt.previous_response_id.take().is_none() {
            return false;
        }
        self.told.clone_from(&self.whole);
        true
    }

    /// The documents that came with the question and cannot be searched yet.
    pub(super) fn pending(&self) -> &[(FileId, String)] {
        &self.pending
    }

    /// The same, once.
    pub(super) fn take_pending(&mut self) -> Vec<(FileId, String)> {
        std::mem::take(&mut self.pending)
    }
}

/// The model that the person chose; the usual one for a reply from before there was a choice.
pub(super) fn model_of<'s>(shared: &'s Shared, job: &'s ReplyJob) -> &'s str {
    let usual = || shared.settings.models.select(Role::Participant, None).unwrap_or_default();
    job.model.as_deref().unwrap_or_else(usual)
}

/// What is told of the conversation.
///
/// As long as all of it fits, the provider goes on from its own state, and if it has lost that, all
/// is told again. A longer one is told as a summary and what was said since: going on from the
/// provider's state would send, and bill, everything that ever was said.
struct History {
    summary: Option<StoredSummary>,
    messages: Vec<Message>,
    previous: Option<String>,
}

impl History {
    async fn read(shared: &Shared, scope: &ReplyScope) -> Result<Self, StoreError> {
        let settings = &shared.settings;
        let budget = settings.history_bytes();
        let mut messages = scope.history(settings.history_messages.saturating_add(1)).await?;
        let n_bytes: usize = messages.iter().map(|it| it.content.len()).sum();
        if n_bytes <= budget && messages.len() <= settings.most_messages() {
            let has_replies = messages.iter().any(|it| it.author == Author::Ignacio);
            let previous = if has_replies { scope.previous_provider_id().await? } else { None };
            return Ok(Self { summary: None, messages, previous });
        }
        let summary = scope.summary().await?;
        let mut rest = budget;
        if let Some(summary) = &summary {
            messages.retain(|it| (it.created_at, it.id) > (summary.until_at, summary.until));
            rest = rest.saturating_sub(summary.content.len());
        }
        let surplus = messages.len().saturating_sub(settings.most_messages());
        let messages = newest(messages.get(surplus..).unwrap_or_default(), rest).to_vec();
        Ok(Self { summary, messages, previous: None })
    }

    async fn attached(&self, scope: &ReplyScope) -> Result<Attached, StoreError> {
        let mut attached = Attached::default();
        if has_new_documents(&self.messages) {
            attached.pending = scope.pending_files().await?;
        }
        let images = images_of(&self.messages);
        if !images.is_empty() {
            attached.images = scope.objects(&images).await?;
        }
        Ok(attached)
    }
}

async fn note_tools(
    scope: &ReplyScope,
    file_search: bool,
    web_search: bool,
) -> Result<(), StoreError> {
    let tools = [(file_search, ToolKind::FileSearch), (web_search, ToolKind::WebSearch)];
    let tools: Vec<_> = tools.into_iter().filter(|it| it.0).map(|it| it.1).collect();
    if tools.is_empty() { Ok(()) } else { scope.record_tools(&tools).await }
}
