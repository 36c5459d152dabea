//! The HTTP side over a real database: what clients see, and what it leaves behind.
#![cfg(test)]

mod absence;
mod addresses;
mod admission;
mod cases;
mod client;
mod contract;
mod csrf;
mod cursors;
mod edge;
mod fresh_codes;
mod fuzz;
mod http_matrix;
mod mass_assignment;
mod people;
mod readers;
mod reviewed;
mod routes;
mod sse;
mod stack;
mod store;
mod uploads;
