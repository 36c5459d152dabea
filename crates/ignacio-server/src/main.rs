//! The program `ignacio`.
#![expect(clippy::print_stderr, reason = "the last words of a program that ends too early")]

use std::process::ExitCode;

use clap::Parser as _;
use ignacio_server::{Cli, Environment, run};

fn main() -> ExitCode {
    match run(Cli::parse(), &Environment::of_this_process()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            failure.code()
        }
    }
}
