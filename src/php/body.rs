//! `Causeway\Body`: the content of a response, read piece by piece.

use std::rc::Rc;

use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::Zval;

use super::body_chunks::PhpBodyChunks;
use super::body_state::BodyState;
use super::event_stream::PhpEventStream;
use super::sink::Sink;
use super::value::ByteString;
use super::{sending, throw, value};
use crate::options::{OptionError, Value};

/// Most bytes that one event of a stream may have.
const EVENT_CAP_BYTES: i64 = 1 << 20;

/// The content of a response, under PSR-7's method names; it is read once and cannot be sought.
/// Of a response that was asked for with 'stream', it comes from the vendor as it is read.
#[php_class]
#[php(name = "Causeway\\Body", flags = ClassFlags::Final)]
pub struct PhpBody {
    state: Rc<BodyState>,
}

impl PhpBody {
    pub(super) fn new(state: Rc<BodyState>) -> Self {
        Self { state }
    }
}

#[php_impl]
impl PhpBody {
    /// At most so many bytes, and at least one until the end, where it is ''.
    ///
    /// @throws \Causeway\Exception\CallException
    ///   When the body breaks off, its time runs out, or it is larger than its cap.
    #[php(name = "read")]
    pub fn read(&self, lengthBytes: i64) -> PhpResult<ByteString> {
        let length = usize::try_from(lengthBytes).map_err(|_| {
            let got = Value::from(lengthBytes);
            let error = OptionError::new("lengthBytes", got.described(), "0 or more");
            throw::options("Body", &error)
        })?;
        Ok(ByteString(self.state.read(length)?))
    }

    /// Whether the end was reached; TRUE for sure only after a read() that gave ''.
    #[php(name = "eof")]
    pub fn eof(&self) -> bool {
        self.state.is_at_end()
    }

    /// The whole length in bytes; NULL when the vendor did not say it, or the content was encoded.
    #[php(name = "getSize")]
    pub fn size(&self) -> Option<i64> {
        let length = self.state.length_bytes()?;
        i64::try_from(length).ok()
    }

    /// Bytes that were read.
    #[php(name = "tell")]
    pub fn tell(&self) -> i64 {
        i64::try_from(self.state.read_bytes()).unwrap_or(i64::MAX)
    }

    /// What was not read, up to the connection's body_cap_bytes.
    ///
    /// @throws \Causeway\Exception\CallException
    #[php(name = "getContents")]
    pub fn contents(&self) -> PhpResult<ByteString> {
        Ok(ByteString(self.state.rest()?))
    }

    /// Writes what was not read into a file or an open PHP stream; the bytes that were written.
    ///
    /// @param resource|string $target
    ///   A file is made with its first byte, and removed again when it cannot be written to its
    ///   end.
    ///
    /// @throws \Causeway\Exception\CallException
    #[php(name = "saveTo")]
    pub fn save_to(&self, target: &Zval) -> PhpResult<i64> {
        let sink = Sink::of(target).ok_or_else(|| {
            let allowed = "a file's name or an open PHP stream";
            throw::options(
                "Body",
                &OptionError::new("target", value::kind(target), allowed),
            )
        })?;
        let written = sending::fill(sink, &self.state)?;
        Ok(i64::try_from(written).unwrap_or(i64::MAX))
    }

    /// The pieces as they come from the vendor, each a string that is not empty.
    ///
    /// @return \Iterator<int, string>
    #[php(name = "chunks")]
    pub fn chunks(&self) -> PhpBodyChunks {
        PhpBodyChunks::new(Rc::clone(&self.state))
    }

    /// The body's server-sent events as they come (HTML standard, "Server-sent events").
    ///
    /// @return \Iterator<int, ServerSentEvent>
    ///
    /// @param int $maxEventBytes
    ///   A larger event is an exception.
    #[php(name = "events", defaults(maxEventBytes = EVENT_CAP_BYTES))]
    pub fn events(&self, maxEventBytes: i64) -> PhpResult<PhpEventStream> {
        let cap = usize::try_from(maxEventBytes).ok().filter(|cap| *cap > 0);
        let cap = cap.ok_or_else(|| {
            let got = Value::from(maxEventBytes);
            let error = OptionError::new("maxEventBytes", got.described(), "1 or more");
            throw::options("Body", &error)
        })?;
        Ok(PhpEventStream::new(Rc::clone(&self.state), cap))
    }

    /// The whole body. Of a streamed one only while nothing was read.
    ///
    /// @throws \Causeway\Exception\CallException
    #[php(name = "__toString")]
    pub fn text(&self) -> PhpResult<ByteString> {
        Ok(ByteString(self.state.all()?))
    }
}
