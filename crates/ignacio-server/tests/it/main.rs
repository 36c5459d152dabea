//! The program as a process: what it says when it cannot start, and whole journeys through it.

mod process;
mod settings;
mod startup;
