//! The program as a process: what it says when it cannot start, and whole journeys through it.
#![cfg(test)]

mod bad_roles;
mod beside;
mod canary;
mod interruptions;
mod journeys;
mod login;
mod migrations;
mod pooler;
mod process;
mod replies;
mod settings;
mod stack;
mod startup;
