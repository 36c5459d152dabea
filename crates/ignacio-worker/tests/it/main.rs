//! The worker over a real database; the outside world is scripted.

#[cfg(test)]
mod attachments;
#[cfg(test)]
mod context_window;
#[cfg(test)]
mod crashes;
#[cfg(test)]
mod decoys;
#[cfg(test)]
mod delivery_reports;
#[cfg(test)]
mod fakes;
#[cfg(test)]
mod file_sync;
#[cfg(test)]
mod follow_up_jobs;
#[cfg(test)]
mod maintenance;
#[cfg(test)]
mod outbox;
#[cfg(test)]
mod provider_outage;
#[cfg(test)]
mod purge;
#[cfg(test)]
mod replies;
#[cfg(test)]
mod reply_recovery;
#[cfg(test)]
mod stack;
#[cfg(test)]
mod users;
#[cfg(test)]
mod worker;
