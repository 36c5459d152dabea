//! The stack under measurement: a private Postgres, the stand-ins, the service as a separate process,
//! and logged-in users.

use std::{
    fmt::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, bail};
use ignacio_devstack::{
    Cluster, ClusterOptions, OpenAiOptions, OpenAiStandIn, S3Options, S3StandIn, WhatsAppOptions,
    WhatsAppStandIn,
};
use ignacio_domain::session::SessionToken;
use rand::{rand_core::UnwrapErr, rngs::SysRng};

use super::processes;
use crate::{
    dev::{address_for, service::Service},
    programs::output,
};

/// The database.
const DATABASE: &str = "ignacio";

/// The master secret.
const SECRET: &str = "a secret for measurements that is long enough";

/// How long the service may take to become ready.
const READY_LIMIT: Duration = Duration::from_mins(1);

/// Everything but the service.
pub(super) struct Stack {
    ignacio: PathBuf,
    cluster: Cluster,
    pub(super) openai: OpenAiStandIn,
    s3: S3StandIn,
    whatsapp: WhatsAppStandIn,
    folder: tempfile::TempDir,
    n_users: usize,
}

/// The service, running.
pub(super) struct Running {
    service: Service,
    pub(super) api: SocketAddr,
    pub(super) pid: u32,
}

/// A user with a session and a conversation.
#[derive(Clone)]
pub(super) struct User {
    pub(super) token: String,
    pub(super) conversation: String,
}

impl Stack {
    /// Starts Postgres, as durable as a deployment's, and the stand-ins.
    pub(super) async fn start(ignacio: PathBuf) -> anyhow::Result<Self> {
        let start = || Cluster::start(ClusterOptions { data: None, port: None, durable: true });
        let cluster = tokio::task::spawn_blocking(start).await??;
        cluster.ensure_database(DATABASE).await?;
        // With the program itself: another build can have other migrations.
        let mut migrate = Command::new(&ignacio);
        migrate.args(["migrate", "up"]).env("DATABASE_URL", cluster.admin_url(DATABASE));
        migrate.env("IGNACIO_SECRET", SECRET);
        tokio::task::spawn_blocking(move || output(&mut migrate)).await??;
        let options = OpenAiOptions { keep_calls: 0, ..OpenAiOptions::for_tests() };
        let s3 = S3StandIn::start(S3Options::default())?;
        s3.create_bucket("user-files")?;
        Ok(Self {
            ignacio,
            cluster,
            openai: OpenAiStandIn::start(options)?,
            s3,
            whatsapp: WhatsAppStandIn::start(WhatsAppOptions::default())?,
            folder: tempfile::tempdir()?,
            n_users: 0,
        })
    }

    /// Starts a new service process, so that its memory has nothing of an earlier measurement.
    pub(super) async fn serve(&self, replies: usize) -> anyhow::Result<Running> {
        let (api, metrics) = (address_for(0)?, address_for(0)?);
        let log = self.folder.path().join("ignacio.log");
        let variables = self.variables(&api, &metrics, replies);
        let mut service = Service::start(&self.ignacio, &variables, &log)?;
        let ready = tokio::time::timeout(READY_LIMIT, service.ready(&api)).await;
        if !matches!(ready, Ok(true)) {
            bail!("the service did not become ready; its log ends:\n{}", service.last_words());
        }
        let pid = processes::only_child(service.shell())?;
        Ok(Running { service, api: api.parse()?, pid })
    }

    fn variables(&self, api: &str, metrics: &str, replies: usize) -> Vec<(String, String)> {
        let variables = [
            ("APP_ENV", "production".to_owned()),
            ("DATABASE_URL", self.cluster.admin_url(DATABASE)),
            ("IGNACIO_SECRET", SECRET.to_owned()),
            ("IGNACIO_LISTEN", api.to_owned()),
            ("IGNACIO_METRICS_LISTEN", metrics.to_owned()),
            // Thousands of log lines about completed replies would distort the result.
            ("IGNACIO_LOG", "warn".to_owned()),
            ("IGNACIO_REPLIES_AT_ONCE", replies.to_string()),
            ("OPENAI_BASE_URL", self.openai.base_url()),
            ("OPENAI_API_KEY", "sk-devstack".to_owned()),
            ("S3_ENDPOINT", self.s3.endpoint()),
            ("S3_BUCKET", "user-files".to_owned()),
            ("S3_ACCESS_KEY_ID", self.s3.access_key().to_owned()),
            ("S3_SECRET_ACCESS_KEY", self.s3.secret_key().to_owned()),
            ("WHATSAPP_BASE_URL", format!("{}/v23.0", self.whatsapp.base_url())),
            ("WHATSAPP_PHONE_NUMBER_ID", "100000000000001".to_owned()),
            ("WHATSAPP_ACCESS_TOKEN", "devstack".to_owned()),
        ];
        variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The main process of Postgres.
    pub(super) fn postmaster(&self) -> anyhow::Result<u32> {
        processes::postmaster(self.cluster.data())
    }

    /// Creates logged-in users, each with a conversation.
    pub(super) async fn users(&mut self, count: usize) -> anyhow::Result<Vec<User>> {
        let (mut users, mut rows) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for _ in 0..count {
            self.n_users += 1;
            let token = SessionToken::generate(&mut UnwrapErr(SysRng));
            let mut digest = String::with_capacity(64);
            for byte in token.digest().as_bytes() {
                write!(digest, "{byte:02x}")?;
            }
            // All ids of a user end with the user's number.
            let id = format!("00000000-0000-4000-8000-{:012}", self.n_users);
            rows.push(format!("('{id}'::uuid, '+57300{:07}', '\\x{digest}'::bytea)", self.n_users));
            users.push(User { token: token.expose().to_owned(), conversation: id });
        }
        let script = format!(
            "create temp table new_users (id uuid, phone text, digest bytea);
             insert into new_users values {};
             insert into users (id, phone_number, name) select id, phone, 'Ana' from new_users;
             insert into user_sessions (user_id, token_hash, expires_at, idle_expires_at)
                 select id, digest, now() + interval '1 day', now() + interval '1 day'
                   from new_users;
             -- With a title, so that no title event comes between the tokens.
             insert into conversations (id, user_id, title) select id, id, 'bench' from new_users;",
            rows.join(", ")
        );
        self.cluster.execute(DATABASE, &script).await.context("the users could not be created")?;
        Ok(users)
    }

    /// The log file of the service.
    pub(super) fn log(&self) -> PathBuf {
        Path::new(self.folder.path()).join("ignacio.log")
    }
}

impl Running {
    /// Stops it gracefully.
    pub(super) async fn stop(mut self) {
        self.service.stop();
        self.service.ended().await;
    }
}
