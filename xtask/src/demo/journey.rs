//! The session: log in, upload the guide, ask about it, read the reply, clean up.

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    client::{Client, expect_status, short_pause, text},
    guide::{NAME, PDF, Question},
    sse::{Decoder, Event},
    steps::{Steps, shown},
};

/// How long a code may take to arrive.
const CODE_LIMIT: Duration = Duration::from_secs(20);

/// How long the guide may take until it can be searched.
const SYNC_LIMIT: Duration = Duration::from_mins(2);

/// How often to poll for something that takes time.
const POLL: Duration = Duration::from_millis(100);

/// A participant with a question.
pub(super) struct Journey {
    client: Client,
    phone: String,
    question: Question,
    reply: Reply,
}

/// What arrived over the stream.
#[derive(Default)]
struct Reply {
    text: String,
    citations: Vec<Citation>,
    first_delta: Option<Duration>,
}

struct Citation {
    file: String,
    name: String,
    quote: String,
}

impl Journey {
    pub(super) fn new(client: Client, phone: String, question: Question) -> Self {
        Self { client, phone, question, reply: Reply::default() }
    }

    /// Plays it from the first step to the last.
    pub(super) async fn play(&mut self, steps: &mut Steps, keep: bool) -> anyhow::Result<()> {
        let (challenge, before) =
            steps.run("Pedir un código de acceso", self.request_code()).await?;
        let code =
            steps.run("Leer el código en WhatsApp", self.read_code(before.as_deref())).await?;
        let token = steps.run("Entrar con el código", self.log_in(&challenge, &code)).await?;
        self.client.set_token(token);
        steps.run("Ver quién soy", self.current_user()).await?;
        let file = steps.run("Subir la guía de participantes", self.upload()).await?;
        steps.run("Esperar a que se pueda consultar", self.wait_for(&file)).await?;
        let conversation = steps.run("Abrir una conversación", self.open()).await?;
        let reply = self.ask(&conversation);
        self.reply = steps.run("Preguntar y leer la respuesta en vivo", reply).await?;
        steps.run("Comprobar la cita", async { self.check_citation(&file) }).await?;
        steps.run("Volver a leer la conversación", self.read_back(&conversation)).await?;
        if keep {
            println!("    se conservan la conversación {conversation} y el archivo {file}");
            return Ok(());
        }
        steps.run("Borrar la conversación y el archivo", self.remove(&conversation, &file)).await?;
        steps.run("Salir", self.log_out()).await
    }

    /// The reply and its citations.
    pub(super) fn outcome(&self) -> String {
        let Reply { text, citations, .. } = &self.reply;
        let quotes: Vec<String> =
            citations.iter().map(|it| format!("  {}: «{}»", it.name, it.quote)).collect();
        format!(
            "Pregunta\n  {}\n\nRespuesta\n  {}\n\nCita\n{}",
            self.question.text,
            text.replace('\n', "\n  "),
            quotes.join("\n")
        )
    }

    async fn request_code(&self) -> anyhow::Result<(String, (String, Option<String>))> {
        let before = newest(&self.client.outbox(&self.phone).await?);
        let body = json!({ "phone": self.phone });
        let path = "/v1/auth/otp";
        let first = self.client.send(Method::POST, path, Some(&body)).await?;
        if let Some(pause) = short_pause(&first) {
            println!("    un código por minuto: espero {}", shown(pause));
            tokio::time::sleep(pause).await;
        } else {
            let response = expect_status(first, path, &[StatusCode::ACCEPTED]).await?;
            let id = text(&response.json().await?, "/id")?;
            return Ok((format!("pedido para {}", self.phone), (id, before)));
        }
        let response =
            self.client.json(Method::POST, path, Some(&body), StatusCode::ACCEPTED).await?;
        let id = text(&response, "/id")?;
        Ok((format!("pedido para {}", self.phone), (id, before)))
    }

    async fn read_code(&self, before: Option<&str>) -> anyhow::Result<(String, String)> {
        let began = Instant::now();
        while began.elapsed() < CODE_LIMIT {
            let outbox = self.client.outbox(&self.phone).await?;
            if newest(&outbox).as_deref() != before
                && let Some(code) = outbox.first().and_then(|it| text(it, "/code").ok())
            {
                return Ok((format!("llegó el código {code}"), code));
            }
            tokio::time::sleep(POLL).await;
        }
        bail!("en {} no llegó ningún código a {}", shown(CODE_LIMIT), self.phone)
    }

    async fn log_in(&self, challenge: &str, code: &str) -> anyhow::Result<(String, String)> {
        let body = json!({ "otp_id": challenge, "code": code, "device_name": "cargo xtask demo" });
        let path = "/v1/auth/sessions";
        let response =
            self.client.json(Method::POST, path, Some(&body), StatusCode::CREATED).await?;
        let name = text(&response, "/user/name")?;
        Ok((format!("sesión abierta para {name}"), text(&response, "/token")?))
    }

    async fn current_user(&self) -> anyhow::Result<(String, ())> {
        let me = self.client.json(Method::GET, "/v1/me", None, StatusCode::OK).await?;
        Ok((format!("{} ({})", text(&me, "/name")?, text(&me, "/phone")?), ()))
    }

    async fn upload(&self) -> anyhow::Result<(String, String)> {
        let file = self.client.upload(NAME, PDF).await?;
        let status = text(&file, "/sync/status")?;
        let summary = format!("{NAME}, {} KB, estado «{status}»", PDF.len() / 1024);
        Ok((summary, text(&file, "/id")?))
    }

    async fn wait_for(&self, file: &str) -> anyhow::Result<(String, ())> {
        let began = Instant::now();
        let path = format!("/v1/files/{file}");
        let mut passed: Vec<String> = Vec::new();
        while began.elapsed() < SYNC_LIMIT {
            let file = self.client.json(Method::GET, &path, None, StatusCode::OK).await?;
            let status = text(&file, "/sync/status")?;
            if passed.last() != Some(&status) {
                passed.push(status.clone());
            }
            match status.as_str() {
                "synced" => return Ok((passed.join(" → "), ())),
                "failed" | "not_applicable" => bail!("el archivo quedó en «{status}»: {file}"),
                _ => tokio::time::sleep(POLL).await,
            }
        }
        bail!("en {} el archivo no pasó de «{}»", shown(SYNC_LIMIT), passed.join(" → "))
    }

    async fn open(&self) -> anyhow::Result<(String, String)> {
        let body = json!({ "title": "Preguntas sobre la guía" });
        let path = "/v1/conversations";
        let response =
            self.client.json(Method::POST, path, Some(&body), StatusCode::CREATED).await?;
        Ok((format!("«{}»", text(&response, "/title")?), text(&response, "/id")?))
    }

    async fn ask(&self, conversation: &str) -> anyhow::Result<(String, Reply)> {
        println!("\n    — {}\n", self.question.text);
        let began = Instant::now();
        let path = format!("/v1/conversations/{conversation}/messages");
        let body = json!({ "content": self.question.text });
        let mut stream = self.client.stream(&path, &body).await?;
        let mut decoder = Decoder::default();
        let mut reply = Reply::default();
        print!("    ");
        while let Some(bytes) = stream.chunk().await.context("la respuesta se cortó")? {
            for event in decoder.feed(&bytes) {
                if reply.apply(&event, began)? {
                    println!("\n");
                    let first = reply.first_delta.unwrap_or_default();
                    let n_chars = reply.text.chars().count();
                    let summary =
                        format!("{n_chars} caracteres; el primero llegó a los {}", shown(first));
                    return Ok((summary, reply));
                }
            }
        }
        bail!("la respuesta terminó sin su evento final")
    }

    fn check_citation(&self, file: &str) -> anyhow::Result<(String, ())> {
        let citations = &self.reply.citations;
        let of_this = citations.iter().find(|it| it.file == file);
        // A copy from an earlier `--keep` counts as well: the search returns one of two equal files.
        let Some(citation) = of_this.or_else(|| citations.iter().find(|it| it.name == NAME)) else {
            bail!("la respuesta no cita la guía que se subió")
        };
        let quotes = self.reply.citations.iter().map(|it| it.quote.as_str());
        let everything: Vec<&str> = quotes.chain([self.reply.text.as_str()]).collect();
        if !everything.iter().any(|text| self.question.contains_answer(text)) {
            let sentence = self.question.sentence.as_deref().unwrap_or_default();
            bail!("ni la respuesta ni sus citas contienen la frase de la guía: «{sentence}»")
        }
        let copy = if citation.file == file { "" } else { " (de una copia anterior)" };
        Ok((format!("{}{copy}: «{}»", citation.name, citation.quote), ()))
    }

    async fn read_back(&self, conversation: &str) -> anyhow::Result<(String, ())> {
        let path = format!("/v1/conversations/{conversation}/messages");
        let list = self.client.json(Method::GET, &path, None, StatusCode::OK).await?;
        let messages = list.pointer("/data").and_then(Value::as_array).cloned().unwrap_or_default();
        let Some(newest) = messages.first() else { bail!("la conversación está vacía") };
        if text(newest, "/content")? != self.reply.text {
            bail!("el texto guardado no es el que llegó en vivo: {newest}")
        }
        let n_stored = newest.pointer("/citations").and_then(Value::as_array).map_or(0, Vec::len);
        if n_stored != self.reply.citations.len() {
            bail!("se guardaron {n_stored} citas y llegaron {}", self.reply.citations.len())
        }
        Ok((format!("{} mensajes, {n_stored} cita(s), el mismo texto", messages.len()), ()))
    }

    async fn remove(&self, conversation: &str, file: &str) -> anyhow::Result<(String, ())> {
        for path in [format!("/v1/conversations/{conversation}"), format!("/v1/files/{file}")] {
            self.client.send_without_body(Method::DELETE, &path).await?;
            let status = self.client.status(&path).await?;
            if status != StatusCode::NOT_FOUND {
                bail!("{path} sigue ahí después de borrarse: {status}")
            }
        }
        Ok(("ya no están".to_owned(), ()))
    }

    async fn log_out(&self) -> anyhow::Result<(String, ())> {
        self.client.send_without_body(Method::DELETE, "/v1/sessions/current").await?;
        let status = self.client.status("/v1/me").await?;
        if status != StatusCode::UNAUTHORIZED {
            bail!("la sesión sigue abierta después de salir: {status}")
        }
        Ok(("la sesión ya no sirve".to_owned(), ()))
    }
}

impl Reply {
    /// Applies an event; `true` if it was the last one.
    fn apply(&mut self, event: &Event, began: Instant) -> anyhow::Result<bool> {
        let data: Value = serde_json::from_str(&event.data).unwrap_or_default();
        match event.kind.as_str() {
            "delta" => {
                let piece = text(&data, "/text")?;
                self.first_delta.get_or_insert(began.elapsed());
                print!("{}", piece.replace('\n', "\n    "));
                // If this fails, the text appears with the next flush.
                let _later = std::io::stdout().flush();
                self.text.push_str(&piece);
            }
            "citation" => self.citations.push(Citation {
                file: text(&data, "/file_id")?,
                name: text(&data, "/name")?,
                quote: text(&data, "/quote")?,
            }),
            "response.completed" => return Ok(true),
            "response.failed" | "response.incomplete" | "response.cancelled" => {
                bail!("la respuesta terminó con {}: {data}", event.kind)
            }
            // Newer versions of the service may send other events.
            _ => {}
        }
        Ok(false)
    }
}

/// The id of the newest message in an outbox.
fn newest(outbox: &[Value]) -> Option<String> {
    outbox.first()?.get("wamid")?.as_str().map(str::to_owned)
}
