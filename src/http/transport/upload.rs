//! A content that the caller's side streams, as the library wants it: fed through a channel of one
//! piece by [`feed`], which runs beside the exchange and asks the caller's side for the pieces.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::http::Sent;
use crate::http::failure::{Failure, FailureKind};
use crate::http::run::Asks;

/// The library's end.
pub(super) struct Upload {
    pieces: Receiver<Bytes>,
    left_bytes: Option<u64>,
}

/// The content broke off before its announced end, or went beyond it.
#[derive(Debug, thiserror::Error)]
#[error("the content has another length than was announced")]
pub(in crate::http) struct WrongLength;

/// Both ends.
pub(super) fn upload(length_bytes: Option<u64>) -> (Sender<Bytes>, Upload) {
    let (sender, pieces) = channel(1);
    let upload = Upload {
        pieces,
        left_bytes: length_bytes,
    };
    (sender, upload)
}

/// Feeds it; returns only when the source failed.
pub(super) async fn feed(
    asks: &Asks,
    source: usize,
    length_bytes: Option<u64>,
    pieces: Sender<Bytes>,
) -> Failure {
    let mut left_bytes = length_bytes.unwrap_or(u64::MAX);
    loop {
        match asks.next_chunk(source).await {
            Ok(Some(piece)) => {
                let Some(rest) = left_bytes.checked_sub(piece.len() as u64) else {
                    return broken_source(&WrongLength.to_string());
                };
                left_bytes = rest;
                if pieces.send(piece).await.is_err() {
                    break;
                }
            }
            Ok(None) => break,
            Err(reason) => return broken_source(&reason),
        }
    }
    drop(pieces);
    std::future::pending().await
}

/// The caller's own content could not be had.
pub(super) fn broken_source(reason: &str) -> Failure {
    let message = format!("the content could not be read: {reason}");
    Failure::new(FailureKind::BadRequest, Sent::Maybe, message)
}

impl Body for Upload {
    type Data = Bytes;
    type Error = WrongLength;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, WrongLength>>> {
        let Poll::Ready(piece) = self.pieces.poll_recv(context) else {
            return Poll::Pending;
        };
        let length = piece.as_ref().map_or(0, |piece| piece.len() as u64);
        if let Some(left) = &mut self.left_bytes {
            match left.checked_sub(length) {
                Some(rest) if piece.is_some() || rest == 0 => *left = rest,
                Some(_) | None => return Poll::Ready(Some(Err(WrongLength))),
            }
        }
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn size_hint(&self) -> SizeHint {
        self.left_bytes
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
