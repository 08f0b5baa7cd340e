//! What a request is made of where PHP cannot be asked while it is sent: a content that is held in
//! memory, an answer that goes into memory or into a local file.
//!
//! A content that PHP streams is read before the call begins, up to the connection's
//! `body_cap_bytes`: what is larger must be streamed by request() or all(). It can then be sent as
//! often as a retry, or a walk over pages, wants it.

use std::ffi::CString;
use std::path::PathBuf;

use bytes::BytesMut;
use ext_php_rs::exception::PhpResult;

use super::{Delivery, Prepared, Refused};
use crate::http::{Content, Request};
use crate::options::{OptionError, Plan};
use crate::php::callbacks::function;
use crate::php::raw;
use crate::php::sink::Sink;
use crate::php::source::Source;

/// A request that needs no PHP any more.
pub(in crate::php) struct Detached {
    pub(in crate::php) request: Request,
    /// Where the content of an answer below 400 goes, in place of memory.
    pub(in crate::php) sink: Option<PathBuf>,
    pub(in crate::php) throw_on_error: bool,
}

impl Prepared {
    /// For a call in the background.
    pub(in crate::php) fn detached(self, plan: &Plan) -> PhpResult<Detached> {
        let name = plan.name.clone();
        self.detach(plan, "start()", true)
            .map_err(|refused| refused.thrown(&name))
    }

    /// For calls that are made for their pages.
    pub(in crate::php) fn repeated(self, plan: &Plan) -> PhpResult<Request> {
        let name = plan.name.clone();
        let detached = self.detach(plan, "paginate()", false);
        detached
            .map(|detached| detached.request)
            .map_err(|refused| refused.thrown(&name))
    }

    fn detach(self, plan: &Plan, place: &str, takes_sink: bool) -> Result<Detached, Refused> {
        let Self {
            mut request,
            source,
            content_field,
            delivery,
            throw_on_error,
        } = self;
        let sink = match delivery {
            Delivery::Whole => None,
            Delivery::Sink(sink) if takes_sink => Some(local_file(sink, place)?),
            Delivery::Sink(_) => {
                let allowed = format!("left out in {place}, which reads every page as JSON");
                return Err(OptionError::new("sink", "one", allowed).into());
            }
            Delivery::Open => {
                let allowed =
                    format!("left out in {place}: request() hands out an answer that is open");
                return Err(OptionError::new("stream", "true", allowed).into());
            }
        };
        if let Some(source) = source {
            request.content = held(source, plan.body_cap_bytes, content_field, place)?;
        }
        Ok(Detached {
            request,
            sink,
            throw_on_error,
        })
    }
}

/// All of a content, up to the cap.
fn held(
    mut source: Source,
    cap_bytes: usize,
    field: &str,
    place: &str,
) -> Result<Content, Refused> {
    let too_large = || {
        let allowed = format!(
            "a content of at most {cap_bytes} bytes (body_cap_bytes) in {place}, which holds it in \
             memory: request() and all() stream it"
        );
        Refused::from(OptionError::new(field, "a larger one", allowed))
    };
    let announced = source.length_bytes().unwrap_or_default();
    if announced > cap_bytes as u64 {
        return Err(too_large());
    }
    let mut held = BytesMut::new();
    let next = |source: &mut Source| {
        let piece = source.next_chunk();
        piece.map_err(|error| Refused::of_callback(field, error))
    };
    while let Some(piece) = next(&mut source)? {
        if piece.len() > cap_bytes.saturating_sub(held.len()) {
            return Err(too_large());
        }
        held.extend_from_slice(&piece);
    }
    Ok(Content::from(held.freeze()))
}

/// A file that can be written without PHP, by its whole name: the program may change its directory
/// while the call is under way.
fn local_file(sink: Sink, place: &str) -> Result<PathBuf, Refused> {
    let allowed = format!(
        "the name of a local file in {place}: request() and all() write to PHP streams and to \
         names of stream wrappers"
    );
    let refuse = |got: &str| Refused::from(OptionError::new("sink", got, allowed.as_str()));
    let path = match sink {
        Sink::Path(path) => path,
        Sink::Stream(_) => return Err(refuse("an open PHP stream")),
    };
    let path = path.strip_prefix("file://").unwrap_or(&path);
    if path.contains("://") {
        return Err(refuse("a name of a stream wrapper"));
    }
    let here = function("getcwd", &[]).map_err(|error| Refused::of_callback("sink", error))?;
    let path = PathBuf::from(here.str().unwrap_or("/")).join(path);
    let name = CString::new(path.as_os_str().as_encoded_bytes())
        .map_err(|_| refuse("a name with a zero byte"))?;
    if raw::is_within_open_basedir(&name) {
        Ok(path)
    } else {
        Err(refuse("a file outside of open_basedir"))
    }
}
