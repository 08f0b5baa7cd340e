//! Server-sent events out of a stream of bytes, by the rules of the HTML standard
//! (html.spec.whatwg.org, "Interpreting an event stream").
//!
//! Lines end in CR LF, LF or CR; a byte order mark at the very beginning is passed over; bytes that
//! are no UTF-8 become U+FFFD. An empty line dispatches what was collected, unless it has no data;
//! what is not dispatched when the stream ends is dropped, as the standard says, for it may be half.
//! The last id stays until another comes, and so does the reconnection time.
//!
//! An event has a cap on its bytes, so that an endless line is an error and not a full memory.
//! Not here: reconnecting. The caller has the last id and the time to wait, and decides.

use std::collections::VecDeque;
use std::time::Duration;

/// An event as it was dispatched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// `message` where the stream does not say.
    pub event: String,
    /// The data lines, joined by line feeds.
    pub data: String,
    /// The last id that the stream gave, empty when it gave none.
    pub id: String,
    /// How long the stream wants a client to wait before it reconnects, as last said.
    pub retry: Option<Duration>,
}

/// An event is larger than allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event is larger than {cap_bytes} bytes")]
pub struct EventTooLarge {
    /// The cap.
    pub cap_bytes: usize,
}

/// A stream that is being read.
#[derive(Debug)]
pub struct EventStream {
    cap_bytes: usize,
    /// Bytes of the line that is not complete.
    line: Vec<u8>,
    is_first_line: bool,
    /// The last byte was a CR: an LF right behind it belongs to it.
    after_cr: bool,
    event: String,
    data: String,
    has_data: bool,
    id: String,
    retry: Option<Duration>,
    ready: VecDeque<Event>,
}

impl EventStream {
    /// A stream whose events may have so many bytes each.
    pub fn new(cap_bytes: usize) -> Self {
        Self {
            cap_bytes,
            line: Vec::new(),
            is_first_line: true,
            after_cr: false,
            event: String::new(),
            data: String::new(),
            has_data: false,
            id: String::new(),
            retry: None,
            ready: VecDeque::new(),
        }
    }

    /// Takes bytes in; what they complete is had from [`EventStream::next_event`].
    ///
    /// # Errors
    /// When an event grows beyond the cap; those before it can still be had.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), EventTooLarge> {
        for part in bytes.split_inclusive(|byte| matches!(byte, b'\r' | b'\n')) {
            let (content, end) = match part.split_last() {
                Some((end @ (b'\r' | b'\n'), content)) => (content, Some(*end)),
                Some(_) | None => (part, None),
            };
            if std::mem::take(&mut self.after_cr) && content.is_empty() && end == Some(b'\n') {
                continue;
            }
            self.line.extend_from_slice(content);
            if self.line.len().saturating_add(self.data.len()) > self.cap_bytes {
                return Err(EventTooLarge {
                    cap_bytes: self.cap_bytes,
                });
            }
            if let Some(end) = end {
                self.after_cr = end == b'\r';
                self.end_line();
            }
        }
        Ok(())
    }

    /// The next event that is complete.
    pub fn next_event(&mut self) -> Option<Event> {
        self.ready.pop_front()
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let mut content = line.as_slice();
        if std::mem::take(&mut self.is_first_line) {
            content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
        }
        if content.is_empty() {
            self.dispatch();
        } else {
            let text = String::from_utf8_lossy(content);
            let (name, value) = text.split_once(':').unwrap_or((&text, ""));
            self.field(name, value.strip_prefix(' ').unwrap_or(value));
        }
        // Its memory serves the next line.
        self.line = line;
        self.line.clear();
    }

    fn field(&mut self, name: &str, value: &str) {
        match name {
            "event" => value.clone_into(&mut self.event),
            "data" => {
                if self.has_data {
                    self.data.push('\n');
                }
                self.data.push_str(value);
                self.has_data = true;
            }
            "id" if !value.contains('\0') => value.clone_into(&mut self.id),
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                // A number that no clock can hold says nothing.
                self.retry = value.parse().ok().map(Duration::from_millis).or(self.retry);
            }
            // An empty name is a comment; others are passed over, as the standard says.
            _ => {}
        }
    }

    fn dispatch(&mut self) {
        let event = std::mem::take(&mut self.event);
        let data = std::mem::take(&mut self.data);
        if !std::mem::take(&mut self.has_data) {
            return;
        }
        self.ready.push_back(Event {
            event: if event.is_empty() {
                "message".to_owned()
            } else {
                event
            },
            data,
            id: self.id.clone(),
            retry: self.retry,
        });
    }
}

#[cfg(test)]
mod tests;
