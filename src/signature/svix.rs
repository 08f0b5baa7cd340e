//! Svix: <https://docs.svix.com/receiving/verifying-payloads/how-manual>.
//!
//! Standard Webhooks under Svix's own header names: `svix-id`, `svix-timestamp`, `svix-signature`.
//! Svix also sends them as `webhook-*`; these are read only where no `svix-*` is there, and the two
//! sets are never mixed. Signed bytes, keys, window and id as in `standard_webhooks.rs`.

use super::algorithm::{Algorithm, Key};
use super::scheme::{Presented, Scheme, Window};
use super::standard_webhooks::{self as standard, NAMES, Names};
use super::{Message, Refusal};

const SVIX: Names = Names {
    id: "svix-id",
    timestamp: "svix-timestamp",
    signature: "svix-signature",
};

/// The scheme `svix`.
pub(crate) struct Svix;

impl Scheme for Svix {
    fn name(&self) -> &'static str {
        "svix"
    }

    fn window(&self) -> Window {
        Window::DefaultS(300)
    }

    fn secret_bytes(&self, written: &[u8]) -> Option<Vec<u8>> {
        standard::secret_bytes(written)
    }

    fn public_algorithm(&self) -> Option<Algorithm> {
        Some(Algorithm::Ed25519)
    }

    fn public_key(&self, written: &[u8]) -> Option<Key> {
        standard::public_key(written)
    }

    fn read<'m>(&'m self, message: &Message<'m>) -> Result<Presented<'m>, Refusal> {
        standard::read(names(message), message)
    }
}

fn names(message: &Message<'_>) -> &'static Names {
    let has = |name| message.headers.all(name).next().is_some();
    let is_svix = has(SVIX.id) || has(SVIX.timestamp) || has(SVIX.signature);
    if is_svix { &SVIX } else { &NAMES }
}
