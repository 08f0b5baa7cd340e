//! What an inbox does with its events.

use crate::idempotency::LedgerOptions;
use crate::options::{Embedded, PayloadKey, Refetch, Webhook};

/// Where the entity that an event is about comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// Nowhere: the effect alone counts.
    Nothing,
    /// The vendor is asked for it.
    Fetched(Refetch),
    /// The event holds it.
    Embedded(Embedded),
}

/// What an inbox does with its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxOptions {
    /// Where the entity comes from.
    pub about: About,
    /// How claims are held and events given up.
    pub ledger: LedgerOptions,
    /// The keys of payloads, the one that seals first.
    pub keys: Vec<PayloadKey>,
    /// JSON pointers to what is never shown.
    pub redact: Vec<String>,
    /// So many events may wait.
    pub max_waiting: usize,
}

impl InboxOptions {
    /// What a connection's `webhook` option says.
    pub fn of(webhook: &Webhook, ledger: LedgerOptions) -> Self {
        let about = match (&webhook.refetch, &webhook.embedded) {
            (Some(refetch), _) => About::Fetched(refetch.clone()),
            (None, Some(embedded)) => About::Embedded(embedded.clone()),
            (None, None) => About::Nothing,
        };
        Self {
            about,
            ledger,
            keys: webhook.encrypt.clone(),
            redact: webhook.redact.clone(),
            max_waiting: webhook.max_waiting,
        }
    }
}
