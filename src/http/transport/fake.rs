//! The way to a test's fake vendors: what a script says, in the place of sockets.
//!
//! Says for each fault of [`testing::Fault`] what the transport would report for the same one of a
//! real vendor, with the same verdict on whether the request was sent. Time that a vendor takes is
//! real, or frozen time that passes; the timeouts around stand outside, as for sockets.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Version, header};

use super::{Body, Head, Key, Wire};
use crate::clock;
use crate::http::failure::{Failure, FailureKind};
use crate::http::run::{self, Asks};
use crate::http::{Content, Sent};
use crate::options::Plan;
use crate::testing::{Decision, Fake, Fault, Outgoing, Phase, Reply, Step, TimedStep};

/// A streamed content that is larger is none for a test's log.
const CONTENT_MAX_BYTES: usize = 64 << 20;
/// Longer than any timeout.
const FOR_EVER: Duration = Duration::from_secs(7 * 86_400);
/// What a body that breaks off or stalls says of its length, and how much of it comes.
const WHOLE: &[u8] = b"{\"half\":true,\"rest\":\"never comes\"}";
const HALF_BYTES: usize = 12;
/// A piece of a body that does not end.
const ENDLESS_PIECE: &[u8] = &[b'x'; 16_384];

/// A scripted content on its way.
pub(super) struct Script {
    pieces: VecDeque<Bytes>,
    pause: Duration,
    ending: Ending,
    announced_bytes: Option<u64>,
}

enum Ending {
    Whole,
    Broken(&'static str),
    Stalled,
    Endless,
}

/// Sends to the fake, or past it where it lets pass; reads the head of the answer.
///
/// # Errors
/// As for a real vendor; also when no rule means the request.
pub(super) async fn exchange(
    fake: &Fake,
    plan: &Plan,
    key: &Arc<Key>,
    wire: &Wire,
    asks: &Asks,
    sent: &Cell<Sent>,
) -> Result<(Head, Body), Failure> {
    let content = whole(&wire.content, asks).await?;
    let decision = fake.meet(&Outgoing {
        connection: &plan.name,
        base_uri: &plan.base_uri,
        method: &wire.method,
        url: &wire.url,
        headers: &wire.headers,
        body: &content,
    });
    match decision {
        Decision::Play(step) => {
            let leaves =
                !matches!(step.step, Step::Fault(fault) if fault.phase() == Phase::Connecting);
            if leaves {
                sent.set(Sent::Maybe);
            }
            let met = play(step, key, wire).await?;
            sent.set(Sent::Yes);
            Ok(met)
        }
        Decision::Pass(number) => pass(fake, number, key, (wire, content), asks, sent).await,
        Decision::Refuse(message) => Err(Failure::new(FailureKind::Stray, Sent::No, message)),
    }
}

/// All of a content, for the log and the rules.
async fn whole(content: &Content, asks: &Asks) -> Result<Bytes, Failure> {
    let source = match content {
        Content::Empty => return Ok(Bytes::new()),
        Content::Whole(bytes) => return Ok(bytes.clone()),
        Content::Streamed { source, .. } => *source,
    };
    let refuse = |reason| Failure::new(FailureKind::BadRequest, Sent::No, reason);
    let mut bytes = BytesMut::new();
    while let Some(chunk) = asks.next_chunk(source).await.map_err(refuse)? {
        if bytes.len().saturating_add(chunk.len()) > CONTENT_MAX_BYTES {
            let reason = format!("a fake takes no content beyond {CONTENT_MAX_BYTES} bytes");
            return Err(refuse(reason));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

async fn play(step: TimedStep, key: &Key, wire: &Wire) -> Result<(Head, Body), Failure> {
    take(step.delay).await;
    match step.step {
        Step::Reply(reply) => Ok(answer(reply, step.drip, wire)),
        Step::Fault(fault) if fault.phase() == Phase::Body => Ok(broken(fault)),
        Step::Fault(fault) => Err(before_an_answer(fault, key).await),
    }
}

/// What is reported for a fault before the head of an answer.
async fn before_an_answer(fault: Fault, key: &Key) -> Failure {
    let no_connection = |why: &str| {
        let message = format!("no connection: {why}");
        Failure::new(FailureKind::Connect, Sent::No, message)
    };
    match fault {
        Fault::Refused => no_connection("connection refused"),
        Fault::Dns => no_connection("the name does not resolve"),
        Fault::Tls => no_connection("the TLS handshake failed"),
        Fault::ConnectTimeout => {
            take(key.connect_timeout).await;
            no_connection("connecting timed out")
        }
        Fault::Closed => broke("the connection broke: closed without an answer"),
        Fault::Reset => broke("the connection broke: connection reset"),
        Fault::Garbled => no_head("the answer is no HTTP"),
        Fault::EndlessHead => {
            let message = "the head of the answer is too large";
            Failure::new(FailureKind::Limit, Sent::Yes, message)
        }
        Fault::Hang
        | Fault::HalfBody
        | Fault::ResetInBody
        | Fault::StalledBody
        | Fault::EndlessBody => {
            take(FOR_EVER).await;
            broke("nothing came")
        }
    }
}

fn broke(message: &str) -> Failure {
    Failure::new(FailureKind::Network, Sent::Maybe, message)
}

fn no_head(message: &str) -> Failure {
    Failure::new(FailureKind::Network, Sent::Yes, message)
}

fn answer(reply: Reply, drip: Option<(u32, Duration)>, wire: &Wire) -> (Head, Body) {
    let has_content = wire.method != http::Method::HEAD;
    let content = if has_content {
        reply.body
    } else {
        Bytes::new()
    };
    let length_bytes = content.len() as u64;
    let (pieces, pause) = match drip {
        None => (VecDeque::from([content]), Duration::ZERO),
        Some((pieces, pause)) => (cut(content, pieces), pause),
    };
    let mut headers = reply.headers;
    if has_content && !headers.contains_key(header::CONTENT_LENGTH) {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length_bytes));
    }
    let reason = reply.reason.unwrap_or_else(|| {
        reply
            .status
            .canonical_reason()
            .unwrap_or_default()
            .to_owned()
    });
    let head = Head {
        status: reply.status,
        reason,
        version: Version::HTTP_11,
        headers,
    };
    let script = Script {
        pieces,
        pause,
        ending: Ending::Whole,
        announced_bytes: Some(length_bytes),
    };
    (head, Body::of_script(script))
}

/// An answer of 200 whose content fails.
fn broken(fault: Fault) -> (Head, Body) {
    let ending = match fault {
        Fault::ResetInBody => Ending::Broken("connection reset"),
        Fault::StalledBody => Ending::Stalled,
        Fault::EndlessBody => Ending::Endless,
        Fault::HalfBody
        | Fault::Refused
        | Fault::Dns
        | Fault::Tls
        | Fault::ConnectTimeout
        | Fault::Closed
        | Fault::Reset
        | Fault::Hang
        | Fault::Garbled
        | Fault::EndlessHead => Ending::Broken("closed before its end"),
    };
    let announced_bytes = (!matches!(ending, Ending::Endless)).then_some(WHOLE.len() as u64);
    let mut headers = http::HeaderMap::new();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    if let Some(length) = announced_bytes {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    let head = Head {
        status: http::StatusCode::OK,
        reason: "OK".to_owned(),
        version: Version::HTTP_11,
        headers,
    };
    let half = Bytes::from_static(WHOLE).slice(..HALF_BYTES);
    let script = Script {
        pieces: VecDeque::from([half]),
        pause: Duration::ZERO,
        ending,
        announced_bytes,
    };
    (head, Body::of_script(script))
}

fn cut(mut content: Bytes, pieces: u32) -> VecDeque<Bytes> {
    let pieces = usize::try_from(pieces).unwrap_or(usize::MAX).max(1);
    let length = content.len().div_ceil(pieces).max(1);
    let mut cut = VecDeque::new();
    while !content.is_empty() {
        cut.push_back(content.split_to(length.min(content.len())));
    }
    cut
}

impl Script {
    /// How long the content says it is.
    pub(super) fn announced_bytes(&self) -> Option<u64> {
        self.announced_bytes
    }

    /// The next piece; `None` or an empty one at the end.
    ///
    /// # Errors
    /// Where the script says so.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        if let Some(piece) = self.pieces.pop_front() {
            take(self.pause).await;
            return Ok(Some(piece));
        }
        match self.ending {
            Ending::Whole => Ok(None),
            Ending::Endless => Ok(Some(Bytes::from_static(ENDLESS_PIECE))),
            Ending::Broken(why) => {
                let message = format!("the body broke off: {why}");
                Err(Failure::new(FailureKind::Network, Sent::Yes, message))
            }
            Ending::Stalled => {
                take(FOR_EVER).await;
                Err(no_head("nothing came"))
            }
        }
    }
}

/// To the real vendor; what it answers is told to the fake.
async fn pass(
    fake: &Fake,
    number: u64,
    key: &Arc<Key>,
    (wire, content): (&Wire, Bytes),
    asks: &Asks,
    sent: &Cell<Sent>,
) -> Result<(Head, Body), Failure> {
    let mut wire = wire.clone();
    wire.content = content.into();
    if fake.is_recording() {
        // What is encoded cannot be redacted.
        wire.headers.remove(header::ACCEPT_ENCODING);
    }
    let (head, body) = super::real(key, None, &wire, asks, sent).await?;
    let mut reply = Reply {
        status: head.status,
        reason: Some(head.reason.clone()),
        headers: head.headers.clone(),
        body: Bytes::new(),
    };
    if !fake.is_recording() {
        fake.answered(number, &reply);
        return Ok((head, body));
    }
    reply.body = body.capped(CONTENT_MAX_BYTES)?.whole().await?;
    fake.answered(number, &reply);
    Ok((head, Body::of_bytes(reply.body)))
}

/// Lets time pass that a vendor takes.
async fn take(span: Duration) {
    if !span.is_zero() && !clock::pass_frozen(span, false).await {
        run::sleep(span).await;
    }
}

#[cfg(test)]
mod tests;
