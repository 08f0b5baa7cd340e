//! Which URIs a rule is for.
//!
//! A pattern is relative to the connection's base URI, or absolute, so that a token's URI can be
//! meant too. `{name}` stands for one segment of the path or a part of it, `*` for anything; the
//! rest is compared as it is sent, percent signs included. Without a `?` the query does not matter;
//! with one, each pair it names must be there, in any order, among others.

use url::Url;

/// More wildcards than this are a mistake, and would make matching slow.
const WILDCARDS_MAX: usize = 8;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    /// At least one character, none of them a slash.
    Segment,
    /// Any number of any characters.
    Anything,
}

/// A parsed pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UriPattern {
    text: String,
    is_absolute: bool,
    path: Vec<Piece>,
    query: Vec<(String, String)>,
}

impl UriPattern {
    /// Reads a pattern; an empty one and `*` match everything.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (path, query) = match text.split_once('?') {
            Some((path, query)) => (path, query),
            None => (text, ""),
        };
        let path = if path.is_empty() { "*" } else { path };
        let pieces = pieces(path)?;
        if pieces
            .iter()
            .filter(|piece| !matches!(piece, Piece::Literal(_)))
            .count()
            > WILDCARDS_MAX
        {
            return Err(format!("more than {WILDCARDS_MAX} of {{name}} and *"));
        }
        Ok(Self {
            text: text.to_owned(),
            is_absolute: path.contains("://") || path.starts_with('*'),
            path: pieces,
            query: url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether a URL is meant, for a connection with this base URI.
    pub fn matches(&self, base_uri: &Url, url: &Url) -> bool {
        let target = without_query(url);
        let rest = if self.is_absolute {
            Some(target.as_str())
        } else {
            target.strip_prefix(&self.root(base_uri))
        };
        rest.is_some_and(|rest| is_match(&self.path, rest)) && self.has_query(url)
    }

    /// What a relative pattern stands below: the base URI, or its origin for one that begins with a
    /// slash, as in the resolution of references.
    fn root(&self, base_uri: &Url) -> String {
        if self.text.starts_with('/') {
            return base_uri.origin().ascii_serialization();
        }
        without_query(base_uri)
    }

    fn has_query(&self, url: &Url) -> bool {
        self.query.iter().all(|(name, value)| {
            url.query_pairs()
                .any(|pair| pair.0 == *name && pair.1 == *value)
        })
    }
}

fn without_query(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

fn pieces(pattern: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = pattern;
    while let Some(at) = rest.find(['{', '*']) {
        let (literal, wildcard) = rest.split_at(at);
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal.to_owned()));
        }
        rest = match wildcard.strip_prefix('*') {
            Some(rest) => {
                pieces.push(Piece::Anything);
                rest
            }
            None => {
                let end = wildcard.find('}').ok_or("a { without its }")?;
                pieces.push(Piece::Segment);
                wildcard.get(end + 1..).unwrap_or_default()
            }
        };
    }
    if !rest.is_empty() {
        pieces.push(Piece::Literal(rest.to_owned()));
    }
    Ok(pieces)
}

/// Tries each length a wildcard may have, the shortest first; the number of wildcards is bounded.
fn is_match(pieces: &[Piece], text: &str) -> bool {
    let Some((first, others)) = pieces.split_first() else {
        return text.is_empty();
    };
    match first {
        Piece::Literal(literal) => text
            .strip_prefix(literal.as_str())
            .is_some_and(|rest| is_match(others, rest)),
        Piece::Anything if others.is_empty() => true,
        Piece::Anything => ends(text).any(|rest| is_match(others, rest)),
        Piece::Segment => {
            let reach = text.find('/').unwrap_or(text.len());
            ends(text)
                .skip(1)
                .take_while(|rest| text.len() - rest.len() <= reach)
                .any(|rest| is_match(others, rest))
        }
    }
}

/// The text, and what is left of it after each character.
fn ends(text: &str) -> impl Iterator<Item = &str> {
    text.char_indices()
        .map(|(at, _)| at)
        .chain([text.len()])
        .filter_map(|at| text.get(at..))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, url: &str) -> bool {
        let base = Url::parse("https://api.example/v1/").unwrap();
        let url = Url::parse(url).unwrap();
        UriPattern::parse(pattern).unwrap().matches(&base, &url)
    }

    #[test]
    fn patterns_and_what_they_mean() {
        for (pattern, path, expected) in [
            ("", "/v1/products/7", true),
            ("*", "/other", true),
            ("products/7", "/v1/products/7", true),
            ("products/7", "/v1/products/78", false),
            ("products/7", "/v2/products/7", false),
            ("/v2/products/7", "/v2/products/7", true),
            ("products/{id}", "/v1/products/7", true),
            ("products/{id}", "/v1/products/", false),
            ("products/{id}", "/v1/products/7/parts", false),
            ("products/{id}.json", "/v1/products/7.json", true),
            ("{kind}/{id}", "/v1/products/7", true),
            ("products/*", "/v1/products/7/parts", true),
            ("products/*", "/v1/products/", true),
            ("*/parts", "/v1/products/7/parts", true),
            ("products/7", "/v1/products/7?a=1", true),
            ("products?page=2", "/v1/products?limit=5&page=2", true),
            (
                "products?page=2&limit=5",
                "/v1/products?limit=5&page=2",
                true,
            ),
            ("products?page=2", "/v1/products?page=20", false),
            ("products?q=a b", "/v1/products?q=a%20b", true),
            ("a%20b", "/v1/a%20b", true),
        ] {
            let url = format!("https://api.example{path}");
            assert_eq!(matches(pattern, &url), expected, "{pattern} for {path}");
        }
    }

    #[test]
    fn absolute_patterns_mean_other_origins() {
        assert!(matches(
            "https://id.example/token",
            "https://id.example/token"
        ));
        assert!(matches("https://*/token", "https://id.example/token"));
        assert!(!matches("token", "https://id.example/token"));
        assert!(!matches(
            "https://id.example/token",
            "http://id.example/token"
        ));
    }

    #[test]
    fn mistakes_are_told() {
        assert!(UriPattern::parse("a/{id").is_err());
        assert!(UriPattern::parse(&"*".repeat(9)).is_err());
    }
}
