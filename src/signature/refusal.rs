//! Why a delivery was refused.
//!
//! One type for everything, because a sender must not learn from our answer whether the signature
//! or the time was wrong; the reason is for our own log, counter and `SignatureException::$reason`.
//! No variant carries what was sent: a header may hold a signature, a body may hold anything.

/// Why a delivery was refused. Displays without any byte of the request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A header that the scheme needs is not there.
    #[error("the header '{0}' is missing")]
    MissingHeader(&'static str),
    /// A header that the scheme needs is empty, repeated, too long or not of its grammar.
    #[error("the header '{0}' is malformed")]
    MalformedHeader(&'static str),
    /// The time is not a plain number of seconds without sign, space or leading zero.
    #[error("the timestamp is malformed")]
    MalformedTimestamp,
    /// Signed longer ago than the tolerance.
    #[error("the timestamp is too old")]
    TimestampTooOld,
    /// Signed further ahead of our clock than the tolerance.
    #[error("the timestamp lies in the future")]
    TimestampInFuture,
    /// No signature fits any secret.
    #[error("no signature matches")]
    NoMatch,
    /// The body is not what the scheme says it is.
    #[error("the body is malformed")]
    MalformedBody,
    /// Only signatures of an algorithm or version that the scheme's verifier does not take.
    #[error("the signature's algorithm is not supported")]
    UnsupportedAlgorithm,
    /// Signed, but for another account than the configured one.
    #[error("the delivery is for another account")]
    OtherAccount,
    /// The certificate that the delivery names may not be trusted.
    #[error("the certificate: {0}")]
    Certificate(&'static str),
    /// The message names no key of ours.
    #[error("the signature is under no key that is known here")]
    UnknownKey,
    /// The signature does not cover what it must.
    #[error("the signature does not cover what it must")]
    NotCovered,
    /// A covered component is not in the message, or not in a form that can be signed.
    #[error("a covered component is missing or malformed")]
    MissingComponent,
    /// The content is not what its digest says.
    #[error("the content is not what its digest says")]
    DigestMismatch,
    /// No verdict: the scheme signs the URL, and the caller gave none, or one that no sender can
    /// have called. The sender should repeat later.
    #[error("the scheme signs the URL, and the verifier was given none")]
    MissingUrl,
    /// No verdict: nothing matched, and a secret by reference could not be read. Names the
    /// reference, never a value. The sender should repeat later.
    #[error("a secret could not be read: {0}")]
    SecretUnavailable(String),
}

impl Refusal {
    /// The machine-readable reason.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::MissingHeader(_) => "missing_header",
            Self::MalformedHeader(_) => "malformed_header",
            Self::MalformedTimestamp => "malformed_timestamp",
            Self::TimestampTooOld => "timestamp_too_old",
            Self::TimestampInFuture => "timestamp_in_future",
            Self::NoMatch => "no_match",
            Self::MalformedBody => "malformed_body",
            Self::UnsupportedAlgorithm => "unsupported_algorithm",
            Self::OtherAccount => "other_account",
            Self::Certificate(_) => "certificate",
            Self::UnknownKey => "unknown_key",
            Self::NotCovered => "not_covered",
            Self::MissingComponent => "missing_component",
            Self::DigestMismatch => "digest_mismatch",
            Self::MissingUrl => "missing_url",
            Self::SecretUnavailable(_) => "secret_unavailable",
        }
    }

    /// The HTTP status to answer with: 400 for what is not of the scheme's form, 401 for what
    /// proves nothing, 503 where there is no verdict and the sender should repeat.
    pub fn status(&self) -> u16 {
        match self {
            Self::MissingHeader(_)
            | Self::MalformedHeader(_)
            | Self::MalformedTimestamp
            | Self::MissingComponent
            | Self::MalformedBody => 400,
            Self::TimestampTooOld
            | Self::TimestampInFuture
            | Self::NoMatch
            | Self::UnsupportedAlgorithm
            | Self::Certificate(_)
            | Self::UnknownKey
            | Self::NotCovered
            | Self::DigestMismatch
            | Self::OtherAccount => 401,
            Self::MissingUrl | Self::SecretUnavailable(_) => 503,
        }
    }
}
