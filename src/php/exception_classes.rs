//! The exception classes: names, parents and properties in one table, registered by hand.
//!
//! They carry no Rust payload: with one, PHP's own file, line, trace and previous would be lost.
//! They are registered in MINIT before the other classes.

use std::sync::atomic::{AtomicPtr, Ordering};

use ext_php_rs::builders::ClassBuilder;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::zend::{ClassEntry, ce};

use super::raw::{self, PropertyType};

static MARKER: AtomicPtr<ClassEntry> = AtomicPtr::new(std::ptr::null_mut());

type Properties = &'static [(&'static str, PropertyType)];

const NONE: Properties = &[];
const OF_OPTIONS: Properties = &[("field", PropertyType::Text)];
const OF_REASON: Properties = &[("reason", PropertyType::Text)];
const OF_STATUS: Properties = &[("response", PropertyType::Any)];
const OF_CALL: Properties = &[
    ("connection", PropertyType::Text),
    ("sent", PropertyType::Text),
    ("attempts", PropertyType::Int),
    ("elapsedMs", PropertyType::Int),
    ("status", PropertyType::NullableInt),
    ("retryAfterMs", PropertyType::NullableInt),
    ("correlationId", PropertyType::Text),
];

macro_rules! exception_classes {
    ($($(#[doc = $doc:literal])+ $variant:ident, $name:literal, $parent:expr, $marked:literal, $properties:expr;)+) => {
        /// Every exception class of the extension.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum ExceptionClass {
            $($(#[doc = $doc])+ $variant,)+
        }

        #[expect(non_upper_case_globals, reason = "one static for each variant, of the same name")]
        mod entries {
            use super::{AtomicPtr, ClassEntry};
            $(pub(super) static $variant: AtomicPtr<ClassEntry> = AtomicPtr::new(std::ptr::null_mut());)+
        }

        impl ExceptionClass {
            /// The registered class; `\Exception` before MINIT, which nothing asks for.
            pub(super) fn entry(self) -> &'static ClassEntry {
                match self {
                    $(Self::$variant => registered(&entries::$variant),)+
                }
            }
        }

        /// Registers the marker interface and all classes, parents first. In MINIT.
        pub(super) fn register() -> ext_php_rs::error::Result<()> {
            register_marker()?;
            $({
                let builder = ClassBuilder::new(concat!("Causeway\\Exception\\", $name))
                    .extends(($parent, ""))
                    .registration(|ce, args| {
                        for (name, ty) in $properties {
                            raw::declare_property(ce, name, *ty);
                        }
                        entries::$variant.store(ce, Ordering::Release);
                        std::mem::forget(args);
                    });
                let builder = if $marked { builder.implements((marker, "")) } else { builder };
                builder.register()?;
            })+
            Ok(())
        }
    };
}

exception_classes! {
    /// A bad option.
    Options, "OptionsException", raw::invalid_argument_exception, true, OF_OPTIONS;
    /// A call without a usable answer.
    Call, "CallException", raw::runtime_exception, true, OF_CALL;
    /// No connection.
    Connect, "ConnectException", call, false, NONE;
    /// The connection broke.
    Network, "NetworkException", call, false, NONE;
    /// Time ran out.
    Timeout, "TimeoutException", call, false, NONE;
    /// A status of 400 or more.
    Status, "StatusException", call, false, OF_STATUS;
    /// The breaker is open.
    BreakerOpen, "BreakerOpenException", call, false, NONE;
    /// The connection is switched off.
    Paused, "PausedException", call, false, NONE;
    /// Come back later.
    Throttled, "ThrottledException", call, false, NONE;
    /// No token.
    Auth, "AuthException", call, false, NONE;
    /// The address is not allowed.
    AddressRefused, "AddressRefusedException", call, false, NONE;
    /// A cap was exceeded.
    Limit, "LimitException", call, false, NONE;
    /// The wait was ended by PHP's time limit. Handlers of signals run during a wait; what one
    /// throws ends it and comes out as it is.
    Interrupted, "InterruptedException", call, false, NONE;
    /// A test's fake has no rule for a request.
    Stray, "StrayRequestException", raw::logic_exception, true, OF_CALL;
    /// A webhook was refused.
    Signature, "SignatureException", raw::runtime_exception, true, OF_REASON;
    /// The store could not do it.
    Store, "StoreException", raw::runtime_exception, true, OF_REASON;
    /// The lease is lost.
    LeaseLost, "LeaseLostException", raw::runtime_exception, true, NONE;
    /// Another worker holds the event.
    InProgress, "InProgressException", raw::runtime_exception, true, NONE;
    /// The same id with another payload.
    Conflict, "ConflictException", raw::runtime_exception, true, NONE;
    /// The event is in the dead letters.
    DeadLetter, "DeadLetterException", raw::runtime_exception, true, NONE;
    /// No snapshot.
    SnapshotMissing, "SnapshotMissingException", raw::runtime_exception, true, NONE;
}

fn call() -> &'static ClassEntry {
    ExceptionClass::Call.entry()
}

fn marker() -> &'static ClassEntry {
    registered(&MARKER)
}

fn registered(entry: &AtomicPtr<ClassEntry>) -> &'static ClassEntry {
    raw::class_entry(entry).unwrap_or_else(ce::exception)
}

fn register_marker() -> ext_php_rs::error::Result<()> {
    ClassBuilder::new("Causeway\\Exception\\CausewayException")
        .flags(ClassFlags::Interface)
        .implements((ce::throwable, "\\Throwable"))
        .registration(|ce, args| {
            MARKER.store(ce, Ordering::Release);
            std::mem::forget(args);
        })
        .register()
}
