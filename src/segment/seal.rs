//! Sealing tokens, so that the segment's bytes alone give nobody a token.
//!
//! ChaCha20-Poly1305 under a key that HKDF-SHA256 derives from the client's secret: who can read
//! the segment but not the secret learns nothing, and who does not know the secret cannot put in
//! a token of their own. The place (key and generation) is authenticated with it, so that bytes
//! that were moved, torn or written in part are refused like any forgery.
//!
//! `nonce 12 | sealed (expires 8 | refresh after 8 | secret) | tag 16`; nonces are random, and a
//! secret seals far fewer than 2^32 tokens.

use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, MAX_TAG_LEN, NONCE_LEN, Nonce, UnboundKey},
    hkdf::{HKDF_SHA256, Salt},
};

use super::{layout::TOKEN_BYTES, table::word_at};
use crate::clock::{Monotonic, random_bytes};

/// The longest secret that fits a place.
pub const TOKEN_SECRET_MAX_BYTES: usize = TOKEN_BYTES - NONCE_LEN - TIMES_BYTES - MAX_TAG_LEN;

const TIMES_BYTES: usize = 16;

/// Seals and unseals tokens; made from the client's secret, which it does not keep.
pub struct SealKey(LessSafeKey);

impl std::fmt::Debug for SealKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SealKey(…)")
    }
}

impl SealKey {
    /// `context` tells apart what one secret is used for: token endpoint, client, scopes.
    pub fn derive(client_secret: &[u8], context: &[u8]) -> Self {
        let info = [b"causeway token seal".as_slice(), context];
        let key = Salt::new(HKDF_SHA256, b"causeway.segment.1")
            .extract(client_secret)
            .expand(&info, &CHACHA20_POLY1305)
            .map(UnboundKey::from);
        match key {
            Ok(key) => Self(LessSafeKey::new(key)),
            // HKDF refuses keys beyond 255 hashes alone. A key that nobody else has shares nothing.
            Err(ring::error::Unspecified) => Self(private_key()),
        }
    }

    /// The sealed bytes; `None` where the secret is longer than [`TOKEN_SECRET_MAX_BYTES`].
    pub(super) fn seal(
        &self,
        place: &[u8],
        expires: Monotonic,
        refresh: Monotonic,
        secret: &[u8],
    ) -> Option<Vec<u8>> {
        if secret.len() > TOKEN_SECRET_MAX_BYTES {
            return None;
        }
        let nonce: [u8; NONCE_LEN] = random_bytes();
        let times = [
            expires.as_nanos().to_le_bytes(),
            refresh.as_nanos().to_le_bytes(),
        ]
        .concat();
        let mut sealed = [&times, secret].concat();
        let nonce_for_seal = Nonce::assume_unique_for_key(nonce);
        self.0
            .seal_in_place_append_tag(nonce_for_seal, Aad::from(place), &mut sealed)
            .ok()?;
        Some([nonce.as_slice(), &sealed].concat())
    }

    /// Expiry, refresh and secret of sealed bytes; `None` where they are not what was sealed.
    pub(super) fn unseal(
        &self,
        place: &[u8],
        bytes: &[u8],
    ) -> Option<(Monotonic, Monotonic, Vec<u8>)> {
        let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut sealed = sealed.to_vec();
        let plain = self
            .0
            .open_in_place(nonce, Aad::from(place), &mut sealed)
            .ok()?;
        let (times, secret) = plain.split_at_checked(TIMES_BYTES)?;
        let (expires, refresh) = (word_at(times, 0), word_at(times, 1));
        Some((
            Monotonic::from_nanos(expires),
            Monotonic::from_nanos(refresh),
            secret.to_vec(),
        ))
    }
}

fn private_key() -> LessSafeKey {
    let mut bytes: [u8; 32] = random_bytes();
    loop {
        // 32 bytes are this algorithm's key length: the first turn succeeds.
        if let Ok(key) = UnboundKey::new(&CHACHA20_POLY1305, &bytes) {
            return LessSafeKey::new(key);
        }
        bytes = random_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPIRES: Monotonic = Monotonic::from_millis(9000);
    const REFRESH: Monotonic = Monotonic::from_millis(8000);

    #[test]
    fn what_was_sealed_comes_back() {
        let key = SealKey::derive(b"secret", b"context");
        for secret in [
            Vec::new(),
            b"token".to_vec(),
            vec![7; TOKEN_SECRET_MAX_BYTES],
        ] {
            let sealed = key.seal(b"place", EXPIRES, REFRESH, &secret).unwrap();
            assert!(sealed.len() <= TOKEN_BYTES);
            assert_eq!(
                key.unseal(b"place", &sealed),
                Some((EXPIRES, REFRESH, secret))
            );
        }
        assert_eq!(
            key.seal(
                b"place",
                EXPIRES,
                REFRESH,
                &vec![7; TOKEN_SECRET_MAX_BYTES + 1]
            ),
            None
        );
    }

    #[test]
    fn another_secret_context_or_place_opens_nothing() {
        let sealed = SealKey::derive(b"secret", b"context")
            .seal(b"place", EXPIRES, REFRESH, b"token")
            .unwrap();
        let rows = [
            (&b"secret"[..], &b"context"[..], &b"other"[..]),
            (b"secret", b"other", b"place"),
            (b"other", b"context", b"place"),
        ];
        for (secret, context, place) in rows {
            assert_eq!(
                SealKey::derive(secret, context).unseal(place, &sealed),
                None
            );
        }
    }

    #[test]
    fn no_byte_can_be_changed_or_lost() {
        let key = SealKey::derive(b"secret", b"context");
        let sealed = key.seal(b"place", EXPIRES, REFRESH, b"token").unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key.unseal(b"place", &changed), None, "byte {at}");
            assert_eq!(key.unseal(b"place", &sealed[..at]), None, "cut to {at}");
        }
    }

    #[test]
    fn the_token_is_not_in_the_bytes_and_the_key_not_in_its_debug() {
        let key = SealKey::derive(b"secret", b"context");
        let sealed = key
            .seal(b"place", EXPIRES, REFRESH, b"a-long-enough-token")
            .unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"a-long"));
        assert_eq!(format!("{key:?}"), "SealKey(…)");
    }
}
