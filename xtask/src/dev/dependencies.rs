//! The dependencies of the service: the real one if its variables are set, a stand-in otherwise.

use std::path::Path;

use anyhow::{Context as _, bail};
use ignacio_devstack::{
    Cluster, ClusterOptions, OpenAiOptions, OpenAiStandIn, S3Options, S3StandIn, WhatsAppOptions,
    WhatsAppStandIn,
};
use ignacio_domain::keys::MasterSecret;
use migration::{SERVICE_ROLES, service_url};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    deployment::{self, DATABASE, Databases, DevFile, Store},
    environment::{self, has_any, variable},
};

/// The version of the Graph API for the service.
const GRAPH_VERSION: &str = "v23.0";

/// The secret with which the stand-in signs webhooks.
const APP_SECRET: &str = "devstack-app-secret";

/// The default of `S3_BUCKET`.
const BUCKET: &str = "user-files";

/// The dependencies, running.
pub(super) struct Dependencies {
    pub(super) database: Databases,
    store: Store,
    openai: Endpoint,
    whatsapp: Endpoint,
    secret_is_ours: bool,
    // Dropping them stops them; the database stops last.
    s3: Option<S3StandIn>,
    _openai: Option<OpenAiStandIn>,
    _whatsapp: Option<WhatsAppStandIn>,
    cluster: Option<Cluster>,
}

/// An external service.
struct Endpoint {
    url: String,
    is_stand_in: bool,
}

impl Dependencies {
    /// Starts the stand-ins and migrates the database.
    pub(super) async fn start(
        data: &Path,
        secret: &MasterSecret,
        api: &str,
    ) -> anyhow::Result<Self> {
        let postgres = deployment::postgres_folder(data);
        let starting = tokio::task::spawn_blocking(move || cluster(&postgres));
        let (store, s3) = store(data)?;
        let (openai, openai_stand_in) = openai(data)?;
        let (whatsapp, whatsapp_stand_in) = whatsapp(api)?;
        let cluster = starting.await??;
        let owner = match &cluster {
            Some(cluster) => {
                cluster.ensure_database(DATABASE).await?;
                cluster.admin_url(DATABASE).into()
            }
            None => real_database()?,
        };
        Ok(Self {
            database: migrated(&owner, secret).await?,
            store,
            openai,
            whatsapp,
            secret_is_ours: environment::secret("IGNACIO_SECRET")?.is_none(),
            s3,
            _openai: openai_stand_in,
            _whatsapp: whatsapp_stand_in,
            cluster,
        })
    }

    /// Whether a dependency is a stand-in.
    pub(super) fn has_stand_in(&self, name: &str) -> bool {
        match name {
            "postgres" => self.cluster.is_some(),
            "s3" => self.s3.is_some(),
            "openai" => self.openai.is_stand_in,
            _ => self.whatsapp.is_stand_in,
        }
    }

    /// The environment variables for the service, besides the inherited ones.
    pub(super) fn variables(
        &self,
        api: &str,
        metrics: &str,
        data: &Path,
    ) -> anyhow::Result<Vec<(String, String)>> {
        let mut variables = vec![
            ("IGNACIO_LISTEN", api.to_owned()),
            ("IGNACIO_METRICS_LISTEN", metrics.to_owned()),
        ];
        let defaults = [
            ("APP_ENV", "development"),
            // A developer requests many codes from one address.
            ("IGNACIO_CODES_PER_ADDRESS", "1000"),
            ("IGNACIO_LOG_FORMAT", "text"),
            ("IGNACIO_LOG", "info"),
        ];
        for (name, value) in defaults {
            variables.push((name, variable(name).unwrap_or_else(|| value.to_owned())));
        }
        if self.secret_is_ours {
            let file = deployment::secret_file(data);
            let file = file.to_str().context("the path of --data is not UTF-8")?;
            variables.push(("IGNACIO_SECRET_FILE", file.to_owned()));
        }
        if self.has_stand_in("postgres") {
            variables.push(("DATABASE_URL", self.database.owner.clone()));
        }
        if self.has_stand_in("s3") {
            variables.extend(self.store.variables());
        }
        if self.openai.is_stand_in {
            variables.push(("OPENAI_BASE_URL", self.openai.url.clone()));
            variables.push(("OPENAI_API_KEY", "sk-devstack".to_owned()));
        }
        if self.whatsapp.is_stand_in {
            variables.push(("WHATSAPP_BASE_URL", format!("{}/{GRAPH_VERSION}", self.whatsapp.url)));
            variables.push(("WHATSAPP_PHONE_NUMBER_ID", "100000000000001".to_owned()));
            variables.push(("WHATSAPP_ACCESS_TOKEN", "devstack".to_owned()));
            variables.push(("WHATSAPP_APP_SECRET", APP_SECRET.to_owned()));
            variables.push(("WHATSAPP_VERIFY_TOKEN", "devstack".to_owned()));
        }
        Ok(variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// The addresses, for other tools.
    pub(super) fn dev_file(&self, api: &str, metrics: &str, data: &Path, log: &Path) -> DevFile {
        let names = ["postgres", "s3", "openai", "whatsapp"];
        let stand_ins = names.into_iter().filter(|name| self.has_stand_in(name));
        DevFile {
            api: format!("http://{api}"),
            metrics: format!("http://{metrics}/metrics"),
            openai: self.openai.url.clone(),
            whatsapp: self.whatsapp.url.clone(),
            s3: self.store.clone(),
            database: self.database.clone(),
            stand_ins: stand_ins.map(str::to_owned).collect(),
            secret_file: deployment::secret_file(data),
            log: log.to_owned(),
            pid: std::process::id(),
        }
    }
}

/// A private cluster, unless `DATABASE_URL` is set.
fn cluster(folder: &Path) -> anyhow::Result<Option<Cluster>> {
    if environment::secret("DATABASE_URL")?.is_some() {
        return Ok(None);
    }
    let options = ClusterOptions { data: Some(folder.to_owned()), port: None, durable: true };
    Ok(Some(Cluster::start(options)?))
}

fn real_database() -> anyhow::Result<SecretString> {
    let Some(url) = environment::secret("DATABASE_URL")? else {
        bail!("DATABASE_URL is missing");
    };
    Ok(url.into())
}

/// Migrates a database and returns the URL for each role.
async fn migrated(owner: &SecretString, secret: &MasterSecret) -> anyhow::Result<Databases> {
    let passwords = deployment::passwords(secret)?;
    migration::apply(owner, &passwords).await.context("the database could not be migrated")?;
    let [api, auth, worker, admin] = SERVICE_ROLES;
    let url = |role, password| -> anyhow::Result<String> {
        Ok(service_url(owner, role, password)?.expose_secret().to_owned())
    };
    Ok(Databases {
        owner: owner.expose_secret().to_owned(),
        api: url(api, &passwords.api)?,
        auth: url(auth, &passwords.auth)?,
        worker: url(worker, &passwords.worker)?,
        admin: url(admin, &passwords.admin)?,
    })
}

fn store(data: &Path) -> anyhow::Result<(Store, Option<S3StandIn>)> {
    let value = |name: &str, default: &str| variable(name).unwrap_or_else(|| default.to_owned());
    if has_any("S3_") {
        let secret = environment::secret("S3_SECRET_ACCESS_KEY")?;
        let store = Store {
            endpoint: value("S3_ENDPOINT", ""),
            region: value("S3_REGION", "us-east-1"),
            bucket: value("S3_BUCKET", BUCKET),
            access_key_id: value("S3_ACCESS_KEY_ID", ""),
            secret_access_key: secret.unwrap_or_default(),
        };
        return Ok((store, None));
    }
    let s3 = S3StandIn::start(S3Options { data: Some(data.join("s3")), port: None })?;
    let store = Store {
        endpoint: s3.endpoint(),
        region: ignacio_devstack::s3::REGION.to_owned(),
        bucket: BUCKET.to_owned(),
        access_key_id: s3.access_key().to_owned(),
        secret_access_key: s3.secret_key().to_owned(),
    };
    Ok((store, Some(s3)))
}

fn openai(data: &Path) -> anyhow::Result<(Endpoint, Option<OpenAiStandIn>)> {
    let url = variable("OPENAI_BASE_URL");
    if url.is_some() || environment::secret("OPENAI_API_KEY")?.is_some() {
        let url = url.unwrap_or_else(|| "https://api.openai.com/v1".to_owned());
        return Ok((Endpoint { url, is_stand_in: false }, None));
    }
    let options = OpenAiOptions { data_dir: Some(data.join("openai")), ..OpenAiOptions::default() };
    let openai = OpenAiStandIn::start(options)?;
    Ok((Endpoint { url: openai.base_url(), is_stand_in: true }, Some(openai)))
}

fn whatsapp(api: &str) -> anyhow::Result<(Endpoint, Option<WhatsAppStandIn>)> {
    if has_any("WHATSAPP_") {
        let default = format!("https://graph.facebook.com/{GRAPH_VERSION}");
        let url = variable("WHATSAPP_BASE_URL").unwrap_or(default);
        return Ok((Endpoint { url, is_stand_in: false }, None));
    }
    let options = WhatsAppOptions {
        app_secret: APP_SECRET.to_owned(),
        callback: Some(format!("http://{api}/v1/webhooks/whatsapp")),
        reports_by_itself: true,
        ..WhatsAppOptions::default()
    };
    let whatsapp = WhatsAppStandIn::start(options)?;
    Ok((Endpoint { url: whatsapp.base_url().to_owned(), is_stand_in: true }, Some(whatsapp)))
}
