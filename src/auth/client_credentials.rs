//! One token for all workers of the host.
//!
//! The token lies sealed in a slot of the segment, found by a hash of who asks whom for what. Who
//! finds it worth renewing takes a short lease and asks the identity provider; the others go on
//! with the old token while it lives, and wait in short bounded polls when there is none. So a
//! lifetime costs one token request, however many workers ask. A lease whose owner died runs out,
//! and another takes over. A token that the vendor refused (401) is dropped by its generation, so
//! that a newer one, which another worker has fetched meanwhile, stays.
//!
//! Losing the slot costs one token request.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use sha2::{Digest, Sha256};
use url::Url;

use super::token::{self, Issued};
use super::{ClientCredentials, Options};
use crate::clock;
use crate::options::secret::{self, SecretBytes, SecretError, SecretRef};
use crate::segment::{SealKey, Segment, Token, TokenSlot};

/// Followers look again after so long.
const POLL: Duration = Duration::from_millis(10);
/// A lease outlives the request that it stands for by so much.
const LEASE_EXTRA: Duration = Duration::from_millis(500);

/// What the token flow needs of the caller: one POST, and a wait that can be interrupted.
pub(crate) trait Endpoint {
    /// Why it did not work; made by the caller, passed through.
    type Error;
    /// Posts a form once; the status and body of any answer.
    async fn post(
        &self,
        url: &Url,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<(u16, Bytes), Self::Error>;
    /// Reads a secret; a resolver of the application is asked outside of any future.
    async fn secret(&self, secret: &SecretRef) -> Result<SecretBytes, SecretError>;
    /// Waits, at most until the call's deadline.
    async fn wait(&self, span: Duration) -> Result<(), Self::Error>;
    /// How long one POST may take at most.
    fn post_timeout(&self) -> Duration;
    /// There is no token: why, and whether asking again may help.
    fn denied(&self, message: String, transient: bool) -> Self::Error;
}

/// The field's value, and what must be forgotten when the vendor refuses it.
pub(crate) struct Held {
    pub(crate) value: HeaderValue,
    generation: Option<u64>,
}

impl Held {
    /// Whether another one could be had: a fixed password stays what it is.
    pub(crate) fn is_renewable(&self) -> bool {
        self.generation.is_some()
    }
}

/// The `Authorization` field for the next attempt.
///
/// # Errors
/// The endpoint's own, or that there is no token or secret.
pub(crate) async fn authorize<E: Endpoint>(
    options: &Options,
    segment: &Segment,
    endpoint: &E,
) -> Result<Held, E::Error> {
    let field = |value: String, generation| {
        let mut value = HeaderValue::from_str(&value).map_err(|_| {
            endpoint.denied("the secret holds bytes no field may hold".into(), false)
        })?;
        value.set_sensitive(true);
        Ok(Held { value, generation })
    };
    match options {
        Options::Basic { username, password } => {
            let mut pair = read(username, endpoint).await?.expose().to_vec();
            pair.push(b':');
            pair.extend_from_slice(read(password, endpoint).await?.expose());
            field(format!("Basic {}", STANDARD.encode(pair)), None)
        }
        Options::Bearer { token } => {
            let token = read_text(token, endpoint).await?;
            field(format!("Bearer {token}"), None)
        }
        Options::ClientCredentials(client) => {
            let token = Flow::new(client, segment, endpoint).await?.token().await?;
            let text = String::from_utf8_lossy(&token.secret).into_owned();
            field(format!("Bearer {text}"), Some(token.generation))
        }
    }
}

/// Drops what the vendor refused, and what resolvers have said before.
pub(crate) async fn forget<E: Endpoint>(
    options: &Options,
    segment: &Segment,
    endpoint: &E,
    held: &Held,
) -> Result<(), E::Error> {
    match (options, held.generation) {
        (Options::ClientCredentials(client), Some(generation)) => {
            // The slot is found by the secret that the token was asked with: clear before forget.
            Flow::new(client, segment, endpoint)
                .await?
                .slot
                .clear(generation);
            secret::forget(&client.client_secret);
        }
        (Options::Basic { password, .. }, _) => secret::forget(password),
        (Options::Bearer { token }, _) => secret::forget(token),
        (Options::ClientCredentials(_), None) => {}
    }
    Ok(())
}

/// One look for a token.
struct Flow<'a, E: Endpoint> {
    options: &'a ClientCredentials,
    segment: &'a Segment,
    endpoint: &'a E,
    client_id: String,
    client_secret: String,
    key: [u8; 32],
    slot: TokenSlot,
    seal: SealKey,
}

impl<'a, E: Endpoint> Flow<'a, E> {
    async fn new(
        options: &'a ClientCredentials,
        segment: &'a Segment,
        endpoint: &'a E,
    ) -> Result<Self, E::Error> {
        let client_id = read_text(&options.client_id, endpoint).await?;
        let client_secret = read_text(&options.client_secret, endpoint).await?;
        let key = key(options, &client_id, &client_secret);
        Ok(Self {
            options,
            segment,
            endpoint,
            slot: segment.token_slot(&key),
            seal: SealKey::derive(client_secret.as_bytes(), &key),
            client_id,
            client_secret,
            key,
        })
    }

    /// A token that lives: kept, renewed by us, or by somebody else while we waited.
    async fn token(&self) -> Result<Token, E::Error> {
        let mut waited = Duration::ZERO;
        let ttl = self.endpoint.post_timeout().saturating_add(LEASE_EXTRA);
        loop {
            let now = clock::monotonic();
            let kept = self
                .slot
                .read(&self.seal, now)
                .filter(|token| now < token.expires);
            match kept {
                Some(token) if now < token.refresh_after => return Ok(token),
                Some(token) => return Ok(self.renewed(ttl).await.unwrap_or(token)),
                None => {}
            }
            if let Some(lease) = self.segment.lease(&self.key, ttl, now) {
                // Between our look and the lease somebody else may have been quicker.
                if let Some(token) = self.slot.read(&self.seal, clock::monotonic()) {
                    return Ok(token);
                }
                let token = self.request().await;
                lease.release();
                return token;
            }
            if waited >= ttl {
                let message = "another worker's token request did not end in time".to_owned();
                return Err(self.endpoint.denied(message, true));
            }
            self.endpoint.wait(POLL).await?;
            waited = waited.saturating_add(POLL);
        }
    }

    /// A new token in place of one that still lives; `None` when somebody else sees to it, or the
    /// provider is ill: the old one goes on.
    async fn renewed(&self, ttl: Duration) -> Option<Token> {
        let now = clock::monotonic();
        let lease = self.segment.lease(&self.key, ttl, now)?;
        let again = self
            .slot
            .read(&self.seal, now)
            .filter(|token| now < token.refresh_after);
        let token = match again {
            Some(token) => Some(token),
            None => self.request().await.ok(),
        };
        lease.release();
        token
    }

    async fn request(&self) -> Result<Token, E::Error> {
        let (form, authorization) =
            token::request(self.options, &self.client_id, &self.client_secret);
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(authorization) = authorization {
            let mut value = HeaderValue::from_str(&authorization)
                .map_err(|error| self.endpoint.denied(error.to_string(), false))?;
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
        // The lifetime counts from before the request: the answer's way must not prolong it.
        let asked = clock::monotonic();
        let (status, body) = self
            .endpoint
            .post(&self.options.token_uri, headers, Bytes::from(form))
            .await?;
        let issued = token::read(status, &body).map_err(|denied| {
            secret::forget(&self.options.client_secret);
            self.endpoint.denied(denied.message, denied.transient)
        })?;
        Ok(self.keep(&issued, asked))
    }

    fn keep(&self, issued: &Issued, asked: clock::Monotonic) -> Token {
        let expires = asked.saturating_add(issued.lifetime);
        let refresh_after = asked.saturating_add(issued.refresh_after());
        let secret = issued.token.as_bytes();
        let now = clock::monotonic();
        // Too long to be kept: it serves this call, and there is no write to take back later.
        let generation = self
            .slot
            .write(&self.seal, secret, expires, refresh_after, now)
            .unwrap_or_default();
        Token {
            secret: secret.to_vec(),
            expires,
            refresh_after,
            generation,
        }
    }
}

/// Where the token lies: who asks whom for what. The client's secret is in it so that a changed
/// one never meets the old one's token.
fn key(options: &ClientCredentials, client_id: &str, client_secret: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    let audience = options.audience.clone().unwrap_or_default();
    let scopes = options.scopes.join(" ");
    for part in [
        options.token_uri.as_str(),
        client_id,
        client_secret,
        &scopes,
        &audience,
    ] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

async fn read<E: Endpoint>(secret: &SecretRef, endpoint: &E) -> Result<SecretBytes, E::Error> {
    endpoint
        .secret(secret)
        .await
        .map_err(|error| endpoint.denied(error.to_string(), false))
}

async fn read_text<E: Endpoint>(secret: &SecretRef, endpoint: &E) -> Result<String, E::Error> {
    let bytes = read(secret, endpoint).await?;
    std::str::from_utf8(bytes.expose())
        .map(str::to_owned)
        .map_err(|_| {
            endpoint.denied(
                format!("secret '{}' is not UTF-8", secret.reference()),
                false,
            )
        })
}

#[cfg(test)]
mod tests;
