//! The content of an answer, as it comes: read piece by piece up to a cap, or whole.
//!
//! What is longer than the cap is an error and never a truncated answer. Content codings are taken
//! off where the request asked for them; the cap then holds before and behind them.

use std::rc::Rc;

use bytes::{Bytes, BytesMut};

use super::fake::Script;
use crate::http::Sent;
use crate::http::decode::Decoder;
use crate::http::engine::{self, Engine};
use crate::http::failure::{Failure, FailureKind};
use crate::http::lane;

/// What an announced length may reserve at once: a promise is not yet a content.
const MAX_RESERVED_BYTES: usize = 1 << 20;

/// An answer's content on its way. Belongs to the thread and the process that made the call.
pub(crate) struct Body {
    source: Source,
    left_bytes: usize,
    cap_bytes: usize,
    coding: Option<Box<Coding>>,
}

/// A content that is being decoded.
struct Coding {
    decoder: Decoder,
    /// Encoded bytes that came and were not decoded.
    encoded: Bytes,
    is_finished: bool,
}

enum Source {
    /// All of it is here.
    Whole(Option<Bytes>),
    Lane(Box<lane::Content>),
    Library(Held),
    Script(Script),
}

/// A response of the library, which is dropped inside its runtime.
struct Held {
    response: Option<reqwest::Response>,
    engine: Rc<Engine>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.engine.release(self.response.take());
    }
}

impl Body {
    pub(super) fn of_lane(content: lane::Content) -> Self {
        Self::new(Source::Lane(Box::new(content)))
    }

    pub(super) fn of_library(response: reqwest::Response) -> Self {
        Self::new(Source::Library(Held {
            response: Some(response),
            engine: engine::current(),
        }))
    }

    /// A content that is here already.
    pub(crate) fn of_bytes(bytes: Bytes) -> Self {
        Self::new(Source::Whole(Some(bytes)))
    }

    pub(super) fn of_script(script: Script) -> Self {
        Self::new(Source::Script(script))
    }

    fn new(source: Source) -> Self {
        Self {
            source,
            left_bytes: usize::MAX,
            cap_bytes: usize::MAX,
            coding: None,
        }
    }

    /// Takes these codings off what comes.
    pub(crate) fn decoded_by(mut self, decoder: Decoder) -> Self {
        self.coding = Some(Box::new(Coding {
            decoder,
            encoded: Bytes::new(),
            is_finished: false,
        }));
        self
    }

    /// Takes no more than so many bytes in all.
    ///
    /// # Errors
    /// When the answer already says that there are more.
    pub(crate) fn capped(mut self, cap_bytes: usize) -> Result<Self, Failure> {
        self.cap_bytes = cap_bytes;
        self.left_bytes = cap_bytes;
        let announced = match &self.source {
            Source::Whole(bytes) => bytes.as_ref().map(|bytes| bytes.len() as u64),
            Source::Lane(content) => content.length_bytes(),
            Source::Library(held) => held
                .response
                .as_ref()
                .and_then(reqwest::Response::content_length),
            Source::Script(script) => script.announced_bytes(),
        };
        if announced.is_some_and(|length| length > cap_bytes as u64) {
            return Err(self.too_large());
        }
        Ok(self)
    }

    /// The next piece; `None` at the end. Pieces are never empty.
    ///
    /// # Errors
    /// When the content breaks off, is larger than its cap, or cannot be decoded.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            if let Some(coding) = self.coding.as_mut().filter(|it| !it.encoded.is_empty()) {
                let decoded = coding.decoder.push(&mut coding.encoded);
                let decoded = decoded.map_err(|error| Failure::of_decoding(&error))?;
                if !decoded.is_empty() {
                    return Ok(Some(decoded));
                }
                continue;
            }
            let chunk = self.encoded_chunk().await?;
            let Some(coding) = &mut self.coding else {
                return Ok(chunk);
            };
            match chunk {
                Some(encoded) => coding.encoded = encoded,
                None if std::mem::replace(&mut coding.is_finished, true) => return Ok(None),
                None => {
                    let rest = coding.decoder.finish();
                    let rest = rest.map_err(|error| Failure::of_decoding(&error))?;
                    return Ok((!rest.is_empty()).then_some(rest));
                }
            }
        }
    }

    async fn encoded_chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        let chunk = match &mut self.source {
            Source::Whole(bytes) => bytes.take(),
            Source::Lane(content) => content
                .piece()
                .await
                .map_err(|error| Failure::of_lane(error, Sent::Yes))?,
            Source::Library(held) => match held.response.as_mut() {
                Some(response) => engine::on_runtime(response.chunk())?
                    .await
                    .map_err(|error| Failure::of_body(&error))?,
                None => None,
            },
            // Boxed: see `transport::exchange`.
            Source::Script(script) => Box::pin(script.chunk()).await?,
        };
        let Some(chunk) = chunk.filter(|chunk| !chunk.is_empty()) else {
            return Ok(None);
        };
        self.left_bytes = self
            .left_bytes
            .checked_sub(chunk.len())
            .ok_or_else(|| self.too_large())?;
        Ok(Some(chunk))
    }

    /// All of it.
    ///
    /// # Errors
    /// As [`Body::chunk`].
    pub(crate) async fn whole(mut self) -> Result<Bytes, Failure> {
        if self.coding.is_none()
            && let Source::Lane(content) = &mut self.source
        {
            let announced = content.length_bytes().unwrap_or_default();
            let capacity = usize::try_from(announced).unwrap_or(usize::MAX);
            let mut body = Vec::with_capacity(capacity.min(MAX_RESERVED_BYTES));
            while content
                .read(&mut body)
                .await
                .map_err(|error| Failure::of_lane(error, Sent::Yes))?
            {
                if body.len() > self.cap_bytes {
                    return Err(self.too_large());
                }
            }
            return Ok(body.into());
        }
        let Some(first) = self.chunk().await? else {
            return Ok(Bytes::new());
        };
        let Some(second) = self.chunk().await? else {
            return Ok(first);
        };
        let mut body = BytesMut::from(first);
        body.extend_from_slice(&second);
        while let Some(chunk) = self.chunk().await? {
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    /// All of it, where it is here already.
    pub(crate) fn take_whole(&mut self) -> Option<Bytes> {
        match &mut self.source {
            Source::Whole(bytes) if self.coding.is_none() => bytes.take(),
            Source::Whole(_) | Source::Lane(_) | Source::Library(_) | Source::Script(_) => None,
        }
    }

    fn too_large(&self) -> Failure {
        let message = format!("the body is larger than {} bytes", self.cap_bytes);
        Failure::new(FailureKind::Limit, Sent::Yes, message)
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Body(…)")
    }
}
