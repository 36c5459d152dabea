//! Poolers on an unremarkable port: one in transaction mode is detected, one in session mode does
//! no harm.

use std::{
    io::{self, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use ignacio_devstack::TestDatabase;

use crate::process::{Running, Variables, run};

/// How long a client keeps its connection to the server.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Until the end of each transaction.
    Transaction,
    /// Until the client disconnects.
    Session,
}

/// Server connections without a client: the most recently returned one is reused first.
type Idle = Arc<Mutex<Vec<TcpStream>>>;

#[tokio::test]
async fn a_pooler_in_transaction_mode_is_refused_on_any_port() {
    let database = TestDatabase::create().await;
    let url = pooled(&database.owner_url(), Mode::Transaction);
    for command in [&["serve"], &["migrate"]] {
        let ended = run(command, &Variables::for_serve(&database).with("DATABASE_URL", &*url));
        assert_eq!(ended.code, Some(78), "{}", ended.stderr);
        assert_eq!(ended.last_words().len(), 1, "{}", ended.stderr);
        assert!(ended.stderr.contains("pooler in transaction mode"), "{}", ended.stderr);
        assert!(ended.stderr.contains("port 5432"), "{}", ended.stderr);
    }
}

#[tokio::test]
async fn a_pooler_in_session_mode_is_accepted() {
    let database = TestDatabase::create().await;
    let url = pooled(&database.owner_url(), Mode::Session);
    let variables = Variables::for_serve(&database).with("DATABASE_URL", url);
    Running::start(&["serve"], &variables).stop();
}

/// Starts a pooler in front of a database and returns its URL. It runs until the tests end.
fn pooled(url: &str, mode: Mode) -> String {
    let place = url.split('@').nth(1).unwrap().split('/').next().unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let through = url.replace(&place, &listener.local_addr().unwrap().to_string());
    let idle = Idle::default();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (place, idle) = (place.clone(), Arc::clone(&idle));
            thread::spawn(move || serve(client, &place, &idle, mode));
        }
    });
    through
}

/// Serves a client until it disconnects or an error occurs, then closes both ends.
fn serve(mut client: TcpStream, place: &str, idle: &Idle, mode: Mode) -> io::Result<()> {
    // Each client authenticates to the server on a new connection.
    let mut lent = Some(log_in(&mut client, TcpStream::connect(place)?)?);
    loop {
        if mode == Mode::Transaction {
            idle.lock().unwrap().extend(lent.take());
        }
        // A request lasts until the server is ready for the next one, a transaction until it is
        // ready and reports that it is idle.
        loop {
            let message = Message::read(&mut client)?;
            let server = lent.get_or_insert_with(|| idle.lock().unwrap().pop().unwrap());
            message.write(server)?;
            let is_awaited = matches!(message.kind, b'Q' | b'S');
            if is_awaited && relay_answer(server, &mut client)? == b'I' {
                break;
            }
        }
    }
}

/// Relays the login; returns the server's connection, which is then idle.
fn log_in(client: &mut TcpStream, mut server: TcpStream) -> io::Result<TcpStream> {
    // Only the first message has no type.
    let start = read_counted(client)?;
    server.write_all(&start)?;
    loop {
        let message = Message::read(&mut server)?;
        message.write(client)?;
        match (message.kind, message.body.get(4..8)) {
            (b'Z', _) => return Ok(server),
            // Every message except `ok` and the last one of SCRAM needs a response.
            (b'R', Some([0, 0, 0, 0 | 12])) => {}
            (b'R', _) => Message::read(client)?.write(&mut server)?,
            _ => {}
        }
    }
}

/// Relays messages until the server is ready again; returns the state of its transaction.
fn relay_answer(server: &mut TcpStream, client: &mut TcpStream) -> io::Result<u8> {
    loop {
        let message = Message::read(server)?;
        message.write(client)?;
        if let (b'Z', Some(state)) = (message.kind, message.body.last()) {
            return Ok(*state);
        }
    }
}

/// A message of the protocol; the body begins with its length.
struct Message {
    kind: u8,
    body: Vec<u8>,
}

impl Message {
    fn read(from: &mut TcpStream) -> io::Result<Self> {
        let mut kind = [0];
        from.read_exact(&mut kind)?;
        Ok(Self { kind: kind[0], body: read_counted(from)? })
    }

    fn write(&self, to: &mut TcpStream) -> io::Result<()> {
        to.write_all(&[&[self.kind], &*self.body].concat())
    }
}

/// Reads a body that begins with its own length in four bytes.
fn read_counted(from: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let mut body = length.to_vec();
    from.take(u64::from(u32::from_be_bytes(length)) - 4).read_to_end(&mut body)?;
    Ok(body)
}
