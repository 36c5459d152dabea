//! The HTTP side over a real database: what clients see, and what it leaves behind.
#![cfg(test)]

mod auth_matrix;
mod client;
mod contract;
mod edge;
mod fuzz;
mod people;
mod routes;
mod sse;
mod stack;
mod store;
mod uploads;
