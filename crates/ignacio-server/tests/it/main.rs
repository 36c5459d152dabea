//! The program as a process: what it says when it cannot start, and whole journeys through it.
#![cfg(test)]

mod interruptions;
mod journeys;
mod process;
mod settings;
mod stack;
mod startup;
