//! `cargo xtask demo`: a participant's journey, played over HTTP as a client would.

mod client;
mod guide;
mod journey;
pub(crate) mod sse;
mod steps;

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use self::{client::Client, journey::Journey, steps::Steps};
use crate::{deployment, environment::in_root};

/// Play a participant's journey against a running `cargo xtask dev`, in Spanish.
///
/// Logs in with a WhatsApp code, hands over the participants' guide (a PDF of several pages), waits
/// until it can be searched, asks about it and prints the answer while it is written, shows the
/// quotation, reads the conversation back, and removes everything again. Everything goes over
/// HTTP; each step says how long it took. Ends with 0 when the guide's own sentence was quoted.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  cargo xtask demo
  cargo xtask demo --question '¿Yo sola puedo constituir una SAS o necesito socios?'
  cargo xtask demo --keep     leave the conversation and the file, to look at them")]
pub(crate) struct Demo {
    /// The API, if it is not the one of `dev`.
    #[arg(long)]
    url: Option<String>,
    /// Where `dev` keeps its data.
    #[arg(long, default_value = ".dev")]
    data: PathBuf,
    /// What to ask, instead of the first question of xtask/assets/preguntas.json.
    #[arg(long)]
    question: Option<String>,
    /// Who asks.
    #[arg(long, default_value = "+573001110002")]
    phone: String,
    /// Leave the conversation and the file where they are.
    #[arg(long, conflicts_with = "cleanup")]
    keep: bool,
    /// Remove the conversation and the file at the end, which is what happens anyway.
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
