//! Persistence against a real Postgres, as the real roles.
#![cfg(test)]

mod deletion;
mod files;
mod login;
mod pages;
mod plans;
mod replies;
mod rls;
mod schema;
mod support;
