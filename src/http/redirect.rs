//! Where a redirect leads, and what goes there: RFC 9110, section 15.4. Pure.
//!
//! The method stays, but a POST becomes a GET on 301 and 302, as everybody does, and everything but
//! HEAD does on 303; a method that becomes GET loses its content and the fields about it. Nothing
//! that was meant for one origin goes to another: across origins only fields that say nothing of
//! the caller go along, and once gone they stay gone. From https to http no redirect is followed.
//!
//! The address of each hop is guarded like any other, and no redirect is followed unless the option
//! `redirects` says so.

use http::{HeaderMap, HeaderName, Method, StatusCode, header};

use super::Content;
use super::target::CORRELATION_ID;
use super::transport::{Head, Wire};

/// Fields that go along to another origin.
const OF_NOBODY: [HeaderName; 6] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::ACCEPT_LANGUAGE,
    header::CONTENT_TYPE,
    header::USER_AGENT,
    CORRELATION_ID,
];
/// Fields about a content that does not go along.
const OF_CONTENT: [HeaderName; 5] = [
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LENGTH,
    header::CONTENT_LOCATION,
    header::CONTENT_TYPE,
];

/// The request that an answer redirects to; `None` where it is to be taken as it is.
pub(super) fn next(wire: &Wire, head: &Head) -> Option<Wire> {
    if !matches!(head.status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = head.headers.get(header::LOCATION)?;
    let location = std::str::from_utf8(location.as_bytes()).ok()?;
    let mut url = wire.url.join(location).ok()?;
    let is_downgrade = wire.url.scheme() == "https" && url.scheme() == "http";
    if is_downgrade || !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return None;
    }
    if !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    url.set_fragment(None);
    let method = method(&wire.method, head.status);
    let keeps_content = method == wire.method && head.status != StatusCode::SEE_OTHER;
    let is_other = url.origin() != wire.url.origin();
    let mut headers = HeaderMap::new();
    for (name, value) in &wire.headers {
        let stays = !is_other || OF_NOBODY.contains(name);
        if stays && (keeps_content || !OF_CONTENT.contains(name)) {
            headers.append(name.clone(), value.clone());
        }
    }
    Some(Wire {
        method,
        url,
        headers,
        content: if keeps_content {
            wire.content.clone()
        } else {
            Content::Empty
        },
        decodes: wire.decodes,
    })
}

fn method(method: &Method, status: StatusCode) -> Method {
    let becomes_get = match status {
        StatusCode::SEE_OTHER => *method != Method::HEAD,
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => *method == Method::POST,
        _ => false,
    };
    if becomes_get {
        Method::GET
    } else {
        method.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(method: &str, url: &str) -> Wire {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("accept", "x/y"),
            ("authorization", "Bearer t"),
            ("content-type", "text/plain"),
            ("cookie", "a=b"),
            ("x-api-key", "k"),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        Wire {
            method: method.parse().unwrap(),
            url: url.parse().unwrap(),
            headers,
            content: "content".into(),
            decodes: false,
        }
    }

    fn head(status: u16, location: &str) -> Head {
        let mut headers = HeaderMap::new();
        headers.insert("location", location.parse().unwrap());
        Head {
            status: StatusCode::from_u16(status).unwrap(),
            reason: String::new(),
            version: http::Version::HTTP_11,
            headers,
        }
    }

    fn names(wire: &Wire) -> Vec<&str> {
        wire.headers.keys().map(HeaderName::as_str).collect()
    }

    #[test]
    fn methods_and_contents() {
        let rows = [
            ("GET", 301, Some(("GET", true))),
            ("POST", 301, Some(("GET", false))),
            ("POST", 302, Some(("GET", false))),
            ("PUT", 302, Some(("PUT", true))),
            ("POST", 303, Some(("GET", false))),
            ("PUT", 303, Some(("GET", false))),
            ("GET", 303, Some(("GET", false))),
            ("HEAD", 303, Some(("HEAD", false))),
            ("POST", 307, Some(("POST", true))),
            ("DELETE", 308, Some(("DELETE", true))),
            ("GET", 300, None),
            ("GET", 304, None),
            ("GET", 305, None),
            ("GET", 200, None),
        ];
        for (method, status, expected) in rows {
            let next = next(&wire(method, "https://a.example/x"), &head(status, "/y"));
            let found = next.as_ref().map(|next| {
                let has_content = next.content != Content::Empty;
                assert_eq!(next.headers.contains_key("content-type"), has_content);
                (next.method.as_str(), has_content)
            });
            assert_eq!(found, expected, "{method} {status}");
        }
    }

    #[test]
    fn places() {
        let rows = [
            ("/y?z#f", Some("https://a.example/y?z")),
            ("y", Some("https://a.example/b/y")),
            ("//b.example/y", Some("https://b.example/y")),
            ("https://a.example:8443/", Some("https://a.example:8443/")),
            ("http://a.example/", None),
            ("ftp://a.example/", None),
            ("file:///etc/passwd", None),
            ("https://user:pass@a.example/", None),
            ("https://[", None),
        ];
        for (location, expected) in rows {
            let next = next(&wire("GET", "https://a.example/b/x"), &head(302, location));
            let found = next.map(|next| next.url.to_string());
            assert_eq!(found.as_deref(), expected, "{location}");
        }
    }

    #[test]
    fn nothing_of_the_caller_crosses_origins_or_comes_back() {
        let first = wire("GET", "https://a.example/x");
        let home = next(&first, &head(307, "/y")).unwrap();
        assert_eq!(names(&home).len(), 5);
        for abroad in ["https://b.example/", "https://a.example:8443/"] {
            let away = next(&first, &head(307, abroad)).unwrap();
            assert_eq!(names(&away), ["accept", "content-type"]);
            let back = next(&away, &head(307, "https://a.example/y")).unwrap();
            assert_eq!(names(&back), ["accept", "content-type"]);
        }
    }
}
