//! What was already done: the ledger, its claims, the inbox on top of it, and the switch.
//!
//! A webhook, or any event with an id, has one row in the store for each (source, event id). Who
//! may work on it, what a duplicate is told and when an event is given up is decided by the pure
//! functions of [`decide`]; [`Ledger`] and [`Claim`] read the row, ask, and write the answer with
//! a compare-and-replace on the row's version. The rules are those of
//! the IETF idempotency-key draft, Stripe and Brandur's pattern; see each file.
//!
//! Exactly once holds for effects that are written in the transaction that completes the claim;
//! for all others it is at least once, with a fencing token and a derived key.

mod catch_up;
mod claim;
pub mod decide;
mod error;
mod inbox;
pub(crate) mod ledger;
mod outbox;
#[doc(hidden)]
pub mod parsers;
mod receipt;
mod switch;
mod upkeep;
pub mod worker;

pub use crate::snapshot::Invalidate;
pub use claim::{Claim, ClaimStatus};
pub use error::LedgerError;
pub use inbox::{
    About, Effect, EventView, Inbox, InboxEvent, InboxOptions, PayloadError, Processed,
};
pub use ledger::{DeadLetter, Ledger, LedgerCounts, LedgerOptions, Recorded};
pub use outbox::{
    DeadWrite, Outbox, OutboxCounts, OutboxError, OutboxOptions, Relayed, SendOptions, Unsure,
};
pub use receipt::{Receipt, Verdict};
pub use switch::{SwitchState, Switches};
pub use upkeep::ReplayFilter;
