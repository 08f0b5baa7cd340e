//! `Causeway\Inbox`: webhooks in.

use std::rc::Rc;

use ext_php_rs::binary_slice::BinarySlice;
use ext_php_rs::boxed::ZBox;
use ext_php_rs::convert::IntoZval;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendCallable, ZendClassObject, ZendHashTable, Zval};

use super::client::PhpClient;
use super::connection::Connection;
use super::event::PhpEvent;
use super::ledger::PhpLedger;
use super::receipt::PhpReceipt;
use super::snapshots::snapshots_of;
use super::{callbacks, durable, headers, throw, value};
use crate::clock;
use crate::http::certificates;
use crate::idempotency::{Effect, EventView, Inbox, InboxEvent, InboxOptions};
use crate::options::{OptionError, Source};
use crate::signature::{Event, Message, Verifier};
use crate::snapshot::Invalidate;
use crate::store::CallbackError;

/// Webhooks in: verified, recorded, processed later. The connection's `webhook` option says how
/// deliveries are verified and which entity an event names.
#[php_class]
#[php(name = "Causeway\\Inbox", flags = ClassFlags::Final)]
pub struct PhpInbox {
    connection: Rc<Connection>,
    verifier: Verifier,
    inbox: Inbox,
}

#[php_impl]
impl PhpInbox {
    /// The inbox of this connection, in its store.
    ///
    /// @param array<string, mixed>|null $options
    ///   The ledger's: lease_ms, max_attempts, base_delay_ms, max_delay_ms.
    ///
    /// @throws \Causeway\Exception\OptionsException
    ///   When the client has no store, or the connection no `webhook` option.
    pub fn __construct(client: &PhpClient, options: Option<&ZendHashTable>) -> PhpResult<Self> {
        let connection = Rc::clone(client.connection());
        let plan = connection.client.plan();
        let refuse = |error: &OptionError| throw::options(&plan.name, error);
        let webhook = plan
            .webhook
            .as_ref()
            .ok_or_else(|| refuse(&OptionError::new("webhook", "nothing", "set, for an inbox")))?;
        let verifier = Verifier::at("webhook", &webhook.scheme, &webhook.options, Source::Code)
            .map_err(|error| refuse(&error))?;
        let options = durable::ledger_options(&plan.name, options)?;
        let options = InboxOptions::of(webhook, options);
        let snapshots = snapshots_of(&connection, "Inbox")?;
        let inbox = Inbox::new(snapshots, &plan.namespace, options);
        Ok(Self {
            connection,
            verifier,
            inbox,
        })
    }

    /// Verifies a delivery and records its events. Never throws for what a sender did: the
    /// receipt says what to answer. A certificate that aws-sns or paypal names is fetched from its
    /// pinned host and kept for an hour.
    ///
    /// @param array<string, mixed>|object $headers
    ///   In any shape that PHP has them: 'Name' => 'value', 'name' => ['value'], $_SERVER, a PSR-7
    ///   message, or a bag with all() such as Symfony's.
    #[php(name = "receive", defaults(method = "\"POST\"", url = "\"\""))]
    pub fn receive(
        &self,
        body: BinarySlice<u8>,
        headers: &Zval,
        method: &str,
        url: &str,
    ) -> PhpResult<PhpReceipt> {
        let headers = headers::of(headers)?;
        let message = Message {
            body: &body,
            headers: &headers,
            method,
            url,
        };
        let host = &self.connection.host;
        let fetch = |url: &str| certificates::fetch(url, host);
        let now = clock::unix();
        let receipt = self
            .inbox
            .receive_fetching(&self.verifier, &message, now, &fetch);
        Ok(PhpReceipt::new(receipt))
    }

    /// Processes up to $limit events that are due. For each: claims it, fetches the entity anew by
    /// its id, replaces the snapshot and marks the event done in one transaction, then invalidates.
    ///
    /// @param callable(list<string>): void|null $invalidate
    ///   Gets the cache tags of what changed, after the commit.
    /// @param callable(\Causeway\Webhook\Event, ?array): void|null $effect
    ///   Runs inside the transaction, with the event and the fetched entity (NULL when it is
    ///   gone). What it throws rolls the event back and counts as a failed attempt.
    ///
    /// @return array{processed: int, failed: int, deferred: int, dead: int}
    #[php(name = "process", defaults(limit = 50))]
    #[php(optional = limit)]
    pub fn process(
        &self,
        limit: i64,
        invalidate: Option<ZendCallable<'_>>,
        effect: Option<ZendCallable<'_>>,
    ) -> PhpResult<ZBox<ZendHashTable>> {
        let mut invalidate = invalidate
            .map(|callable| move |tags: &[String]| callbacks::invalidate(&callable, tags));
        let mut effect = effect.map(|callable| {
            move |event: &InboxEvent, json: Option<&[u8]>| apply(&callable, event, json)
        });
        let processed = self.inbox.process(
            &self.connection.fetcher(),
            usize::try_from(limit).unwrap_or(0),
            invalidate
                .as_mut()
                .map(|callback| callback as &mut Invalidate<'_>),
            effect.as_mut().map(|callback| callback as &mut Effect<'_>),
        );
        let processed = processed.map_err(durable::ledger_error)?;
        let count = |count: usize| value::int(i64::try_from(count).unwrap_or(i64::MAX));
        value::record([
            ("processed", count(processed.processed)),
            ("failed", count(processed.failed)),
            ("deferred", count(processed.deferred)),
            ("dead", count(processed.dead)),
        ])
    }

    /// An event as it stands, for people to look at; NULL when there is none of this id. Fields of
    /// the option webhook.redact are replaced in the payload, whoever looks.
    ///
    /// @return array{
    ///   id: string, state: string, type: ?string, time_ms: ?int, received_at_ms: int,
    ///   updated_at_ms: int, attempts: int, error: string, payload: string
    /// }|null
    #[php(name = "event")]
    pub fn event(&self, eventId: &str) -> PhpResult<Option<ZBox<ZendHashTable>>> {
        let view = self.inbox.look_at(eventId).map_err(throw::store)?;
        view.as_ref().map(view_to_php).transpose()
    }

    /// The ledger behind it: counts, dead letters, replay.
    #[php(name = "ledger")]
    pub fn ledger(&self) -> PhpLedger {
        PhpLedger::new(self.inbox.ledger().clone())
    }
}

fn view_to_php(view: &EventView) -> PhpResult<ZBox<ZendHashTable>> {
    let text = |text: &str| value::bytes(text.as_bytes());
    value::record([
        ("id", text(&view.id)),
        ("state", text(&view.state)),
        ("type", value::optional_text(view.kind.as_deref())),
        ("time_ms", view.time_ms.map_or_else(Zval::null, value::int)),
        ("received_at_ms", value::int(view.received_at_ms)),
        ("updated_at_ms", value::int(view.updated_at_ms)),
        ("attempts", value::int(view.attempts)),
        ("error", text(&view.error)),
        ("payload", text(&view.payload)),
    ])
}

fn apply(
    callable: &ZendCallable<'_>,
    event: &InboxEvent,
    json: Option<&[u8]>,
) -> Result<(), CallbackError> {
    let failed = |_| CallbackError::new("the event could not be handed to PHP");
    let entity = json.map_or_else(|| Ok(Zval::null()), |json| value::json_decode(json, 512));
    let entity = entity.map_err(failed)?;
    let event = Event::new(event.source.clone(), event.id.as_str(), &event.payload)
        .with_kind(event.kind.as_deref())
        .with_time_ms(event.time_ms);
    let event = ZendClassObject::new(PhpEvent::new(event)).into_zval(false);
    let event = event.map_err(|_| failed(ext_php_rs::exception::PhpException::from("")))?;
    callbacks::call(callable, vec![&event, &entity]).map(|_| ())
}
