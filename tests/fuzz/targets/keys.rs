//! Keys and certificates: PEM, DER, PKCS#1, PKCS#8, SEC 1, X.509. The first byte is the algorithm.

use causeway::clock::UnixMs;
use causeway::options::{SecretRef, Value};
use causeway::signature::message_signature::{MessageSigner, MessageVerifier};
use causeway::signature::{Headers, Message, Verifier};

const ALGORITHMS: [&str; 6] = [
    "ed25519",
    "ecdsa-p256-sha256",
    "ecdsa-p384-sha384",
    "rsa-pss-sha512",
    "rsa-v1_5-sha256",
    "PS256",
];
/// Everything but the signature is good, so that the certificate is read.
const SNS: &[u8] = br#"{"Type":"Notification","MessageId":"m","TopicArn":"t","Message":"x","Timestamp":"2023-11-14T22:13:20Z","SignatureVersion":"2","Signature":"AAAA","SigningCertURL":"https://sns.us-east-2.amazonaws.com/a.pem"}"#;

thread_local! {
    static VERIFIER: Verifier =
        Verifier::new("aws-sns", &Value::map::<&str>([])).expect("the options are good");
}

/// A key is taken or refused, and no certificate makes a forgery hold.
pub(crate) fn run(data: &[u8]) {
    let Some((number, pem)) = data.split_first() else {
        return;
    };
    let algorithm = ALGORITHMS[usize::from(*number) % ALGORITHMS.len()];
    let options = |half: &str| {
        let key = [
            ("algorithm", Value::from(algorithm)),
            (half, Value::Str(pem.to_vec())),
        ];
        Value::map([("keys", Value::list([Value::map(key)]))])
    };
    let _ = MessageVerifier::new(&options("public_key"));
    let _ = MessageSigner::new(&options("private_key"));
    let headers = Headers::default();
    let message = Message {
        body: SNS,
        headers: &headers,
        method: "POST",
        url: "",
    };
    let now = UnixMs(1_700_000_000_000);
    let fetch = |_: &str| Ok(pem.to_vec());
    let found = VERIFIER.with(|v| v.verify_fetching(&message, now, &SecretRef::resolve, &fetch));
    assert!(found.is_err(), "a forgery was accepted");
}
