//! Migrations against a real Postgres: databases of the old system are taken over, and nothing that
//! goes wrong on the way leaves a trace.
#![cfg(test)]

mod adoption;
mod guard;
mod numbers;
mod odd_values;
mod old_states;
mod owners;
mod safety;
mod strangers;
mod support;
