//! Migrations against a real Postgres: databases of the old system are taken over, and nothing that
//! goes wrong on the way leaves a trace.
#![cfg(test)]

mod foreign_objects;
mod guard;
mod legacy_import;
mod numbers;
mod odd_values;
mod old_states;
mod owners;
mod repeatable;
mod safety;
mod support;
