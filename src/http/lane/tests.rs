//! The lane against a server that plays bytes as they are written.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::clock;
use crate::http::{Answer, CallError, CallErrorKind, Client, NoHost, Request, Sent};
use crate::options::{Plan, Value};
use crate::segment::Segment;
use crate::telemetry::Counter;

/// What the server does on one connection.
type Play = fn(&mut TcpStream);

/// A server with a play for each connection, in order; it ends with the last.
struct Server {
    base: String,
    thread: Option<JoinHandle<()>>,
    closed: Receiver<()>,
}

impl Server {
    fn start(plays: Vec<Play>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}/", listener.local_addr().unwrap());
        let (sender, closed) = channel();
        let thread = std::thread::spawn(move || {
            for play in plays {
                let (mut stream, _) = listener.accept().unwrap();
                stream.set_nodelay(true).unwrap();
                stream
                    .set_read_timeout(Some(Duration::from_secs(10)))
                    .unwrap();
                play(&mut stream);
                drop(stream);
                let _ = sender.send(());
            }
        });
        Self {
            base,
            thread: Some(thread),
            closed,
        }
    }

    fn client(&self, more: Vec<(&str, Value)>) -> Client {
        let mut options = vec![
            ("base_uri", Value::from(self.base.as_str())),
            (
                "address",
                Value::map([("allow_private", Value::from(true))]),
            ),
            ("retry", Value::map([("max_attempts", Value::from(1))])),
        ];
        options.extend(more);
        let segment: &'static Segment = Box::leak(Box::new(Segment::in_process()));
        let plan = Plan::parse("catalog", &Value::map(options)).unwrap();
        Client::with_segment(plan, segment)
    }

    /// Waits until every play was played.
    fn end(mut self) {
        self.thread.take().unwrap().join().unwrap();
    }
}

fn call(client: &Client, method: &str, content: &'static str) -> Result<Answer, CallError> {
    let mut request = Request::new(method.parse().unwrap(), "a");
    request.content = content.into();
    client.call(&request, &NoHost)
}

/// Reads a request without content.
fn hear(stream: &mut TcpStream) -> bool {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return false;
        }
        head.push(byte[0]);
    }
    true
}

fn say(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).unwrap();
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

fn serve(stream: &mut TcpStream) {
    while hear(stream) {
        say(stream, OK);
    }
}

fn once(stream: &mut TcpStream) {
    hear(stream);
    say(stream, OK);
}

#[test]
fn one_socket_serves_call_after_call() {
    let server = Server::start(vec![serve]);
    let client = server.client(vec![]);
    for method in ["GET", "GET", "DELETE", "OPTIONS", "GET"] {
        assert_eq!(&call(&client, method, "").unwrap().body[..], b"ok");
    }
}

#[test]
fn contents_of_every_framing_are_read_and_leave_the_socket_in_step() {
    fn play(stream: &mut TcpStream) {
        for answer in [
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\nt: x\r\n\r\n",
            "HTTP/1.1 204 No Content\r\n\r\n",
            "HTTP/1.1 304 Not Modified\r\ncontent-length: 99\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\nuntil the end",
        ] {
            hear(stream);
            say(stream, answer);
        }
    }
    let server = Server::start(vec![play]);
    let client = server.client(vec![]);
    let bodies: Vec<_> = (0..6)
        .map(|_| call(&client, "GET", "").unwrap())
        .map(|answer| {
            (
                answer.status,
                String::from_utf8(answer.body.to_vec()).unwrap(),
            )
        })
        .collect();
    let expected = [
        (200, "ok"),
        (204, ""),
        (304, ""),
        (200, "ok"),
        (200, ""),
        (200, "until the end"),
    ];
    assert_eq!(
        bodies,
        expected.map(|(status, body)| (status, body.to_owned()))
    );
    server.end();
}

#[test]
fn a_head_has_no_content_whatever_it_announces() {
    fn play(stream: &mut TcpStream) {
        for _ in 0..2 {
            hear(stream);
            say(stream, "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n");
        }
    }
    let server = Server::start(vec![play]);
    let client = server.client(vec![]);
    for _ in 0..2 {
        let answer = call(&client, "HEAD", "").unwrap();
        assert_eq!(
            (answer.body.len(), &answer.headers["content-length"]),
            (0, &"500".parse().unwrap())
        );
    }
    server.end();
}

#[test]
fn a_socket_that_is_closed_while_its_call_waits_for_a_turn_is_replaced() {
    fn once_and_soon_closed(stream: &mut TcpStream) {
        once(stream);
        // The vendor's own idle timeout, far shorter than the wait.
        let idle = stream.set_read_timeout(Some(Duration::from_millis(30)));
        idle.unwrap();
        assert!(stream.read(&mut [0]).is_err());
    }
    let server = Server::start(vec![once_and_soon_closed, once]);
    let throttle = Value::map([("permits", Value::from(4))]);
    let client = server.client(vec![("throttle", throttle)]);
    // A post that met the dead socket would be lost: it must not be sent twice.
    for _ in 0..2 {
        let answer = call(&client, "POST", "").unwrap();
        assert_eq!((answer.status, answer.attempts), (200, 1));
    }
    server.end();
}

#[test]
fn a_socket_that_was_closed_while_idle_is_not_used() {
    let server = Server::start(vec![once; 20]);
    let client = server.client(vec![]);
    for method in ["GET", "POST"].iter().cycle().take(20) {
        let answer = call(&client, method, "").unwrap();
        assert_eq!((answer.status, answer.attempts), (200, 1));
        server.closed.recv_timeout(Duration::from_secs(5)).unwrap();
    }
    server.end();
}

/// Answers one request, and closes when it has read the next.
fn dies_under_the_second(stream: &mut TcpStream) {
    once(stream);
    hear(stream);
}

#[test]
fn a_get_whose_kept_socket_dies_is_sent_again_without_a_failure() {
    let server = Server::start(vec![dies_under_the_second, serve]);
    let client = server.client(vec![]);
    for _ in 0..2 {
        let answer = call(&client, "GET", "").unwrap();
        assert_eq!((answer.status, answer.attempts), (200, 1));
    }
    let counted = |counter| client.connection().counter(counter);
    assert_eq!(
        (counted(Counter::Attempts), counted(Counter::Failed)),
        (2, 0)
    );
}

#[test]
fn a_post_whose_kept_socket_dies_is_not_repeated() {
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let server = Server::start(vec![dies_under_the_second]);
        let client = server.client(vec![]);
        call(&client, method, "").unwrap();
        let error = call(&client, method, "").unwrap_err();
        assert!(matches!(error.kind, CallErrorKind::Network), "{error:?}");
        assert_eq!((error.sent, error.attempts), (Sent::Maybe, 1), "{method}");
        server.end();
    }
}

#[test]
fn a_fresh_socket_that_dies_is_not_a_matter_of_age() {
    fn dies(stream: &mut TcpStream) {
        hear(stream);
    }
    let server = Server::start(vec![dies]);
    let error = call(&server.client(vec![]), "GET", "").unwrap_err();
    assert_eq!((error.sent, error.attempts), (Sent::Maybe, 1));
    server.end();
}

#[test]
fn half_an_answer_is_answered_and_never_repeated() {
    let rows: [(Play, &str); 5] = [
        (
            |stream| {
                hear(stream);
                say(stream, "HTTP/1.1 2")
            },
            "it was closed before an answer came",
        ),
        (
            |stream| {
                hear(stream);
                say(stream, "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf")
            },
            "the body broke off",
        ),
        (
            |stream| {
                hear(stream);
                say(
                    stream,
                    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nha",
                )
            },
            "the body broke off",
        ),
        (
            |stream| {
                hear(stream);
                say(
                    stream,
                    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz",
                )
            },
            "a chunk has no size",
        ),
        (
            |stream| {
                hear(stream);
                say(stream, "SSH-2.0-OpenSSH_9\r\n\r\n")
            },
            "the answer is no HTTP",
        ),
    ];
    for (play, message) in rows {
        // On a kept socket, where silence would have been repeated.
        let server = Server::start(vec![play]);
        let error = call(&server.client(vec![]), "GET", "").unwrap_err();
        assert!(matches!(error.kind, CallErrorKind::Network), "{error:?}");
        assert!(error.message.contains(message), "{error}");
        assert_eq!((error.sent, error.attempts), (Sent::Yes, 1), "{message}");
        server.end();
    }
}

#[test]
fn an_answer_that_two_readers_could_read_in_two_ways_is_refused() {
    fn play(stream: &mut TcpStream) {
        hear(stream);
        say(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        );
    }
    let server = Server::start(vec![play]);
    let error = call(&server.client(vec![]), "GET", "").unwrap_err();
    assert!(
        error
            .message
            .contains("both a Content-Length and a Transfer-Encoding"),
        "{error}"
    );
    assert_eq!(error.sent, Sent::Yes);
}

#[test]
fn bytes_behind_an_answer_end_the_connection() {
    fn play(stream: &mut TcpStream) {
        hear(stream);
        say(stream, &format!("{OK}HTTP/1.1 200 OK\r\n"));
        assert!(!hear(stream));
    }
    let server = Server::start(vec![play, serve]);
    let client = server.client(vec![]);
    for _ in 0..2 {
        assert_eq!(&call(&client, "GET", "").unwrap().body[..], b"ok");
    }
}

#[test]
fn an_endless_head_and_a_slow_drip_end() {
    fn endless(stream: &mut TcpStream) {
        hear(stream);
        say(stream, "HTTP/1.1 200 OK\r\n");
        while stream
            .write_all(b"x: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy")
            .is_ok()
        {}
    }
    fn drip(stream: &mut TcpStream) {
        hear(stream);
        say(stream, "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n");
        while stream.write_all(b"x").is_ok() {
            clock::wait_blocking(Duration::from_millis(5));
        }
    }
    let server = Server::start(vec![endless]);
    let error = call(&server.client(vec![]), "GET", "").unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Limit), "{error:?}");
    assert_eq!(error.sent, Sent::Yes);
    let server = Server::start(vec![drip]);
    let timeouts = Value::map([("attempt_ms", Value::from(60))]);
    let error = call(&server.client(vec![("timeouts", timeouts)]), "GET", "").unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Timeout), "{error:?}");
    assert_eq!(error.sent, Sent::Yes);
    assert!(error.elapsed < Duration::from_secs(2));
}

#[test]
fn a_peer_that_answers_before_it_has_heard_all_is_heard() {
    fn refuses(stream: &mut TcpStream) {
        hear(stream);
        say(
            stream,
            "HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno",
        );
        // Not read: what was sent stays in the way until the peer gives up.
        clock::wait_blocking(Duration::from_millis(50));
    }
    let server = Server::start(vec![refuses]);
    let client = server.client(vec![]);
    let mut request = Request::new(http::Method::POST, "a");
    request.content = vec![b'x'; 32 << 20].into();
    let answer = client.call(&request, &NoHost).unwrap();
    assert_eq!((answer.status, &answer.body[..]), (413, &b"no"[..]));
    server.end();
}

#[test]
fn an_interim_answer_while_a_content_is_sent_does_not_end_it() {
    const LENGTH: usize = 8 << 20;
    fn hints(stream: &mut TcpStream) {
        hear(stream);
        say(stream, "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n");
        // Long enough that the sender has to wait, and looks.
        clock::wait_blocking(Duration::from_millis(20));
        let mut content = vec![0; LENGTH];
        stream.read_exact(&mut content).unwrap();
        say(stream, OK);
    }
    let server = Server::start(vec![hints]);
    let client = server.client(vec![]);
    let mut request = Request::new(http::Method::POST, "a");
    request.content = vec![b'x'; LENGTH].into();
    let answer = client.call(&request, &NoHost).unwrap();
    assert_eq!((answer.status, &answer.body[..]), (200, &b"ok"[..]));
    server.end();
}

#[test]
fn a_silent_peer_costs_the_attempts_time_and_may_have_heard() {
    fn hangs(stream: &mut TcpStream) {
        hear(stream);
        hear(stream);
    }
    let server = Server::start(vec![hangs]);
    let timeouts = Value::map([("attempt_ms", Value::from(50))]);
    let error = call(&server.client(vec![("timeouts", timeouts)]), "GET", "").unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Timeout));
    assert_eq!(error.sent, Sent::Maybe);
    server.end();
}

#[test]
fn redirects_are_followed_as_far_as_they_are_wanted() {
    fn play(stream: &mut TcpStream) {
        hear(stream);
        say(
            stream,
            "HTTP/1.1 302 Found\r\nlocation: /b\r\ncontent-length: 4\r\n\r\naway",
        );
        hear(stream);
        say(stream, OK);
    }
    fn round(stream: &mut TcpStream) {
        while hear(stream) {
            say(
                stream,
                "HTTP/1.1 307 Again\r\nlocation: /a\r\ncontent-length: 0\r\n\r\n",
            );
        }
    }
    let redirects = |max: i64| ("redirects", Value::map([("max", Value::from(max))]));
    let server = Server::start(vec![play]);
    let answer = call(&server.client(vec![redirects(1)]), "POST", "x").unwrap();
    assert_eq!((answer.status, &answer.body[..]), (200, &b"ok"[..]));
    server.end();
    let server = Server::start(vec![round]);
    let answer = call(&server.client(vec![]), "GET", "").unwrap();
    assert_eq!(answer.status, 307);
    let server = Server::start(vec![round]);
    let error = call(&server.client(vec![redirects(3)]), "GET", "").unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Limit), "{error:?}");
    assert!(error.message.contains("more than 3 times"), "{error}");
    assert_eq!((error.sent, error.attempts), (Sent::Yes, 1));
}

#[test]
fn the_guard_stands_at_every_hop() {
    fn play(stream: &mut TcpStream) {
        hear(stream);
        say(
            stream,
            "HTTP/1.1 302 Found\r\nlocation: http://0.0.0.0/\r\ncontent-length: 0\r\n\r\n",
        );
    }
    let server = Server::start(vec![play]);
    let redirects = ("redirects", Value::map([("max", Value::from(5))]));
    let error = call(&server.client(vec![redirects]), "GET", "").unwrap_err();
    assert!(
        matches!(error.kind, CallErrorKind::AddressRefused),
        "{error:?}"
    );
    assert_eq!(error.sent, Sent::Yes);
}

#[test]
fn a_connection_that_fails_behind_a_redirect_leaves_the_request_answered() {
    fn play(stream: &mut TcpStream) {
        hear(stream);
        say(
            stream,
            "HTTP/1.1 303 See\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
        );
    }
    let server = Server::start(vec![play]);
    let redirects = ("redirects", Value::map([("max", Value::from(5))]));
    let error = call(&server.client(vec![redirects]), "GET", "").unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Connect), "{error:?}");
    assert_eq!(error.sent, Sent::Yes);
}
