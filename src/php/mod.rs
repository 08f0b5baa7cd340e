//! The binding: one file for each PHP class, arguments in, results out, nothing else.
//!
//! Rules that hold here: methods take `&self`; no borrow, lock, transaction of ours or
//! `block_on` spans a call into PHP; no PHP closure is kept in a Rust object beyond its call
//! (but a secrets' resolver, until the end of the request).

mod arguments;
mod backfill;
mod body;
mod body_chunks;
mod body_state;
mod call_host;
mod callbacks;
mod claim;
mod client;
mod connection;
mod delivery;
mod digest;
mod durable;
mod event;
mod event_stream;
mod exception_classes;
mod exit;
mod headers;
mod host;
mod http_message;
mod inbox;
mod ini;
mod iteration;
mod ledger;
mod lifecycle;
mod many;
mod message_signature;
mod message_signer;
mod message_verifier;
mod metrics;
mod outbox;
mod pages;
mod pending_call;
mod php_store;
mod policy_breaker;
mod policy_guard;
mod policy_rate_limit;
mod policy_retry_after;
mod raw;
mod receipt;
mod reconcile;
mod record;
mod redis_store;
mod reply;
mod request;
mod response;
mod secret;
mod sending;
mod server_sent_event;
mod signals;
mod signer;
mod sink;
mod snapshot;
mod snapshots;
mod source;
mod sqlite_store;
mod step;
mod store_calls;
mod store_interface;
mod switches;
mod testing_clock;
mod testing_fake;
mod testing_fault;
mod testing_rule;
mod testing_sent;
mod throw;
mod value;
mod verifier;
mod worker;
mod worker_signals;

use ext_php_rs::prelude::*;

use lifecycle::{request_shutdown, shutdown, startup};

/// What PHP asks a module for.
#[php_module]
#[php(startup = "startup")]
pub fn get_module(module: ModuleBuilder) -> ModuleBuilder {
    module
        .name("causeway")
        .version(env!("CARGO_PKG_VERSION"))
        .request_shutdown_function(request_shutdown)
        .shutdown_function(shutdown)
        .interface::<store_interface::PhpInterfaceStoreInterface>()
        .class::<client::PhpClient>()
        .class::<response::PhpResponse>()
        .class::<body::PhpBody>()
        .class::<body_chunks::PhpBodyChunks>()
        .class::<event_stream::PhpEventStream>()
        .class::<server_sent_event::PhpServerSentEvent>()
        .class::<pending_call::PhpPendingCall>()
        .class::<pages::PhpPages>()
        .class::<secret::PhpSecret>()
        .class::<sqlite_store::PhpSqliteStore>()
        .class::<redis_store::PhpRedisStore>()
        .class::<ledger::PhpLedger>()
        .class::<claim::PhpClaim>()
        .class::<inbox::PhpInbox>()
        .class::<outbox::PhpOutbox>()
        .class::<worker::PhpWorker>()
        .class::<receipt::PhpReceipt>()
        .class::<snapshots::PhpSnapshots>()
        .class::<snapshot::PhpSnapshot>()
        .class::<backfill::PhpBackfill>()
        .class::<reconcile::PhpReconcile>()
        .class::<switches::PhpSwitches>()
        .class::<metrics::PhpMetrics>()
        .class::<verifier::PhpVerifier>()
        .class::<delivery::PhpDelivery>()
        .class::<reply::PhpReply>()
        .class::<event::PhpEvent>()
        .class::<signer::PhpSigner>()
        .class::<message_signer::PhpMessageSigner>()
        .class::<message_verifier::PhpMessageVerifier>()
        .class::<message_signature::PhpMessageSignature>()
        .class::<digest::PhpDigest>()
        .class::<policy_breaker::PhpBreaker>()
        .class::<policy_guard::PhpGuard>()
        .class::<policy_rate_limit::PhpRateLimit>()
        .class::<policy_retry_after::PhpRetryAfter>()
        .class::<testing_clock::PhpClock>()
        .class::<testing_fault::PhpFault>()
        .class::<testing_sent::PhpSentRequest>()
        .class::<testing_rule::PhpRule>()
        .class::<testing_fake::PhpFake>()
        .class::<step::PhpStep>()
}
