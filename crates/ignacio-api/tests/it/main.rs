//! The HTTP side over a real database: what clients see, and what it leaves behind.
#![cfg(test)]

mod absence;
mod admission;
mod cases;
mod client;
mod contract;
mod cursors;
mod edge;
mod fuzz;
mod http_matrix;
mod mass_assignment;
mod people;
mod reviewed;
mod routes;
mod sse;
mod stack;
mod store;
mod uploads;
