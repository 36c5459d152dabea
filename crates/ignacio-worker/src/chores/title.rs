//! Names a conversation by what it began with.

use ignacio_domain::conversation::ConversationTitle;
use ignacio_domain::message::{Author, Message};
use ignacio_domain::ports::PortError;
use ignacio_domain::prompt::{Purpose, title_input};
use ignacio_persistence::FollowUpJob;

use super::{FollowUpUsage, FollowUps, Halt};

/// How many messages a title is made from.
const BEGINNING: u32 = 4;
/// How much of each is enough, in characters.
const MOST_CHARS: usize = 2_000;
/// A title is short, but models that reason do so first.
const MAX_OUTPUT_TOKENS: u32 = 1_024;
/// After so many tries the person's own words are the title.
const TRIES: i32 = 3;

impl FollowUps {
    pub(super) async fn title(&self, job: &FollowUpJob) -> Result<(), Halt> {
        let scope = self.begin(job).await?;
        if !scope.is_untitled().await? {
            return Ok(scope.complete().await?);
        }
        let messages = scope.first_messages(BEGINNING).await?;
        scope.commit().await?;
        let (title, spent) = self.made_title(job, &messages).await?;

        let scope = self.begin(job).await?;
        if let Some(spent) = &spent {
            self.note(&scope, spent).await?;
        }
        let is_new = match &title {
            Some(title) => scope.set_title(title).await?,
            None => false,
        };
        scope.complete().await?;
        if let Some(title) = title.filter(|_| is_new) {
            self.shared.titles.tell(job.conversation, title.as_str());
        }
        Ok(())
    }

    async fn made_title(
        &self,
        job: &FollowUpJob,
        messages: &[Message],
    ) -> Result<(Option<ConversationTitle>, Option<FollowUpUsage>), PortError> {
        let first = messages.iter().find(|it| it.author == Author::User);
        let own_words = || first.and_then(|it| ConversationTitle::from_first_message(&it.content));
        if first.is_none() {
            return Ok((None, None));
        }
        let said = messages.iter().map(|it| (it.author, beginning_of(&it.content)));
        let input = title_input(said);
        match self.compose(job, Purpose::Title, input, MAX_OUTPUT_TOKENS).await {
            Ok((composed, spent)) => {
                let title = ConversationTitle::from_model(&composed.text).or_else(own_words);
                Ok((title, Some(spent)))
            }
            Err(error @ PortError::Transient { .. }) if job.attempts < TRIES => Err(error),
            Err(error) => {
                tracing::warn!(%error, "a conversation is named by its first words");
                Ok((own_words(), None))
            }
        }
    }
}

fn beginning_of(text: &str) -> &str {
    let end = text.char_indices().nth(MOST_CHARS).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or_default()
}
