//! What a fake vendor can do wrong, and in which phase of an exchange.
//!
//! The phases decide what is known afterwards, and so what the policies may do: before a request
//! left (`sent` is no), after it left and before the head of an answer (maybe), and after the head
//! (yes). What each fault becomes in a caller's hands stands in `http`, where the same table holds
//! for real sockets.

/// How far an exchange came before it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// No request left.
    Connecting,
    /// The request left; nothing of an answer is known.
    Head,
    /// The head of an answer came.
    Body,
}

/// A fault of a fake vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The port refuses connections.
    Refused,
    /// The name does not resolve.
    Dns,
    /// The TLS handshake fails.
    Tls,
    /// Nobody answers the attempt to connect; takes the connection's connect timeout.
    ConnectTimeout,
    /// The connection ends without a byte of an answer.
    Closed,
    /// The connection is reset without a byte of an answer.
    Reset,
    /// The request is read and never answered; takes the attempt's timeout.
    Hang,
    /// What comes is no HTTP.
    Garbled,
    /// The head does not end.
    EndlessHead,
    /// The body ends before its length.
    HalfBody,
    /// The connection is reset in the body.
    ResetInBody,
    /// The body stops coming; takes the rest of the attempt's timeout.
    StalledBody,
    /// The body does not end: the connection's cap stops it.
    EndlessBody,
}

impl Fault {
    /// All there are.
    pub const ALL: [Self; 13] = [
        Self::Refused,
        Self::Dns,
        Self::Tls,
        Self::ConnectTimeout,
        Self::Closed,
        Self::Reset,
        Self::Hang,
        Self::Garbled,
        Self::EndlessHead,
        Self::HalfBody,
        Self::ResetInBody,
        Self::StalledBody,
        Self::EndlessBody,
    ];

    /// How far the exchange comes.
    pub const fn phase(self) -> Phase {
        match self {
            Self::Refused | Self::Dns | Self::Tls | Self::ConnectTimeout => Phase::Connecting,
            Self::Closed | Self::Reset | Self::Hang | Self::Garbled | Self::EndlessHead => {
                Phase::Head
            }
            Self::HalfBody | Self::ResetInBody | Self::StalledBody | Self::EndlessBody => {
                Phase::Body
            }
        }
    }

    /// Its name, for a log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Dns => "dns",
            Self::Tls => "tls",
            Self::ConnectTimeout => "connect_timeout",
            Self::Closed => "closed",
            Self::Reset => "reset",
            Self::Hang => "hang",
            Self::Garbled => "garbled",
            Self::EndlessHead => "endless_head",
            Self::HalfBody => "half_body",
            Self::ResetInBody => "reset_in_body",
            Self::StalledBody => "stalled_body",
            Self::EndlessBody => "endless_body",
        }
    }
}
