//! A vendor for tests: a thread with a loopback listener that plays a script, one step for each
//! request, and notes what it received. The last step repeats.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use parking_lot::Mutex;

/// What the vendor does with one request.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A whole answer: status, extra header lines (each ending in CR LF), body.
    Answer(u16, &'static str, String),
    /// The connection is reset after the request was read.
    Reset,
    /// A head that promises more than comes.
    HalfBody,
    /// Reads the request and never answers.
    Hang,
    /// An answer, and the connection closed without saying so in the head.
    AnswerAndClose(u16),
}

/// An answer without extra fields and with a fixed body.
pub(crate) fn answer(status: u16) -> Step {
    Step::Answer(status, "", "{\"ok\":true}".to_owned())
}

/// A vendor that listens.
pub(crate) struct Vendor {
    pub(crate) base: String,
    received: Arc<Mutex<Vec<String>>>,
    accepted: Arc<AtomicUsize>,
    hung: Arc<Mutex<Vec<TcpStream>>>,
    closed: Mutex<Receiver<()>>,
}

impl Vendor {
    /// Starts it with a script.
    pub(crate) fn start(script: Vec<Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}/", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let accepted = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&accepted);
        let hung = Arc::new(Mutex::new(Vec::new()));
        let (sender, closed) = mpsc::channel();
        let (log, kept) = (Arc::clone(&received), Arc::clone(&hung));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                counted.fetch_add(1, Ordering::SeqCst);
                let (script, log) = (script.clone(), Arc::clone(&log));
                let (kept, sender) = (Arc::clone(&kept), sender.clone());
                std::thread::spawn(move || {
                    serve(stream.unwrap(), &script, &log, &kept);
                    let _ = sender.send(());
                });
            }
        });
        Self {
            base,
            received,
            accepted,
            hung,
            closed: Mutex::new(closed),
        }
    }

    /// The requests so far: head and body.
    pub(crate) fn received(&self) -> Vec<String> {
        self.received.lock().clone()
    }

    /// Connections so far.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// Waits until the vendor has closed one connection.
    pub(crate) fn wait_for_close(&self) {
        self.closed
            .lock()
            .recv_timeout(Duration::from_secs(5))
            .unwrap();
    }
}

impl Drop for Vendor {
    fn drop(&mut self) {
        self.hung.lock().clear();
    }
}

fn serve(
    mut stream: TcpStream,
    script: &[Step],
    log: &Mutex<Vec<String>>,
    kept: &Mutex<Vec<TcpStream>>,
) {
    stream.set_nodelay(true).unwrap();
    // Waits for a request before the step is chosen: an idle connection takes none.
    while stream.peek(&mut [0]).is_ok_and(|bytes| bytes > 0) {
        let next = log.lock().len();
        let step = script[next.min(script.len() - 1)].clone();
        if matches!(step, Step::Reset) {
            log.lock().push("reset".to_owned());
            // Closed with bytes unread: the kernel answers with a reset.
            stream.read_exact(&mut [0]).unwrap();
            return;
        }
        let Some(request) = read_request(&mut stream) else {
            return;
        };
        log.lock().push(request);
        match step {
            Step::Answer(status, fields, body) => {
                let head = head(status, fields, body.len());
                stream.write_all((head + &body).as_bytes()).unwrap();
            }
            Step::AnswerAndClose(status) => {
                stream
                    .write_all((head(status, "", 2) + "{}").as_bytes())
                    .unwrap();
                return;
            }
            Step::HalfBody => {
                stream
                    .write_all((head(200, "", 100) + "{\"half\":").as_bytes())
                    .unwrap();
                return;
            }
            Step::Reset => return,
            Step::Hang => {
                kept.lock().push(stream);
                return;
            }
        }
    }
}

fn head(status: u16, fields: &str, length: usize) -> String {
    format!(
        "HTTP/1.1 {status} As Scripted\r\ncontent-length: {length}\r\n\
         content-type: application/json\r\n{fields}\r\n"
    )
}

fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        bytes.push(byte[0]);
    }
    let head = String::from_utf8(bytes).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |value| value.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(head + &String::from_utf8(body).unwrap())
}
