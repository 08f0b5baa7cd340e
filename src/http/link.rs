//! The `Link` field (RFC 8288 section 3), strictly.
//!
//! What is read: the target as it stands between `<` and `>`, the relation types (lower case, of
//! the first `rel` alone, as section 3.3 says), whether there is an `anchor`, and the titles are
//! passed over. What does not follow the grammar is an error that names the place: a link that is
//! guessed could send a walk, with credentials, somewhere else.
//!
//! Not here: resolving the target against the request, and what may be followed.

/// Links in one answer; more are refused.
const MAX_LINKS: usize = 100;

/// One link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// A URI reference, as it stands.
    pub target: String,
    /// Relation types in lower case, in order.
    pub rels: Vec<String>,
    /// It is about another resource than the answer's (section 3.2).
    pub has_anchor: bool,
}

/// The field is not as RFC 8288 has it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the field Link is malformed at byte {at}: expected {expected}")]
pub struct MalformedLink {
    /// Offset in the field's value.
    pub at: usize,
    /// What should stand there.
    pub expected: &'static str,
}

/// Reads all lines of the field.
///
/// # Errors
/// The first place that does not follow the grammar.
pub fn parse<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<Link>, MalformedLink> {
    let mut links = Vec::new();
    for value in values {
        let mut reader = Reader { value, at: 0 };
        loop {
            // RFC 9110 section 5.6.1.2: a list may have empty elements.
            while reader.skip_space().take(b',') {}
            if reader.is_at_end() {
                break;
            }
            if links.len() == MAX_LINKS {
                return Err(reader.expected("100 links at most"));
            }
            links.push(reader.link()?);
            if !reader.skip_space().is_at_end() && !reader.take(b',') {
                return Err(reader.expected("',', ';' or the end"));
            }
        }
    }
    Ok(links)
}

/// The target of the first link of this relation that is about the answer itself.
pub fn target_of<'a>(links: &'a [Link], rel: &str) -> Option<&'a str> {
    links
        .iter()
        .find(|link| !link.has_anchor && link.rels.iter().any(|known| known == rel))
        .map(|link| link.target.as_str())
}

struct Reader<'a> {
    value: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.value.get(self.at).copied()
    }

    fn is_at_end(&self) -> bool {
        self.at >= self.value.len()
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn skip_space(&mut self) -> &mut Self {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        self
    }

    fn expected(&self, expected: &'static str) -> MalformedLink {
        MalformedLink {
            at: self.at,
            expected,
        }
    }

    fn link(&mut self) -> Result<Link, MalformedLink> {
        let mut link = Link {
            target: self.target()?,
            rels: Vec::new(),
            has_anchor: false,
        };
        let mut has_rel = false;
        while self.skip_space().take(b';') {
            let name = self.skip_space().token();
            if name.is_empty() {
                // RFC 8288 section 3: a parameter may be left out between two semicolons.
                continue;
            }
            let value = self.parameter()?;
            match name.to_ascii_lowercase().as_str() {
                "rel" if !has_rel => {
                    has_rel = true;
                    let types = value.split_ascii_whitespace();
                    link.rels = types.map(str::to_ascii_lowercase).collect();
                }
                "anchor" => link.has_anchor = true,
                _ => {}
            }
        }
        Ok(link)
    }

    fn target(&mut self) -> Result<String, MalformedLink> {
        if !self.take(b'<') {
            return Err(self.expected("'<'"));
        }
        let mut target = String::new();
        while let Some(byte) = self.peek() {
            if byte == b'>' {
                self.at += 1;
                return Ok(target);
            }
            // RFC 3986: a reference is of visible ASCII and never holds these.
            if !byte.is_ascii_graphic() || matches!(byte, b'<' | b'"' | b'\\' | b'^' | b'`') {
                return Err(self.expected("a character of a URI"));
            }
            target.push(char::from(byte));
            self.at += 1;
        }
        Err(self.expected("'>'"))
    }

    /// `= token` or `= "quoted"`, or nothing.
    fn parameter(&mut self) -> Result<String, MalformedLink> {
        if !self.skip_space().take(b'=') {
            return Ok(String::new());
        }
        if self.skip_space().take(b'"') {
            return self.quoted();
        }
        match self.token() {
            value if value.is_empty() => Err(self.expected("a token or a quoted string")),
            value => Ok(value),
        }
    }

    /// RFC 9110 section 5.6.2; `*` of `title*` is one of its characters.
    fn token(&mut self) -> String {
        const MARKS: &[u8] = b"!#$%&'*+-.^_`|~";
        let mut token = String::new();
        while let Some(byte) = self.peek() {
            if !byte.is_ascii_alphanumeric() && !MARKS.contains(&byte) {
                break;
            }
            token.push(char::from(byte));
            self.at += 1;
        }
        token
    }

    /// RFC 9110 section 5.6.4, behind the opening mark.
    fn quoted(&mut self) -> Result<String, MalformedLink> {
        let mut bytes = Vec::new();
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'"' => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
                b'\\' => {
                    let Some(escaped) = self.peek() else { break };
                    bytes.push(escaped);
                    self.at += 1;
                }
                _ => bytes.push(byte),
            }
        }
        Err(self.expected("'\"'"))
    }
}

#[cfg(test)]
mod tests;
