//! Against a TLS server in this process. Its key and certificate are made for this test alone, by
//! a CA whose key was thrown away; both names are loopback's.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::version::{TLS12, TLS13};
use rustls::{
    DigitallySignedStruct, DistinguishedName, ServerConfig, ServerConnection, SignatureScheme,
    Stream, SupportedProtocolVersion,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};

use crate::http::{CallError, CallErrorKind, Client, NoHost, Request, Sent};
use crate::options::{Plan, Value};
use crate::segment::Segment;

/// Takes whatever certificate a client shows: whether it is shown and proven is the test.
#[derive(Debug)]
struct TakesAny(Arc<CryptoProvider>);

impl ClientCertVerifier for TakesAny {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

fn server(address: &str) -> String {
    server_of(address, &[&TLS13, &TLS12], false)
}

fn server_of(
    address: &str,
    versions: &[&'static SupportedProtocolVersion],
    wants_client: bool,
) -> String {
    let chain = vec![CertificateDer::from_pem_slice(include_bytes!("testdata/leaf.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("testdata/leaf.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .unwrap();
    let builder = if wants_client {
        builder.with_client_cert_verifier(Arc::new(TakesAny(provider)))
    } else {
        builder.with_no_client_auth()
    };
    let config = builder.with_single_cert(chain, key).unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind((address, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut socket = socket.unwrap();
            let mut stream = Stream::new(&mut connection, &mut socket);
            // A client that distrusts us ends the handshake: the read fails.
            if stream.read(&mut [0; 4096]).is_ok() {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
            }
        }
    });
    format!("https://{address}/")
}

fn get(base: &str, ca_file: Option<&Path>) -> Result<u16, CallError> {
    let tls = ca_file.map(|path| ("ca_file", Value::from(path.to_str().unwrap())));
    get_with(base, tls.into_iter().collect())
}

fn get_with(base: &str, tls: Vec<(&str, Value)>) -> Result<u16, CallError> {
    let mut options = vec![
        ("base_uri", Value::from(base)),
        (
            "address",
            Value::map([("allow_private", Value::from(true))]),
        ),
        ("retry", Value::map([("max_attempts", Value::from(1))])),
    ];
    if !tls.is_empty() {
        options.push(("tls", Value::map(tls)));
    }
    let plan = Plan::parse("catalog", &Value::map(options)).unwrap();
    let segment: &'static Segment = Box::leak(Box::new(Segment::in_process()));
    let client = Client::with_segment(plan, segment);
    client
        .call(&Request::new(http::Method::GET, "x"), &NoHost)
        .map(|answer| answer.status)
}

fn ca_file() -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(include_bytes!("testdata/ca.pem")).unwrap();
    file
}

#[test]
fn a_ca_of_the_house_is_trusted_by_address_and_by_name() {
    let (base, ca) = (server("127.0.0.1"), ca_file());
    assert_eq!(get(&base, Some(ca.path())).unwrap(), 200);
    let by_name = base.replace("127.0.0.1", "localhost");
    assert_eq!(get(&by_name, Some(ca.path())).unwrap(), 200);
}

#[test]
fn a_certificate_for_another_name_is_not_taken() {
    let ca = ca_file();
    let error = get(&server("127.0.0.2"), Some(ca.path())).unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Connect), "{error:?}");
    assert!(error.message.contains("not valid for name"), "{error}");
}

#[test]
fn an_unknown_ca_is_no_connection_and_nothing_was_sent() {
    let error = get(&server("127.0.0.1"), None).unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Connect), "{error:?}");
    assert!(error.message.contains("UnknownIssuer"), "{error}");
    assert_eq!(error.sent, Sent::No);
}

#[test]
fn a_file_without_certificates_is_named() {
    let empty = tempfile::NamedTempFile::new().unwrap();
    let error = get("https://127.0.0.1:9/", Some(empty.path())).unwrap_err();
    assert!(error.message.contains("it holds none"), "{error}");
}

#[test]
fn a_client_certificate_is_shown_and_proven_where_it_is_asked_for() {
    let (base, ca) = (server_of("127.0.0.1", &[&TLS13, &TLS12], true), ca_file());
    let trust = || ("ca_file", Value::from(ca.path().to_str().unwrap()));
    let mut both = tempfile::NamedTempFile::new().unwrap();
    both.write_all(include_bytes!("testdata/leaf.pem")).unwrap();
    both.write_all(include_bytes!("testdata/leaf.key")).unwrap();
    let certificate = ("cert_file", Value::from(both.path().to_str().unwrap()));
    assert_eq!(get_with(&base, vec![trust(), certificate]).unwrap(), 200);
    let error = get_with(&base, vec![trust()]).unwrap_err();
    assert!(
        matches!(error.kind, CallErrorKind::Connect | CallErrorKind::Network),
        "{error:?}"
    );
    let missing = ("cert_file", Value::from("/nonexistent/client.pem"));
    let error = get_with(&base, vec![trust(), missing]).unwrap_err();
    assert!(error.message.contains("/nonexistent/client.pem"), "{error}");
    assert_eq!(error.sent, Sent::No);
}

#[test]
fn a_peer_that_only_speaks_an_older_version_is_no_connection() {
    let (base, ca) = (server_of("127.0.0.1", &[&TLS12], false), ca_file());
    let trust = || ("ca_file", Value::from(ca.path().to_str().unwrap()));
    let newer = ("min_version", Value::from("1.3"));
    assert_eq!(get_with(&base, vec![trust()]).unwrap(), 200);
    let error = get_with(&base, vec![trust(), newer]).unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Connect), "{error:?}");
    assert_eq!(error.sent, Sent::No);
}
