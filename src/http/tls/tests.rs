//! Against a TLS server in this process. Its key and certificate are made for this test alone, by
//! a CA whose key was thrown away; both names are loopback's.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use rustls::{ServerConfig, ServerConnection, Stream};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::http::{CallError, CallErrorKind, Client, NoHost, Request, Sent};
use crate::options::{Plan, Value};
use crate::segment::Segment;

fn server(address: &str) -> String {
    let chain = vec![CertificateDer::from_pem_slice(include_bytes!("testdata/leaf.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("testdata/leaf.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
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
    let mut options = vec![
        ("base_uri", Value::from(base)),
        (
            "address",
            Value::map([("allow_private", Value::from(true))]),
        ),
        ("retry", Value::map([("max_attempts", Value::from(1))])),
    ];
    if let Some(path) = ca_file {
        options.push((
            "tls",
            Value::map([("ca_file", Value::from(path.to_str().unwrap()))]),
        ));
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
