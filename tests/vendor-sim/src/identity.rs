//! The identity provider: OAuth 2.0 client credentials (RFC 6749, 4.4), RS256 JWT, JWKS.
//!
//! The vendors share this process, so a token is good exactly when identity made it, has not
//! revoked it and its time has not come; a look-up by the whole token answers all three, and a
//! forged signature is simply a token that was never made. The signature is there for clients that
//! check it; the endpoint is in `token_endpoint.rs`. One 2048 bit key for each start. Tokens past their time are swept as new ones are made.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use parking_lot::Mutex;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::traits::PublicKeyParts;
use serde::Serialize;
use serde_json::{Value, json};

use crate::Vendor;
use crate::answer::problem;
use crate::time::now_ms;

/// Bits of the signing key.
const KEY_BITS: usize = 2048;

/// Token requests remembered at most.
const REQUESTS_AT_MOST: usize = 100_000;

/// How long a token is known after its time, so that its uses are logged with its id.
const KEPT_AFTER_EXPIRY_MS: i64 = 600_000;

/// Why the identity provider could not be made.
pub type KeyError = Box<dyn std::error::Error + Send + Sync>;

/// A token that identity made.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its `jti`.
    pub token_id: String,
    client_id: &'static str,
    pub(crate) scope: &'static str,
    pub(crate) expires_at_ms: i64,
    is_revoked: bool,
}

/// Why a vendor does not accept a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// No token was sent.
    NoToken,
    /// Never made here, past its time, or revoked.
    InvalidToken,
    /// Good, but for another vendor.
    InsufficientScope,
}

/// One request at the token endpoint.
#[derive(Clone, Debug, Serialize)]
pub struct TokenRequest {
    pub(crate) t_ms: i64,
    pub(crate) client_id: Option<String>,
    pub(crate) scope: Option<String>,
    pub(crate) status: u16,
    pub(crate) token_id: Option<String>,
    pub(crate) expires_at_ms: Option<i64>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    client_id: &'a str,
    scope: &'a str,
    iat: i64,
    exp: i64,
    jti: &'a str,
}

/// The identity provider's state.
pub struct Identity {
    signing_key: EncodingKey,
    pub(crate) jwks: Value,
    key_id: String,
    lifetime_s: AtomicU64,
    made: Mutex<HashMap<String, Known>>,
    requests: Mutex<Vec<TokenRequest>>,
}

impl Identity {
    /// Makes the key.
    ///
    /// # Errors
    /// When the system has no random numbers or the key cannot be encoded.
    pub fn new(lifetime_s: u64) -> Result<Self, KeyError> {
        let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, KEY_BITS)?;
        let key_id = hex::encode(rand::random::<[u8; 8]>());
        let jwks = json!({"keys": [{
            "kty": "RSA", "kid": key_id, "alg": "RS256", "use": "sig",
            "n": URL_SAFE_NO_PAD.encode(key.n().to_bytes_be()),
            "e": URL_SAFE_NO_PAD.encode(key.e().to_bytes_be()),
        }]});
        Ok(Self {
            signing_key: EncodingKey::from_rsa_der(key.to_pkcs1_der()?.as_bytes()),
            jwks,
            key_id,
            lifetime_s: AtomicU64::new(lifetime_s),
            made: Mutex::default(),
            requests: Mutex::default(),
        })
    }

    /// Seconds that a token made now will live.
    pub fn lifetime_s(&self) -> u64 {
        self.lifetime_s.load(Ordering::Relaxed)
    }

    /// For tokens from now on.
    pub fn set_lifetime_s(&self, lifetime_s: u64) {
        self.lifetime_s.store(lifetime_s, Ordering::Relaxed);
    }

    /// Refuses the tokens made so far, of one client or of all; says how many that were.
    pub fn revoke(&self, client_id: Option<&str>) -> usize {
        let mut made = self.made.lock();
        let now = now_ms();
        let good = made.values_mut().filter(|known| {
            !known.is_revoked
                && known.expires_at_ms > now
                && client_id.is_none_or(|wanted| wanted == known.client_id)
        });
        good.map(|known| known.is_revoked = true).count()
    }

    /// The requests at the token endpoint since the last reset.
    pub fn requests(&self) -> Vec<TokenRequest> {
        self.requests.lock().clone()
    }

    /// Forgets the requests, not the tokens.
    pub fn reset_requests(&self) {
        self.requests.lock().clear();
    }

    /// The token that the request carries, if identity made it.
    pub fn known(&self, headers: &HeaderMap) -> Option<Known> {
        self.made.lock().get(bearer(headers)?).cloned()
    }

    /// A token for the vendor's client.
    pub(crate) fn make(&self, issuer: &str, vendor: Vendor) -> Result<(String, Known), KeyError> {
        let now = now_ms();
        let known = Known {
            token_id: hex::encode(rand::random::<[u8; 12]>()),
            client_id: vendor.name(),
            scope: vendor.scope(),
            expires_at_ms: now.saturating_add_unsigned(self.lifetime_s() * 1000),
            is_revoked: false,
        };
        let claims = Claims {
            iss: issuer,
            sub: known.client_id,
            client_id: known.client_id,
            scope: known.scope,
            iat: now / 1000,
            // Rounded up: the claim must not end before `expires_in` does.
            exp: (known.expires_at_ms + 999) / 1000,
            jti: &known.token_id,
        };
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(self.key_id.clone());
        let token = jsonwebtoken::encode(&header, &claims, &self.signing_key)?;
        let mut made = self.made.lock();
        made.retain(|_, old| old.expires_at_ms > now - KEPT_AFTER_EXPIRY_MS);
        made.insert(token.clone(), known.clone());
        Ok((token, known))
    }

    /// Remembers a request.
    pub(crate) fn note(&self, request: TokenRequest) {
        let mut requests = self.requests.lock();
        if requests.len() < REQUESTS_AT_MOST {
            requests.push(request);
        }
    }
}

/// Whether a request with this token may pass at the vendor now.
///
/// # Errors
/// The denial, when it may not.
pub fn admit(
    vendor: Vendor,
    headers: &HeaderMap,
    token: Option<&Known>,
    now_ms: i64,
) -> Result<(), Denial> {
    let Some(token) = token else {
        return Err(match headers.contains_key(header::AUTHORIZATION) {
            true => Denial::InvalidToken,
            false => Denial::NoToken,
        });
    };
    if token.is_revoked || now_ms >= token.expires_at_ms {
        return Err(Denial::InvalidToken);
    }
    if token.scope != vendor.scope() {
        return Err(Denial::InsufficientScope);
    }
    Ok(())
}

/// The denial as RFC 6750 writes it.
pub fn denied(vendor: Vendor, denial: Denial) -> Response {
    let realm = vendor.name();
    let (status, code, challenge) = match denial {
        Denial::NoToken => (
            StatusCode::UNAUTHORIZED,
            "token_required",
            format!("Bearer realm=\"{realm}\""),
        ),
        Denial::InvalidToken => (
            StatusCode::UNAUTHORIZED,
            "invalid_token",
            format!("Bearer realm=\"{realm}\", error=\"invalid_token\""),
        ),
        Denial::InsufficientScope => (
            StatusCode::FORBIDDEN,
            "insufficient_scope",
            format!(
                "Bearer realm=\"{realm}\", error=\"insufficient_scope\", scope=\"{}\"",
                vendor.scope()
            ),
        ),
    };
    let mut answer = problem(
        status,
        code,
        "a valid token with the right scope is required",
    );
    challenge_with(&mut answer, &challenge);
    answer
}

/// Sets `WWW-Authenticate`.
pub(crate) fn challenge_with(answer: &mut Response, challenge: &str) {
    if let Ok(value) = HeaderValue::from_str(challenge) {
        let headers = answer.headers_mut();
        headers.insert(header::WWW_AUTHENTICATE, value);
    }
}

/// The credentials after `scheme`, whose name is compared without regard to case.
pub(crate) fn credentials_of<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (name, credentials) = value.split_once(' ')?;
    name.eq_ignore_ascii_case(scheme)
        .then(|| credentials.trim())
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    credentials_of(headers, "bearer")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admission_follows_expiry_revocation_and_scope() {
        let good = Known {
            token_id: "t".to_owned(),
            client_id: "catalog",
            scope: "products.read",
            expires_at_ms: 1000,
            is_revoked: false,
        };
        let revoked = Known {
            is_revoked: true,
            ..good.clone()
        };
        let none = HeaderMap::new();
        let mut some = HeaderMap::new();
        some.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer x"));
        for (vendor, headers, token, now, expected) in [
            (Vendor::Catalog, &some, Some(&good), 999, Ok(())),
            (
                Vendor::Catalog,
                &some,
                Some(&good),
                1000,
                Err(Denial::InvalidToken),
            ),
            (
                Vendor::Catalog,
                &some,
                Some(&revoked),
                0,
                Err(Denial::InvalidToken),
            ),
            (
                Vendor::Crm,
                &some,
                Some(&good),
                0,
                Err(Denial::InsufficientScope),
            ),
            (Vendor::Catalog, &some, None, 0, Err(Denial::InvalidToken)),
            (Vendor::Catalog, &none, None, 0, Err(Denial::NoToken)),
        ] {
            assert_eq!(admit(vendor, headers, token, now), expected);
        }
    }
}
