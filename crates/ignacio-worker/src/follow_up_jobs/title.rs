//! Titles a conversation by its first messages.

use ignacio_domain::conversation::ConversationTitle;
use ignacio_domain::message::{Author, Message};
use ignacio_domain::ports::PortError;
use ignacio_domain::prompt::{Purpose, title_input};

use super::run::{FollowUpRun, FollowUpUsage};
use crate::jobs::JobError;

/// How many messages a title is made from.
const MAX_MESSAGES: u32 = 4;
/// How much of each is used, in characters.
const MAX_CHARS: usize = 2_000;
/// A title is short, but models that reason do so first.
const MAX_OUTPUT_TOKENS: u32 = 1_024;
/// After this many attempts the user's own words become the title.
const MAX_TRIES: i32 = 3;

impl FollowUpRun<'_> {
    pub(super) async fn title(&self) -> Result<(), JobError> {
        let scope = self.begin().await?;
        if !scope.is_untitled().await? {
            return Ok(scope.complete().await?);
        }
        let messages = scope.first_messages(MAX_MESSAGES).await?;
        scope.commit().await?;
        let (title, usage) = self.generate_title(&messages).await?;

        let scope = self.begin().await?;
        if let Some(usage) = &usage {
            self.record_usage(&scope, usage).await?;
        }
        let is_new = match &title {
            Some(title) => scope.set_title(title).await?,
            None => false,
        };
        scope.complete().await?;
        if let Some(title) = title.filter(|_| is_new) {
            self.context.titles.publish(self.job.conversation, title.as_str());
        }
        Ok(())
    }

    async fn generate_title(
        &self,
        messages: &[Message],
    ) -> Result<(Option<ConversationTitle>, Option<FollowUpUsage>), PortError> {
        let first = messages.iter().find(|it| it.author == Author::User);
        let own_words = || first.and_then(|it| ConversationTitle::from_first_message(&it.content));
        if first.is_none() {
            return Ok((None, None));
        }
        let input = title_input(messages.iter().map(|it| (it.author, beginning_of(&it.content))));
        match self.generate(Purpose::Title, input, MAX_OUTPUT_TOKENS).await {
            Ok((generated, usage)) => {
                let title = ConversationTitle::from_model(&generated.text).or_else(own_words);
                Ok((title, Some(usage)))
            }
            Err(error @ PortError::Transient { .. }) if self.job.attempts < MAX_TRIES => Err(error),
            Err(error) => {
                tracing::warn!(%error, "a conversation is titled with its first words");
                Ok((own_words(), None))
            }
        }
    }
}

fn beginning_of(text: &str) -> &str {
    let end = text.char_indices().nth(MAX_CHARS).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or_default()
}
