//! The token request and its answer, as bytes: pure.
//!
//! RFC 6749: sections 2.3.1 (client authentication), 4.4.2 (request), 5.1 and 5.2 (answers); RFC
//! 6750, 2.1 (what a token may look like in a field). Stricter than some providers, laxer in one
//! place: `expires_in` may be a string of digits. Nothing of a body but the error code, and that
//! only in the characters that the RFC allows, reaches a message.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded;

use super::{ClientCredentials, Style};

/// What a token lives when the provider does not say: short, as a 401 renews it anyway.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(300);
/// No token is kept for longer.
const MAX_LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// Renewal comes at most this long before the end.
const MAX_REFRESH_MARGIN: Duration = Duration::from_secs(30);
/// Renewal comes at most this share of the lifetime before the end.
const REFRESH_MARGIN_SHARE: u32 = 10;

/// A token that was issued.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Issued {
    pub(crate) token: String,
    pub(crate) lifetime: Duration,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Issued({} s)", self.lifetime.as_secs())
    }
}

impl Issued {
    /// From when on it is to be renewed: min(30 s, 10 % of its life) before its end.
    pub(crate) fn refresh_after(&self) -> Duration {
        let margin = MAX_REFRESH_MARGIN.min(self.lifetime / REFRESH_MARGIN_SHARE);
        self.lifetime.saturating_sub(margin)
    }
}

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Denied {
    pub(crate) message: String,
    /// The provider was ill rather than unwilling: asking again may help.
    pub(crate) transient: bool,
}

/// What the request consists of: the form, and the `Authorization` field where the style asks.
pub(crate) fn request(
    options: &ClientCredentials,
    client_id: &str,
    client_secret: &str,
) -> (String, Option<String>) {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    if !options.scopes.is_empty() {
        form.append_pair("scope", &options.scopes.join(" "));
    }
    if let Some(audience) = &options.audience {
        form.append_pair("audience", audience);
    }
    match options.style {
        Style::Form => {
            form.append_pair("client_id", client_id)
                .append_pair("client_secret", client_secret);
            (form.finish(), None)
        }
        Style::Basic => {
            let pair = format!("{}:{}", encoded(client_id), encoded(client_secret));
            (
                form.finish(),
                Some(format!("Basic {}", STANDARD.encode(pair))),
            )
        }
    }
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Reads the provider's answer.
///
/// # Errors
/// When it holds no usable token.
pub(crate) fn read(status: u16, body: &[u8]) -> Result<Issued, Denied> {
    let json: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    if status != 200 {
        return Err(denied(status, json.as_ref()));
    }
    let unusable = |what: &str| Denied {
        message: format!("the identity provider's answer is not usable: {what}"),
        transient: false,
    };
    let json = json.ok_or_else(|| unusable("it is no JSON"))?;
    let token = json
        .get("access_token")
        .and_then(serde_json::Value::as_str)
        .filter(|token| !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic()))
        .ok_or_else(|| unusable("it has no access_token that a field may hold"))?;
    let is_bearer = json
        .get("token_type")
        .and_then(serde_json::Value::as_str)
        .is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"));
    if !is_bearer {
        return Err(unusable("its token_type is not Bearer"));
    }
    let lifetime = match json.get("expires_in") {
        None | Some(serde_json::Value::Null) => DEFAULT_LIFETIME,
        Some(value) => value
            .as_u64()
            .or_else(|| value.as_str().and_then(|digits| digits.parse().ok()))
            .filter(|seconds| *seconds > 0)
            .map(Duration::from_secs)
            .ok_or_else(|| unusable("its expires_in is no positive number of seconds"))?,
    };
    Ok(Issued {
        token: token.to_owned(),
        lifetime: lifetime.min(MAX_LIFETIME),
    })
}

fn denied(status: u16, json: Option<&serde_json::Value>) -> Denied {
    /// RFC 6749 names none longer than 25 characters; extensions stay short too.
    const MAX_CODE_CHARS: usize = 40;
    let code = json
        .and_then(|json| json.get("error"))
        .and_then(serde_json::Value::as_str)
        .filter(|code| {
            code.len() <= MAX_CODE_CHARS
                && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        });
    let message = match code {
        Some(code) => format!("the identity provider answered {status} ({code})"),
        None => format!("the identity provider answered {status}"),
    };
    let transient = status >= 500
        || matches!(status, 408 | 425 | 429)
        || code == Some("temporarily_unavailable");
    Denied { message, transient }
}

#[cfg(test)]
mod tests;
