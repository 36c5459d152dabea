//! The program as a process: its messages when it cannot start, and whole journeys through it.
#![cfg(test)]

mod follow_ups;
mod journeys;
mod log_leak;
mod login;
mod migrations;
mod pooler;
mod process;
mod replies;
mod restarts;
mod role_checks;
mod settings;
mod stack;
mod startup;
