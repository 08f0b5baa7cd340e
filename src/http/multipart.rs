//! `multipart/form-data` (RFC 7578), laid out so that large parts need never be held.
//!
//! A form becomes a list of segments: bytes of ours (boundaries, heads, small parts) and streamed
//! parts by number, whose content the caller puts in when their turn comes. The length of all is
//! known when the length of each streamed part is.
//!
//! Names and file names go as UTF-8 with `"`, CR and LF percent-encoded, as browsers do (the HTML
//! standard's "multipart form data", which RFC 7578 section 5.1 leaves open); `filename*` is
//! forbidden by section 4.2. The boundary is random, made once: each attempt sends the same bytes.

use bytes::Bytes;

use crate::clock;

/// One field of the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The field's name.
    pub name: String,
    /// The file's name, where it is a file.
    pub filename: Option<String>,
    /// The part's own `Content-Type`, where it has one.
    pub content_type: Option<String>,
    /// What it holds.
    pub content: PartContent,
}

/// What a part holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartContent {
    /// All of it.
    Whole(Bytes),
    /// Something that is read when its turn comes.
    Streamed {
        /// Its length, where it is known.
        length_bytes: Option<u64>,
    },
}

/// A stretch of the encoded form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// These bytes.
    Bytes(Bytes),
    /// The content of the part with this number.
    Part(usize),
}

/// A form, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Multipart {
    /// The `Content-Type` of the request.
    pub content_type: String,
    /// What follows what.
    pub segments: Vec<Segment>,
    /// The length of all, where it is known.
    pub length_bytes: Option<u64>,
}

/// A part that cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the content type of the part '{name}' is no field value of one line")]
pub struct BadPart {
    /// The part's name.
    pub name: String,
}

impl Multipart {
    /// Lays a form out, with a boundary that no content will hold.
    ///
    /// # Errors
    /// When a part's content type would break out of its line.
    pub fn new(parts: &[Part]) -> Result<Self, BadPart> {
        let boundary = format!("causeway-{}", hex::encode(clock::random_bytes::<16>()));
        Self::with_boundary(parts, &boundary)
    }

    fn with_boundary(parts: &[Part], boundary: &str) -> Result<Self, BadPart> {
        let mut layout = Layout::default();
        for (number, part) in parts.iter().enumerate() {
            layout.text(&format!("--{boundary}\r\n{}\r\n", head(part)?));
            match &part.content {
                PartContent::Whole(bytes) => layout.bytes(bytes),
                PartContent::Streamed { length_bytes } => layout.part(number, *length_bytes),
            }
            layout.text("\r\n");
        }
        layout.text(&format!("--{boundary}--\r\n"));
        layout.close();
        Ok(Self {
            content_type: format!("multipart/form-data; boundary={boundary}"),
            segments: layout.segments,
            length_bytes: layout.length_bytes,
        })
    }
}

/// Segments in the making; neighbouring bytes are joined.
struct Layout {
    segments: Vec<Segment>,
    open: Vec<u8>,
    length_bytes: Option<u64>,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            segments: Vec::new(),
            open: Vec::new(),
            length_bytes: Some(0),
        }
    }
}

impl Layout {
    /// Longer contents stay in their own memory.
    const COPIED_BYTES: usize = 4096;

    fn text(&mut self, text: &str) {
        self.open.extend_from_slice(text.as_bytes());
        self.count(Some(text.len() as u64));
    }

    fn bytes(&mut self, bytes: &Bytes) {
        if bytes.len() > Self::COPIED_BYTES {
            self.close();
            self.segments.push(Segment::Bytes(bytes.clone()));
        } else {
            self.open.extend_from_slice(bytes);
        }
        self.count(Some(bytes.len() as u64));
    }

    fn part(&mut self, number: usize, length_bytes: Option<u64>) {
        self.close();
        self.segments.push(Segment::Part(number));
        self.count(length_bytes);
    }

    fn count(&mut self, more: Option<u64>) {
        self.length_bytes = self
            .length_bytes
            .zip(more)
            .and_then(|(sum, more)| sum.checked_add(more));
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            let bytes = std::mem::take(&mut self.open);
            self.segments.push(Segment::Bytes(bytes.into()));
        }
    }
}

/// The part's fields, each with its line's end.
fn head(part: &Part) -> Result<String, BadPart> {
    let mut head = format!(
        "Content-Disposition: form-data; name=\"{}\"",
        quotable(&part.name)
    );
    if let Some(filename) = &part.filename {
        head.push_str(&format!("; filename=\"{}\"", quotable(filename)));
    }
    head.push_str("\r\n");
    if let Some(content_type) = &part.content_type {
        http::HeaderValue::from_str(content_type).map_err(|_| BadPart {
            name: part.name.clone(),
        })?;
        head.push_str(&format!("Content-Type: {content_type}\r\n"));
    }
    Ok(head)
}

fn quotable(text: &str) -> String {
    text.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

#[cfg(test)]
mod tests;
