//! A server of Debian's `redis-server` on a socket in a directory of its own, and a wire to it that
//! can lose an answer.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::clock;
use crate::store::redis::{Link, LinkTimeouts, RedisStore};

/// The running server; ended when it is dropped.
pub(crate) struct Server {
    child: Child,
    dir: PathBuf,
    arguments: Vec<String>,
}

impl Server {
    /// Starts one in this directory; `None`, with a word about it, where none is installed.
    pub(crate) fn start(dir: &Path, arguments: &[&str]) -> Option<Self> {
        let arguments: Vec<String> = arguments.iter().map(|it| (*it).to_owned()).collect();
        let Some(child) = spawn(dir, &arguments) else {
            eprintln!("skipped: redis-server is not installed");
            return None;
        };
        let server = Self {
            child,
            dir: dir.to_owned(),
            arguments,
        };
        server.await_answer();
        Some(server)
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.dir.join("socket")
    }

    /// A link to it, or to a wire before it.
    pub(super) fn link(socket: &Path) -> Link {
        let timeouts = LinkTimeouts {
            connect: Duration::from_secs(5),
            answer: Duration::from_secs(5),
        };
        Link::new(&format!("redis+unix://{}", socket.display()), timeouts).unwrap()
    }

    /// A store on it.
    pub(super) fn store(&self, prefix: &str) -> RedisStore {
        RedisStore::open(Self::link(&self.socket()), prefix).unwrap()
    }

    /// Kills it as the kernel does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again on what is in its directory.
    pub(super) fn start_again(&mut self) {
        self.child = spawn(&self.dir, &self.arguments).unwrap();
        self.await_answer();
    }

    fn await_answer(&self) {
        let link = Self::link(&self.socket());
        for _ in 0..1000 {
            let ping = link.run(crate::store::redis::Repeat::Safe, |connection| {
                redis::cmd("PING").query::<String>(connection)
            });
            if ping.is_ok() {
                return;
            }
            sleep(Duration::from_millis(10));
        }
        panic!("redis-server does not answer");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(dir: &Path, arguments: &[String]) -> Option<Child> {
    let _ = std::fs::remove_file(dir.join("socket"));
    Command::new("redis-server")
        .args(["--port", "0", "--save", "", "--unixsocket"])
        .arg(dir.join("socket"))
        .arg("--dir")
        .arg(dir)
        .args(arguments)
        .stdout(Stdio::null())
        .spawn()
        .ok()
}

/// Real time, whatever the clock of the test says: a server starts in its own time.
fn sleep(span: Duration) {
    let frozen = clock::frozen_unix();
    clock::thaw();
    clock::wait_blocking(span);
    if let Some(frozen) = frozen {
        clock::freeze(frozen);
    }
}

/// A socket before a server's: breaks the connection in place of the next answers, so many.
pub(super) struct LossyWire {
    pub(super) socket: PathBuf,
    lose: Arc<AtomicUsize>,
}

impl LossyWire {
    pub(super) fn before(server: &Server) -> Self {
        let socket = server.dir.join("wire");
        let listener = UnixListener::bind(&socket).unwrap();
        let lose = Arc::new(AtomicUsize::new(0));
        let (to, losing) = (server.socket(), Arc::clone(&lose));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let server = UnixStream::connect(&to).unwrap();
                join(client.unwrap(), server, Arc::clone(&losing));
            }
        });
        Self { socket, lose }
    }

    pub(super) fn lose_next(&self, answers: usize) {
        self.lose.store(answers, Ordering::SeqCst);
    }

    pub(super) fn left_to_lose(&self) -> usize {
        self.lose.load(Ordering::SeqCst)
    }
}

fn join(client: UnixStream, server: UnixStream, lose: Arc<AtomicUsize>) {
    let (mut from_client, mut to_server) =
        (client.try_clone().unwrap(), server.try_clone().unwrap());
    std::thread::spawn(move || std::io::copy(&mut from_client, &mut to_server));
    let (mut from_server, mut to_client) = (server, client);
    std::thread::spawn(move || {
        let mut buffer = [0; 65536];
        while let Ok(bytes) = from_server.read(&mut buffer) {
            let take = |left: usize| left.checked_sub(1);
            let is_lost = lose
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, take)
                .is_ok();
            if bytes == 0 || is_lost || to_client.write_all(&buffer[..bytes]).is_err() {
                break;
            }
        }
        let _ = to_client.shutdown(std::net::Shutdown::Both);
        let _ = from_server.shutdown(std::net::Shutdown::Both);
    });
}
