//! Persistence with a real Postgres and the real roles.
#![cfg(test)]

mod administration;
mod audit;
mod catalogue_rules;
mod deletion;
mod durations;
mod files;
mod login;
mod outbox;
mod ownership;
mod pages;
mod query_plans;
mod replies;
mod rls;
mod schema;
mod sql_states;
mod step_up;
mod support;
mod temporary_user;
