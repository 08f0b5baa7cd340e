//! RFC 9421's own examples (its appendix B keys and messages), every algorithm both ways, and what
//! must be refused.

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::Value as Json;

use super::super::{Refusal, der, digest};
use super::*;
use crate::clock::UnixMs;
use crate::options::{SecretRef, Value};

const CREATED: UnixMs = UnixMs(1_618_884_473_000);
const BODY: &[u8] = br#"{"hello": "world"}"#;
const URL: &str = "https://example.com/foo?param=Value&Pet=dog";

fn examples() -> Json {
    serde_json::from_str(include_str!("../testdata/rfc9421.json")).unwrap()
}

fn key(name: &str, half: &str) -> String {
    examples()["keys"][name][half].as_str().unwrap().to_owned()
}

fn map(entries: &[(&str, Value)]) -> Value {
    Value::map(entries.iter().map(|(k, v)| (*k, v.clone())))
}

fn texts(items: &[&str]) -> Value {
    Value::list(items.iter().map(|item| Value::from(*item)))
}

fn one_key(entries: &[(&str, &str)]) -> Value {
    let entries: Vec<_> = entries.iter().map(|(k, v)| (*k, Value::from(*v))).collect();
    Value::list([map(&entries)])
}

fn hmac_keys() -> Value {
    one_key(&[
        ("algorithm", "hmac-sha256"),
        ("secret", "k"),
        ("keyid", "a"),
    ])
}

fn request<'m>(headers: &'m Headers<'m>, url: &'m str) -> HttpMessage<'m> {
    HttpMessage::Request(Message {
        body: BODY,
        headers,
        method: "POST",
        url,
    })
}

fn signed(options: &Value, message: &HttpMessage<'_>) -> Vec<(String, String)> {
    let signer = MessageSigner::new(options).unwrap();
    signer
        .sign(message, CREATED, &SecretRef::resolve, None)
        .unwrap()
}

fn verify(
    options: &Value,
    fields: &[(String, String)],
    now: UnixMs,
) -> Result<MessageSignature, Refusal> {
    verify_at(options, fields, now, URL, BODY)
}

fn verify_at(
    options: &Value,
    fields: &[(String, String)],
    now: UnixMs,
    url: &str,
    body: &[u8],
) -> Result<MessageSignature, Refusal> {
    let headers = Headers::new(fields.iter().map(|(n, v)| (n.as_str(), v.as_str())));
    let message = HttpMessage::Request(Message {
        body,
        headers: &headers,
        method: "POST",
        url,
    });
    let verifier = MessageVerifier::new(options).unwrap();
    verifier.verify(&message, now, &SecretRef::resolve)
}

fn p384() -> (String, String) {
    use base64::Engine as _;
    let pem = |label: &str, der: &[u8]| {
        let text = base64::engine::general_purpose::STANDARD.encode(der);
        format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
    };
    let random = SystemRandom::new();
    let rule = &ECDSA_P384_SHA384_FIXED_SIGNING;
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(rule, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(rule, pkcs8.as_ref(), &random).unwrap();
    let point = ring::signature::KeyPair::public_key(&pair)
        .as_ref()
        .to_vec();
    let info = [
        &[0x30, 0x76, 0x30, 0x10][..],
        der::P384,
        &[0x03, 0x62, 0],
        &point,
    ]
    .concat();
    (pem("PRIVATE KEY", pkcs8.as_ref()), pem("PUBLIC KEY", &info))
}

#[test]
fn every_algorithm_signs_what_it_verifies() {
    let (private, public) = p384();
    let pairs = [
        ("ed25519", "test-key-ed25519"),
        ("ecdsa-p256-sha256", "test-key-ecc-p256"),
        ("rsa-pss-sha512", "test-key-rsa-pss"),
        ("PS256", "test-key-rsa-pss"),
    ]
    .map(|(name, of)| (name, key(of, "priv_pem"), key(of, "pub_pem")));
    for (algorithm, private, public) in
        pairs
            .into_iter()
            .chain([("ecdsa-p384-sha384", private, public)])
    {
        let ours = one_key(&[
            ("algorithm", algorithm),
            ("private_key", private.as_str()),
            ("keyid", "k1"),
        ]);
        let fields = signed(&map(&[("keys", ours)]), &request(&Headers::default(), URL));
        let theirs = |algorithm: &str| {
            map(&[(
                "keys",
                one_key(&[
                    ("algorithm", algorithm),
                    ("public_key", public.as_str()),
                    ("keyid", "k1"),
                ]),
            )])
        };
        let found = verify(&theirs(algorithm), &fields, CREATED).unwrap();
        assert_eq!((found.algorithm, found.label.as_str()), (algorithm, "sig1"));
        let expected = ["\"@method\"", "\"@target-uri\"", "\"content-digest\""];
        assert_eq!(found.components, expected);
        let mut forged = fields.clone();
        forged.last_mut().unwrap().1 = format!("sig1=:{}:", "A".repeat(88));
        let refused = verify(&theirs(algorithm), &forged, CREATED);
        assert_eq!(refused, Err(Refusal::NoMatch), "{algorithm}");
    }
}

#[test]
fn a_key_is_refused_for_another_algorithm() {
    let p256 = key("test-key-ecc-p256", "pub_pem");
    let rsa = key("test-key-rsa-pss", "pub_pem");
    for (algorithm, pem) in [
        ("ed25519", &p256),
        ("ecdsa-p384-sha384", &p256),
        ("rsa-pss-sha512", &p256),
        ("ecdsa-p256-sha256", &rsa),
        ("ed25519", &rsa),
    ] {
        let keys = one_key(&[("algorithm", algorithm), ("public_key", pem)]);
        let error = MessageVerifier::new(&map(&[("keys", keys)])).unwrap_err();
        assert_eq!(error.field, "keys.0.public_key", "{algorithm}");
    }
    // Bound to PSS by its own identifier.
    let keys = one_key(&[
        ("algorithm", "rsa-v1_5-sha256"),
        ("private_key", &key("test-key-rsa-pss", "priv_pem")),
    ]);
    let error = MessageSigner::new(&map(&[("keys", keys)])).unwrap_err();
    assert_eq!(error.field, "keys.0.private_key");
    assert!(!error.to_string().contains("MII"), "{error}");
}

#[test]
fn a_signature_is_taken_within_the_window_alone() {
    let fields = signed(
        &map(&[("keys", hmac_keys()), ("expires_s", Value::Int(600))]),
        &request(&Headers::default(), URL),
    );
    let at = |offset_ms: i64, tolerance: Value| {
        let options = map(&[("keys", hmac_keys()), ("tolerance_s", tolerance)]);
        verify(&options, &fields, UnixMs(CREATED.0 + offset_ms)).err()
    };
    for (offset_ms, expected) in [
        (-300_001, Some(Refusal::TimestampInFuture)),
        (-300_000, None),
        (300_000, None),
        (300_001, Some(Refusal::TimestampTooOld)),
    ] {
        assert_eq!(at(offset_ms, Value::Null), expected, "{offset_ms}");
    }
    assert_eq!(at(600_000, Value::Bool(false)), None);
    let late = at(600_001, Value::Bool(false));
    assert_eq!(late, Some(Refusal::TimestampTooOld));
}

#[test]
fn a_signature_over_too_little_is_refused() {
    let with = |components: &[&str]| {
        let options = map(&[("keys", hmac_keys()), ("components", texts(components))]);
        signed(&options, &request(&Headers::default(), URL))
    };
    let options = map(&[("keys", hmac_keys())]);
    for components in [
        &["@method", "@target-uri", "content-digest"][..],
        &["@method", "@authority", "@path", "@query", "content-digest"],
        &["@method", "@authority", "@request-target", "content-digest"],
    ] {
        let found = verify(&options, &with(components), CREATED);
        assert!(found.is_ok(), "{components:?}: {found:?}");
    }
    for components in [
        &["@method", "@target-uri"][..],
        &["@target-uri", "content-digest"],
        &["@method", "@authority", "@path", "content-digest"],
        &["@method", "@path", "@query", "content-digest"],
    ] {
        let found = verify(&options, &with(components), CREATED);
        assert_eq!(found, Err(Refusal::NotCovered), "{components:?}");
    }
    let required = map(&[("keys", hmac_keys()), ("required", texts(&["@path"]))]);
    assert!(verify(&required, &with(&["@path"]), CREATED).is_ok());
    let found = verify(&required, &with(&["@query"]), CREATED);
    assert_eq!(found, Err(Refusal::NotCovered));
}

#[test]
fn a_covered_digest_binds_the_content() {
    let options = map(&[("keys", hmac_keys())]);
    let fields = signed(&options, &request(&Headers::default(), URL));
    let found = verify_at(&options, &fields, CREATED, URL, b"other");
    assert_eq!(found, Err(Refusal::DigestMismatch));
    let elsewhere = verify_at(&options, &fields, CREATED, "https://example.com/", BODY);
    assert_eq!(elsewhere, Err(Refusal::NoMatch));
}

#[test]
fn several_keys_sign_side_by_side_and_either_is_enough() {
    let entry = |secret: &str, id: &str| {
        let entries = [
            ("algorithm", "hmac-sha256"),
            ("secret", secret),
            ("keyid", id),
        ];
        map(&entries.map(|(k, v)| (k, Value::from(v))))
    };
    let both = Value::list([entry("new", "k2"), entry("old", "k1")]);
    let fields = signed(&map(&[("keys", both)]), &request(&Headers::default(), URL));
    for (secret, id, label) in [("new", "k2", "sig1"), ("old", "k1", "sig2")] {
        let options = map(&[("keys", Value::list([entry(secret, id)]))]);
        let found = verify(&options, &fields, CREATED).unwrap();
        assert_eq!(
            (found.label.as_str(), found.keyid.as_deref()),
            (label, Some(id))
        );
    }
    let other = map(&[("keys", Value::list([entry("new", "k3")]))]);
    assert_eq!(verify(&other, &fields, CREATED), Err(Refusal::UnknownKey));
    let swapped = map(&[("keys", Value::list([entry("old", "k2")]))]);
    assert_eq!(verify(&swapped, &fields, CREATED), Err(Refusal::NoMatch));
}

#[test]
fn the_algorithm_is_the_keys_own() {
    let options = map(&[
        ("keys", hmac_keys()),
        ("parameters", texts(&["created", "alg", "keyid"])),
    ]);
    let fields = signed(&options, &request(&Headers::default(), URL));
    let verifier = map(&[("keys", hmac_keys())]);
    assert!(verify(&verifier, &fields, CREATED).is_ok());
    let lied: Vec<_> = fields
        .iter()
        .map(|(n, v)| (n.clone(), v.replace("hmac-sha256", "ed25519")))
        .collect();
    let found = verify(&verifier, &lied, CREATED);
    assert_eq!(found, Err(Refusal::UnsupportedAlgorithm));
}

#[test]
fn fields_that_are_not_of_the_grammar_are_refused() {
    let options = map(&[("keys", hmac_keys()), ("tolerance_s", Value::Bool(false))]);
    let malformed = Err(Refusal::MalformedHeader("signature-input"));
    for (input, signature, expected) in [
        ("sig=()", "sig=:AAAA:", Err(Refusal::UnknownKey)),
        ("sig=()x", "sig=:AAAA:", malformed.clone()),
        ("sig=(@method)", "sig=:AAAA:", malformed.clone()),
        (
            "sig=(\"@method\" \"@method\")",
            "sig=:AAAA:",
            malformed.clone(),
        ),
        (
            "sig=(\"@signature-params\")",
            "sig=:AAAA:",
            malformed.clone(),
        ),
        ("sig=(\"Date\")", "sig=:AAAA:", malformed.clone()),
        ("sig=(\"date\";tr)", "sig=:AAAA:", malformed.clone()),
        ("sig=(\"date\";bs;sf)", "sig=:AAAA:", malformed.clone()),
        ("sig=(\"@query-param\")", "sig=:AAAA:", malformed.clone()),
        ("sig=();created=\"1\"", "sig=:AAAA:", malformed.clone()),
        ("sig=();created=1.5", "sig=:AAAA:", malformed.clone()),
        ("sig=();keyid=a", "sig=:AAAA:", malformed.clone()),
        ("sig=1", "sig=:AAAA:", malformed.clone()),
        ("sig=()", "other=:AAAA:", malformed.clone()),
        ("sig=()", "sig=\"AAAA\"", malformed.clone()),
        ("", "sig=:AAAA:", malformed.clone()),
        (
            "sig=()",
            "sig=:A:",
            Err(Refusal::MalformedHeader("signature")),
        ),
    ] {
        let fields = [("Signature-Input", input), ("Signature", signature)]
            .map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(verify(&options, &fields, CREATED), expected, "{input}");
    }
    let none = verify(&options, &[], CREATED);
    assert_eq!(none, Err(Refusal::MissingHeader("signature-input")));
}

fn base_of(input: &str, url: &str, headers: &[(&str, &str)]) -> Result<String, Refusal> {
    let signing = [("Signature-Input", input), ("Signature", "s=:AAAA:")];
    let headers = Headers::new(headers.iter().copied().chain(signing));
    let base = MessageVerifier::base(&request(&headers, url), Some("s"))?;
    Ok(String::from_utf8(base).unwrap())
}

#[test]
fn components_have_the_values_of_the_rfc() {
    const TARGET: &str = "HTTPS://www.Example.com:443/path?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something&twice=1&twice=2";
    let headers = [
        ("Host", "www.example.com"),
        ("X-OWS-Header", "   Leading and trailing whitespace.   "),
        ("X-Obs-Fold-Header", "Obsolete\r\n    line folding."),
        ("Cache-Control", "max-age=60"),
        ("Cache-Control", "    must-revalidate"),
        ("X-Empty-Header", ""),
        ("Example-Dict", "  a=1,    b=2;x=1;y=2,   c=(a   b   c)"),
        ("Priority", "u=2,   i"),
        ("X-Bytes", "\u{e9}"),
    ];
    for (identifier, value) in [
        ("\"@method\"", "POST"),
        ("\"@authority\"", "www.example.com"),
        ("\"@scheme\"", "https"),
        ("\"@path\"", "/path"),
        (
            "\"@query-param\";name=\"var\"",
            "this%20is%20a%20big%0Amultiline%20value",
        ),
        ("\"@query-param\";name=\"bar\"", "with%20plus%20whitespace"),
        (
            "\"@query-param\";name=\"fa%C3%A7ade%22%3A%20\"",
            "something",
        ),
        ("\"x-ows-header\"", "Leading and trailing whitespace."),
        ("\"x-obs-fold-header\"", "Obsolete line folding."),
        ("\"cache-control\"", "max-age=60, must-revalidate"),
        ("\"x-empty-header\"", ""),
        ("\"example-dict\"", "a=1,    b=2;x=1;y=2,   c=(a   b   c)"),
        ("\"example-dict\";key=\"a\"", "1"),
        ("\"example-dict\";key=\"b\"", "2;x=1;y=2"),
        ("\"example-dict\";key=\"c\"", "(a b c)"),
        ("\"priority\";sf", "u=2, i"),
        (
            "\"cache-control\";bs",
            ":bWF4LWFnZT02MA==:, :bXVzdC1yZXZhbGlkYXRl:",
        ),
    ] {
        let base = base_of(&format!("s=({identifier})"), TARGET, &headers).unwrap();
        let expected = format!("{identifier}: {value}\n\"@signature-params\": ({identifier})");
        assert_eq!(base, expected);
    }
    for identifier in [
        "\"@query-param\";name=\"twice\"",
        "\"@query-param\";name=\"gone\"",
        "\"@status\"",
        "\"x-gone\"",
        "\"x-bytes\"",
        "\"example-dict\";sf",
        "\"example-dict\";key=\"z\"",
        "\"date\";req",
    ] {
        let base = base_of(&format!("s=({identifier})"), TARGET, &headers);
        assert_eq!(base, Err(Refusal::MissingComponent), "{identifier}");
    }
}

#[test]
fn targets_may_be_whole_or_a_path_beside_the_host_field() {
    for (url, identifier, value) in [
        (
            "https://a.example",
            "\"@target-uri\"",
            Some("https://a.example/"),
        ),
        ("https://a.example?x", "\"@request-target\"", Some("/?x")),
        ("https://a.example", "\"@query\"", Some("?")),
        ("https://a.example?", "\"@query\"", Some("?")),
        ("http://a.example:80/", "\"@authority\"", Some("a.example")),
        (
            "http://a.example:443/",
            "\"@authority\"",
            Some("a.example:443"),
        ),
        ("/p?q", "\"@authority\"", Some("h.example")),
        ("/p?q", "\"@query\"", Some("?q")),
        ("/p?q", "\"@scheme\"", None),
        ("", "\"@path\"", None),
        ("ftp://a.example/", "\"@path\"", None),
        ("https://u@a.example/", "\"@path\"", None),
        ("https://a.example/#x", "\"@path\"", None),
        ("https:///p", "\"@path\"", None),
        ("a.example/p", "\"@path\"", None),
    ] {
        let base = base_of(&format!("s=({identifier})"), url, &[("Host", "H.example")]);
        let expected =
            value.map(|v| format!("{identifier}: {v}\n\"@signature-params\": ({identifier})"));
        assert_eq!(base.as_ref().ok(), expected.as_ref(), "{url}");
        if expected.is_none() {
            assert_eq!(base, Err(Refusal::MissingUrl), "{url}");
        }
    }
}

#[test]
fn a_response_may_cover_its_request() {
    let asked = Headers::new([("Date", "now")]);
    let asked = Message {
        body: b"",
        headers: &asked,
        method: "GET",
        url: URL,
    };
    let none = Headers::default();
    let answer = |request| {
        HttpMessage::Response(HttpResponse {
            status: 503,
            headers: &none,
            body: b"later",
            request,
        })
    };
    let components = ["@status", "@method;req", "\"date\";req", "content-digest"];
    let options = map(&[("keys", hmac_keys()), ("components", texts(&components))]);
    let fields = signed(&options, &answer(Some(asked)));
    let headers = Headers::new(fields.iter().map(|(n, v)| (n.as_str(), v.as_str())));
    let verifier = MessageVerifier::new(&map(&[("keys", hmac_keys())])).unwrap();
    let verify = |status, request| {
        let message = HttpMessage::Response(HttpResponse {
            status,
            headers: &headers,
            body: b"later",
            request,
        });
        let found = verifier.verify(&message, CREATED, &SecretRef::resolve);
        found.map(|signature| signature.components.len())
    };
    assert_eq!(verify(503, Some(asked)), Ok(4));
    assert_eq!(verify(503, None), Err(Refusal::MissingComponent));
    assert_eq!(verify(200, Some(asked)), Err(Refusal::NoMatch));
    let signer = MessageSigner::new(&options).unwrap();
    let refused = signer.sign(&answer(None), CREATED, &SecretRef::resolve, None);
    assert_eq!(refused, Err(Refusal::MissingComponent));
}

#[test]
fn options_that_do_not_fit_are_refused_by_their_place() {
    let keys = || ("keys", hmac_keys());
    for (entries, field) in [
        (vec![], "keys"),
        (vec![("keys", Value::list([]))], "keys"),
        (
            vec![("keys", one_key(&[("algorithm", "none")]))],
            "keys.0.algorithm",
        ),
        (
            vec![("keys", one_key(&[("algorithm", "hmac-sha256")]))],
            "keys.0.secret",
        ),
        (
            vec![(
                "keys",
                one_key(&[("algorithm", "hmac-sha256"), ("secret", "")]),
            )],
            "keys.0.secret",
        ),
        (
            vec![(
                "keys",
                one_key(&[("algorithm", "hmac-sha256"), ("secret_b64", "%")]),
            )],
            "keys.0.secret_b64",
        ),
        (
            vec![keys(), ("components", texts(&["Date"]))],
            "components.0",
        ),
        (
            vec![keys(), ("parameters", texts(&["expires"]))],
            "expires_s",
        ),
        (vec![keys(), ("parameters", texts(&["tag"]))], "tag"),
        (
            vec![keys(), ("parameters", texts(&["created", "created"]))],
            "parameters.1",
        ),
        (vec![keys(), ("required", texts(&["@path"]))], "required"),
    ] {
        let error = MessageSigner::new(&map(&entries)).unwrap_err();
        assert_eq!(error.field, field);
    }
    let error = MessageVerifier::new(&map(&[keys(), ("tolerance_s", Value::Int(0))])).unwrap_err();
    assert_eq!(error.field, "tolerance_s");
}

#[test]
fn the_rfcs_examples_have_its_bases_and_hold() {
    let all = examples();
    for case in all["cases"].as_array().unwrap() {
        let text = |name: &str| case[name].as_str().unwrap();
        let message = &all[text("message").replace('-', "_")];
        let fields = message["headers"].as_array().unwrap();
        let mut headers: Vec<(&str, &str)> = fields
            .iter()
            .map(|field| (field[0].as_str().unwrap(), field[1].as_str().unwrap()))
            .collect();
        headers.push(("Signature-Input", text("signature_input")));
        headers.push(("Signature", text("signature")));
        let headers = Headers::new(headers);
        let body = message["body"].as_str().unwrap().as_bytes();
        let message = match message["status"].as_u64() {
            None => HttpMessage::Request(Message {
                body,
                headers: &headers,
                method: "POST",
                url: URL,
            }),
            Some(_) => HttpMessage::Response(HttpResponse {
                status: 200,
                headers: &headers,
                body,
                request: None,
            }),
        };
        let base = MessageVerifier::base(&message, None).unwrap();
        assert_eq!(String::from_utf8(base).unwrap(), text("signature_base"));
        let key = &all["keys"][text("keyid")];
        let half = match key["base64"].as_str() {
            Some(secret) => ("secret_b64", secret),
            None => ("public_key", key["pub_pem"].as_str().unwrap()),
        };
        let keys = one_key(&[("algorithm", text("alg")), ("keyid", text("keyid")), half]);
        let options = map(&[("keys", keys), ("required", Value::list([]))]);
        let verifier = MessageVerifier::new(&options).unwrap();
        let found = verifier.verify(&message, CREATED, &SecretRef::resolve);
        assert!(found.is_ok(), "{}: {found:?}", text("id"));
    }
    assert_eq!(digest::value_of(b"", &["sha-1"]), None);
}
