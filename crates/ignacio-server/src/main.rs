//! The program `ignacio`.
#![expect(clippy::print_stderr, reason = "the reason why the program failed")]

use std::process::ExitCode;

use clap::Parser as _;
use ignacio_server::{Cli, Environment, run};

fn main() -> ExitCode {
    match run(Cli::parse(), &Environment::of_this_process()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            error.code()
        }
    }
}
