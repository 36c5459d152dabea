//! Migrations against a real Postgres: databases of the old system are imported, and a failure
//! leaves no trace.
#![cfg(test)]

mod foreign_objects;
mod guard;
mod guides;
mod legacy_import;
mod numbers;
mod odd_values;
mod old_states;
mod owners;
mod repeatable;
mod safety;
mod support;
