//! TLS: rustls with ring, and whom it trusts.
//!
//! The system's roots are parsed once in a thread and only when a first `https` target comes
//! (about 5 ms); plain `http` pays nothing. After a fork they are plain memory and stay valid.
//! `ca_file` replaces them for a connection: a vendor inside the house with a CA of its own.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, SupportedProtocolVersion, WantsVerifier};

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// Whom a connection trusts, and who it says that it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Options {
    /// PEM file with the only certificates that are trusted; the system's when left out.
    pub ca_file: Option<PathBuf>,
    /// Who we are, where the peer asks (mTLS).
    pub client: Option<ClientCertificate>,
    /// The oldest version that is spoken.
    pub min_version: Version,
}

/// A certificate with its key, both in PEM files. The files are read when a first connection is
/// made; a process keeps what it read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientCertificate {
    /// The chain, the client's own certificate first.
    pub cert_file: PathBuf,
    /// PKCS #8, PKCS #1 or SEC 1, not encrypted.
    pub key_file: PathBuf,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Version {
    /// TLS 1.2 and later.
    #[default]
    Tls12,
    /// TLS 1.3 alone.
    Tls13,
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
    /// A client certificate or its key is missing, unreadable, or of another pair.
    #[error("no client certificate could be read from {path}: {reason}")]
    ClientFile {
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

/// The client configuration for these options; `protocols` are offered (ALPN).
///
/// # Errors
/// When nobody would be trusted, or the client's certificate cannot be read.
pub(crate) fn client_config(
    options: &Options,
    protocols: &[&str],
) -> Result<ClientConfig, TlsError> {
    let roots = match &options.ca_file {
        Some(path) => Arc::new(roots_of(path)?),
        None => system_roots()?,
    };
    let builder = builder(options.min_version)?.with_root_certificates(roots);
    let mut config = match &options.client {
        None => builder.with_no_client_auth(),
        Some(files) => {
            let refuse = |path: &Path, reason: String| TlsError::ClientFile {
                path: path.display().to_string(),
                reason,
            };
            let chain = CertificateDer::pem_file_iter(&files.cert_file)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|error| refuse(&files.cert_file, error.to_string()))?;
            let key = PrivateKeyDer::from_pem_file(&files.key_file)
                .map_err(|error| refuse(&files.key_file, error.to_string()))?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| refuse(&files.cert_file, error.to_string()))?
        }
    };
    config.alpn_protocols = protocols
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    Ok(config)
}

/// A configuration for engines that never speak TLS: trusts nobody, costs nothing.
///
/// # Errors
/// When rustls refuses its own defaults.
pub(crate) fn trusting_nobody() -> Result<ClientConfig, TlsError> {
    let builder = builder(Version::default())?;
    Ok(builder
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth())
}

fn builder(min_version: Version) -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, TlsError> {
    let versions: &[&SupportedProtocolVersion] = match min_version {
        Version::Tls12 => &[&TLS13, &TLS12],
        Version::Tls13 => &[&TLS13],
    };
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(versions)
        .map_err(|error| TlsError::Setup(error.to_string()))
}

/// Kept for each thread: a lock that another thread held over a fork would never be given back.
fn system_roots() -> Result<Arc<RootCertStore>, TlsError> {
    thread_local! {
        static ROOTS: RefCell<Option<Arc<RootCertStore>>> = const { RefCell::new(None) };
    }
    let roots = ROOTS.with_borrow_mut(|roots| {
        Arc::clone(roots.get_or_insert_with(|| {
            let mut store = RootCertStore::empty();
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            Arc::new(store)
        }))
    });
    if roots.is_empty() {
        Err(TlsError::NoRoots)
    } else {
        Ok(roots)
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
