//! TLS: rustls with ring, and whom it trusts.
//!
//! The system's roots are parsed once in a process and only when a first `https` target comes
//! (about 5 ms); plain `http` pays nothing. After a fork they are plain memory and stay valid.
//! `ca_file` replaces them for a connection: a vendor inside the house with a CA of its own.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// Whom a connection trusts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Options {
    /// PEM file with the only certificates that are trusted; the system's when left out.
    pub ca_file: Option<PathBuf>,
}

/// TLS cannot be set up.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TlsError {
    /// The file is missing, unreadable, or holds no certificate.
    #[error("no certificate could be read from the CA file {path}: {reason}")]
    CaFile {
        /// Which file.
        path: String,
        /// Why.
        reason: String,
    },
    /// The system has none.
    #[error("no root certificates were found on this system")]
    NoRoots,
    /// rustls refused its own defaults.
    #[error("TLS could not be set up: {0}")]
    Setup(String),
}

/// The client configuration for these options.
///
/// # Errors
/// When nobody would be trusted.
pub(crate) fn client_config(options: &Options) -> Result<ClientConfig, TlsError> {
    let roots = match &options.ca_file {
        Some(path) => Arc::new(roots_of(path)?),
        None => system_roots()?,
    };
    with_roots(roots)
}

/// A configuration for engines that never speak TLS: trusts nobody, costs nothing.
///
/// # Errors
/// When rustls refuses its own defaults.
pub(crate) fn trusting_nobody() -> Result<ClientConfig, TlsError> {
    with_roots(Arc::new(RootCertStore::empty()))
}

fn with_roots(roots: Arc<RootCertStore>) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::Setup(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn system_roots() -> Result<Arc<RootCertStore>, TlsError> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let roots = ROOTS.get_or_init(|| {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Arc::new(store)
    });
    if roots.is_empty() {
        Err(TlsError::NoRoots)
    } else {
        Ok(Arc::clone(roots))
    }
}

fn roots_of(path: &PathBuf) -> Result<RootCertStore, TlsError> {
    let refuse = |reason: String| TlsError::CaFile {
        path: path.display().to_string(),
        reason,
    };
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|e| refuse(e.to_string()))? {
        let certificate = certificate.map_err(|e| refuse(e.to_string()))?;
        store.add(certificate).map_err(|e| refuse(e.to_string()))?;
    }
    if store.is_empty() {
        Err(refuse("it holds none".to_owned()))
    } else {
        Ok(store)
    }
}

#[cfg(test)]
mod tests;
