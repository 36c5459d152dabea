//! The stand-ins as the service meets them: over their sockets.

// Everything here is test code: clippy learns it from this line, also for what is no test itself.
#![cfg(test)]

mod http;
mod openai;
mod openai_python;
mod patience;
mod postgres;
mod s3;
mod supervised_process;
mod whatsapp;
