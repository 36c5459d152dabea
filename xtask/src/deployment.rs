//! The database that a tool uses: the one of the environment, that of a running `dev`, or the stopped
//! development database, which the tool starts for as long as it needs it.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::Duration,
};

use anyhow::{Context as _, bail};
use ignacio_devstack::{Cluster, ClusterOptions};
use ignacio_domain::keys::MasterSecret;
use migration::RolePasswords;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use crate::{
    environment,
    programs::{build_ignacio, status},
};

/// The database of a development cluster.
pub(crate) const DATABASE: &str = "ignacio";

/// The addresses that `dev` writes for other tools (`dev.json`).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DevFile {
    /// The base URL of the REST API.
    pub(crate) api: String,
    /// The URL of the Prometheus metrics.
    pub(crate) metrics: String,
    /// The base URL of the OpenAI API, including the version.
    pub(crate) openai: String,
    /// The base URL of the WhatsApp Cloud API. A stand-in serves its outbox there.
    pub(crate) whatsapp: String,
    /// The object store.
    pub(crate) s3: Store,
    /// The URLs of the database, one per role.
    pub(crate) database: Databases,
    /// Which dependencies are stand-ins.
    pub(crate) stand_ins: Vec<String>,
    /// The file that holds `IGNACIO_SECRET`.
    pub(crate) secret_file: PathBuf,
    /// The log file of the service and its worker.
    pub(crate) log: PathBuf,
    /// The process id of `dev`.
    pub(crate) pid: u32,
}

/// The object store and its credentials.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Store {
    pub(crate) endpoint: String,
    pub(crate) region: String,
    pub(crate) bucket: String,
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
}

/// One URL per role.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Databases {
    pub(crate) owner: String,
    pub(crate) api: String,
    pub(crate) auth: String,
    pub(crate) worker: String,
    pub(crate) admin: String,
}

impl Store {
    /// The environment variables for the service.
    pub(crate) fn variables(&self) -> [(&'static str, String); 5] {
        [
            ("S3_ENDPOINT", self.endpoint.clone()),
            ("S3_REGION", self.region.clone()),
            ("S3_BUCKET", self.bucket.clone()),
            ("S3_ACCESS_KEY_ID", self.access_key_id.clone()),
            ("S3_SECRET_ACCESS_KEY", self.secret_access_key.clone()),
        ]
    }
}

impl DevFile {
    /// The path of the file.
    pub(crate) fn path(data: &Path) -> PathBuf {
        data.join("dev.json")
    }

    /// Reads the file of the last `dev` with this data folder.
    pub(crate) fn read(data: &Path) -> anyhow::Result<Option<Self>> {
        let path = Self::path(data);
        let Ok(text) = fs::read_to_string(&path) else { return Ok(None) };
        let file = serde_json::from_str(&text).with_context(|| {
            let path = environment::shown(&path);
            format!("{path} is damaged: start `cargo xtask dev` again, which rewrites it")
        })?;
        Ok(Some(file))
    }

    /// Writes the file, readable only by the owner, because it contains passwords.
    pub(crate) fn write(&self, data: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        write_private(&Self::path(data), &text)
    }
}

/// The addresses of a running `dev`.
pub(crate) fn running_dev(data: &Path) -> anyhow::Result<DevFile> {
    if let Some(file) = DevFile::read(data)?
        && is_listening(&file.api)
    {
        return Ok(file);
    }
    bail!(
        "no `cargo xtask dev` is running with the data folder {}: start it in another terminal",
        environment::shown(data)
    )
}

/// A database and the secret for it.
pub(crate) struct Deployment {
    url: SecretString,
    secret: Option<SecretString>,
    /// Runs for as long as the tool needs it.
    _cluster: Option<Cluster>,
}

impl Deployment {
    /// Finds the database: `DATABASE_URL`, or the development database in `data`.
    pub(crate) async fn find(data: &Path) -> anyhow::Result<Self> {
        if let Some(url) = environment::secret("DATABASE_URL")? {
            let secret = environment::secret("IGNACIO_SECRET")?.map(SecretString::from);
            return Ok(Self { url: url.into(), secret, _cluster: None });
        }
        let secret = Some(dev_secret(data)?);
        let running = DevFile::read(data).ok().flatten();
        if let Some(file) = running.filter(|file| is_listening(&file.database.owner)) {
            return Ok(Self { url: file.database.owner.into(), secret, _cluster: None });
        }
        let options =
            ClusterOptions { data: Some(postgres_folder(data)), port: None, durable: true };
        let cluster = tokio::task::spawn_blocking(|| Cluster::start(options)).await??;
        cluster.ensure_database(DATABASE).await?;
        let url = cluster.admin_url(DATABASE).into();
        Ok(Self { url, secret, _cluster: Some(cluster) })
    }

    /// The URL of the migrating role.
    pub(crate) fn url(&self) -> &SecretString {
        &self.url
    }

    /// Runs the program `ignacio` on this database and shows its output.
    pub(crate) fn ignacio(&self, arguments: &[&str]) -> anyhow::Result<ExitCode> {
        let mut command = Command::new(build_ignacio()?);
        command.args(arguments).env_remove("DATABASE_URL_FILE");
        command.env("DATABASE_URL", self.url.expose_secret());
        let ended = status(&mut command)?;
        Ok(if ended.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// The passwords of the service roles.
    pub(crate) fn passwords(&self) -> anyhow::Result<RolePasswords> {
        let Some(secret) = self.secret.clone() else {
            bail!("IGNACIO_SECRET is missing: the passwords of the roles are derived from it");
        };
        passwords(&MasterSecret::parse(secret).context("IGNACIO_SECRET is too short")?)
    }
}

/// The passwords of the service roles: derived as `ignacio` does, unless set individually.
pub(crate) fn passwords(secret: &MasterSecret) -> anyhow::Result<RolePasswords> {
    let password = |role: &str, name: &str| -> anyhow::Result<SecretString> {
        let given = environment::secret(name)?.map(SecretString::from);
        Ok(given.unwrap_or_else(|| secret.derive(&format!("db-role:{role}")).to_hex()))
    };
    Ok(RolePasswords {
        api: password("ignacio_api", "IGNACIO_DB_PASSWORD_API")?,
        auth: password("ignacio_auth", "IGNACIO_DB_PASSWORD_AUTH")?,
        worker: password("ignacio_worker", "IGNACIO_DB_PASSWORD_WORKER")?,
        admin: password("ignacio_admin", "IGNACIO_DB_PASSWORD_ADMIN")?,
    })
}

/// The folder of the development database.
pub(crate) fn postgres_folder(data: &Path) -> PathBuf {
    data.join("postgres")
}

/// The file with the development secret.
pub(crate) fn secret_file(data: &Path) -> PathBuf {
    data.join("secret")
}

/// `IGNACIO_SECRET`, or the secret in the data folder, which is created on first use.
pub(crate) fn dev_secret(data: &Path) -> anyhow::Result<SecretString> {
    if let Some(secret) = environment::secret("IGNACIO_SECRET")? {
        return Ok(secret.into());
    }
    let path = secret_file(data);
    let shown = environment::shown(&path);
    match fs::read_to_string(&path) {
        Ok(text) if MasterSecret::parse(text.trim().into()).is_ok() => Ok(text.trim().into()),
        Ok(_) => bail!(
            "{shown} is damaged (it contains no secret): run `cargo xtask dev --fresh` to delete the development data and start empty"
        ),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let secret = random_hex()?;
            make_folder(data)?;
            write_private(&path, &format!("{secret}\n"))?;
            Ok(secret.into())
        }
        Err(error) => bail!(
            "{shown} cannot be read ({error}): correct its permissions, or run `cargo xtask dev --fresh` to delete the development data and start empty"
        ),
    }
}

/// Creates the folder for the development data.
pub(crate) fn make_folder(data: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(data).with_context(|| {
        format!(
            "the folder {} cannot be created: remove what is in the way, or choose another folder with --data",
            environment::shown(data)
        )
    })
}

/// 256 random bits in hex.
fn random_hex() -> anyhow::Result<String> {
    use std::io::Read as _;

    let mut bytes = [0_u8; 32];
    let mut source = fs::File::open("/dev/urandom").context("/dev/urandom cannot be opened")?;
    source.read_exact(&mut bytes).context("/dev/urandom cannot be read")?;
    Ok(bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}")))
}

/// Writes a file that only its owner can read, even if it existed before.
fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;

    fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| {
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
            file.write_all(text.as_bytes())
        })
        .with_context(|| format!("{} cannot be written", environment::shown(path)))
}

/// Whether something listens at the host and port of a local URL.
pub(crate) fn is_listening(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let place = rest.split(['/', '?']).next().unwrap_or_default();
    let place = place.rsplit('@').next().unwrap_or_default();
    let Ok(address) = place.parse::<SocketAddr>() else { return false };
    TcpStream::connect_timeout(&address, Duration::from_millis(500)).is_ok()
}

#[cfg(test)]
mod tests {
    //! A secret is created once and private, and a damaged one is reported.

    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_secret_is_created_once_and_only_its_owner_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let first = dev_secret(&data).unwrap();
        assert!(first.expose_secret().len() >= 32);
        assert_eq!(dev_secret(&data).unwrap().expose_secret(), first.expose_secret());
        let mode = fs::metadata(secret_file(&data)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_secret_is_reported_with_advice() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(secret_file(folder.path()), "short").unwrap();
        let error = dev_secret(folder.path()).unwrap_err().to_string();
        assert!(error.contains("damaged") && error.contains("--fresh"), "{error}");
    }

    #[test]
    fn only_a_live_address_is_listening() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert!(is_listening(&format!("postgres://ada:pw@{address}/ignacio?sslmode=disable")));
        drop(listener);
        assert!(!is_listening(&format!("http://{address}")));
        assert!(!is_listening("not an address"));
    }
}
