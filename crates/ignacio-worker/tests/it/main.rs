//! The worker over a real database; the outside is scripted.

#[cfg(test)]
mod attachments;
#[cfg(test)]
mod breaker;
#[cfg(test)]
mod chores;
#[cfg(test)]
mod codes;
#[cfg(test)]
mod crashes;
#[cfg(test)]
mod decoys;
#[cfg(test)]
mod fakes;
#[cfg(test)]
mod file_sync;
#[cfg(test)]
mod history;
#[cfg(test)]
mod people;
#[cfg(test)]
mod purge;
#[cfg(test)]
mod replies;
#[cfg(test)]
mod reports;
#[cfg(test)]
mod run;
#[cfg(test)]
mod stack;
#[cfg(test)]
mod takeovers;
#[cfg(test)]
mod upkeep;
