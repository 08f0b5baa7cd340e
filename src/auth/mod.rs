//! Who we say we are: the `Authorization` field of each attempt.
//!
//! Basic and bearer are a secret and a format; OAuth 2.0 client credentials (RFC 6749, 4.4) keeps
//! one token for all workers of the host in the segment. Losing that token costs one request to
//! the identity provider. Secrets are read when they are needed and never kept here.

mod client_credentials;
mod options;
mod token;

pub(crate) use client_credentials::{Endpoint, Held, authorize, forget};
pub use options::{ClientCredentials, Options, Style};
pub(crate) use token::read as read_token;
