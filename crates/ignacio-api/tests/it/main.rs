//! The HTTP side over a real database: what clients see, and what it leaves behind.
#![cfg(test)]

mod authentication;
mod client;
mod client_addresses;
mod contract;
mod csrf;
mod cursors;
mod fuzz;
mod http_matrix;
mod mass_assignment;
mod matrix;
mod middleware;
mod not_found;
mod object_store;
mod operation;
mod routes;
mod sse;
mod sse_clients;
mod stack;
mod step_up_required;
mod uploads;
mod users;
mod views;
