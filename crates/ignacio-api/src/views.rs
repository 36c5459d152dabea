//! What clients see: one module per kind of thing.

pub(crate) mod account;
pub(crate) mod audit;
pub(crate) mod challenge;
pub(crate) mod conversation;
pub(crate) mod erasure;
pub(crate) mod file;
pub(crate) mod grant;
pub(crate) mod health;
pub(crate) mod listing;
pub(crate) mod login;
pub(crate) mod message;
pub(crate) mod person;
pub(crate) mod response;
pub(crate) mod session;
pub(crate) mod usage;
