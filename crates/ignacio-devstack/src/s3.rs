//! A real S3 server over a folder, in this process: signatures, ranges, multipart and all.

mod server;

use std::{
    collections::VecDeque,
    fs,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
    thread::JoinHandle,
};

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use self::server::Faults;
use crate::{DevstackError, loopback};

/// The region to sign for; the server takes any.
pub const REGION: &str = "us-east-1";

/// The only access key.
const ACCESS_KEY: &str = "ignacio-devstack";

/// What a store is started with; the default is an empty temporary one on any free port.
#[derive(Debug, Clone, Default)]
pub struct S3Options {
    /// Where buckets and objects stay; without it they are removed with the stand-in.
    pub data: Option<PathBuf>,
    /// The port on 127.0.0.1; without it any free one.
    pub port: Option<u16>,
}

/// A running store; dropping it stops the server.
///
/// The server has threads of its own, so it answers whichever runtime the caller uses, and also
/// while that one is blocked.
#[derive(Debug)]
pub struct S3StandIn {
    address: SocketAddr,
    secret_key: String,
    buckets: PathBuf,
    faults: Arc<Faults>,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
    _temporary: Option<TempDir>,
}

impl S3StandIn {
    /// Starts a store. The secret key is kept beside lasting data, so it is the same next time.
    pub fn start(options: S3Options) -> Result<Self, DevstackError> {
        let (folder, temporary) = if let Some(folder) = options.data {
            (folder, None)
        } else {
            let made = tempfile::Builder::new().prefix("ignacio-s3-").tempdir();
            let made = made.map_err(DevstackError::system("make a temporary folder"))?;
            (made.path().to_owned(), Some(made))
        };
        let buckets = folder.join("buckets");
        fs::create_dir_all(&buckets)
            .map_err(DevstackError::system(format!("make {}", buckets.display())))?;
        let secret_file = folder.join("secret-key");
        let kept = loopback::read_secret(&secret_file);
        let secret_key = kept.unwrap_or_else(loopback::secret);
        loopback::write_secret(&secret_file, &secret_key)?;
        let (listener, address) = loopback::listen("the S3 stand-in", options.port)?;
        let faults = Arc::new(Faults::default());
        let stop = CancellationToken::new();
        let keys = (ACCESS_KEY, secret_key.as_str());
        let service = server::service(&buckets, keys, Arc::clone(&faults))?;
        let thread = server::run(listener, service, stop.clone())?;
        Ok(Self {
            address,
            secret_key,
            buckets,
            faults,
            stop,
            thread: Some(thread),
            _temporary: temporary,
        })
    }

    /// The address to configure, for path-style requests.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The access key to sign with.
    pub fn access_key(&self) -> &str {
        ACCESS_KEY
    }

    /// The secret key to sign with.
    pub fn secret_key(&self) -> &str {
        &self.secret_key
    }

    /// Makes a bucket unless it is there.
    pub fn create_bucket(&self, name: &str) -> Result<(), DevstackError> {
        fs::create_dir_all(self.buckets.join(name))
            .map_err(DevstackError::system(format!("make the bucket {name}")))
    }

    /// The keys of a bucket's objects, sorted; none where there is no such bucket.
    pub fn keys(&self, bucket: &str) -> Vec<String> {
        let root = self.buckets.join(bucket);
        let mut keys = Vec::new();
        let mut folders = VecDeque::from([root.clone()]);
        while let Some(folder) = folders.pop_front() {
            for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
                let path = entry.path();
                if path.is_dir() {
                    folders.push_back(path);
                } else if let Ok(key) = path.strip_prefix(&root) {
                    keys.push(key.to_string_lossy().into_owned());
                }
            }
        }
        keys.sort();
        keys
    }

    /// How many objects a bucket holds.
    pub fn object_count(&self, bucket: &str) -> usize {
        self.keys(bucket).len()
    }

    /// How many requests came in since the start, refused ones included.
    pub fn request_count(&self) -> u64 {
        self.faults.n_requests.load(Ordering::SeqCst)
    }

    /// Answers the next `times` requests with 503 `SlowDown`, as S3 does under load.
    pub fn slow_down_next(&self, times: u64) {
        self.faults.n_slow_downs.store(times, Ordering::SeqCst);
    }

    /// Breaks every connection without an answer until [`S3StandIn::clear_faults`].
    pub fn take_down(&self) {
        self.faults.is_down.store(true, Ordering::SeqCst);
    }

    /// Ends all faults.
    pub fn clear_faults(&self) {
        self.faults.n_slow_downs.store(0, Ordering::SeqCst);
        self.faults.is_down.store(false, Ordering::SeqCst);
    }
}

impl Drop for S3StandIn {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            // A panic in the server was reported by its own thread.
            let _panicked = thread.join();
        }
    }
}
