//! `cargo xtask demo`: a participant's session, played over HTTP like a client.

mod client;
mod guide;
mod journey;
pub(crate) mod sse;
mod steps;

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use self::{client::Client, journey::Journey, steps::Steps};
use crate::{deployment, environment::in_root};

/// Play a participant's session against a running `cargo xtask dev`, in Spanish.
///
/// Logs in with a WhatsApp code, uploads the participants' guide (a PDF of several pages), waits
/// until it is searchable, asks a question and prints the reply while it is written, shows the
/// citation, reads the conversation back, and deletes everything. Uses only the HTTP API and prints
/// the time of each step. Exits with 0 if the reply quotes the right sentence of the guide.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  cargo xtask demo
  cargo xtask demo --question '¿Yo sola puedo constituir una SAS o necesito socios?'
  cargo xtask demo --keep     keep the conversation and the file, to look at them")]
pub(crate) struct Demo {
    /// The URL of the API, if it is not that of `dev`.
    #[arg(long)]
    url: Option<String>,
    /// The data folder of `dev`.
    #[arg(long, default_value = ".dev")]
    data: PathBuf,
    /// The question, instead of the first one in xtask/assets/preguntas.json.
    #[arg(long)]
    question: Option<String>,
    /// The phone number to log in with.
    #[arg(long, default_value = "+573001110002")]
    phone: String,
    /// Keep the conversation and the file.
    #[arg(long, conflicts_with = "cleanup")]
    keep: bool,
    /// Delete the conversation and the file at the end. This is the default.
    #[arg(long)]
    cleanup: bool,
}

impl Demo {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let dev = deployment::running_dev(&in_root(&self.data))?;
        let client = Client::new(self.url.as_deref().unwrap_or(&dev.api), &dev.whatsapp)?;
        let question = guide::Question::choose(self.question)?;
        let mut steps = Steps::begin();
        let mut journey = Journey::new(client, self.phone, question);
        match journey.play(&mut steps, self.keep).await {
            Ok(()) => {
                steps.summary();
                println!("\n{}", journey.outcome());
                println!("\nOK: la demostración terminó bien.");
                Ok(ExitCode::SUCCESS)
            }
            Err(error) => {
                steps.summary();
                println!("\nFALLÓ: {error:#}");
                println!("El registro del servicio está en {}.", dev.log.display());
                Ok(ExitCode::FAILURE)
            }
        }
    }
}
