//! Project Wycheproof's cases through our own entry points: HMAC through a verifier of the scheme
//! `hmac`, the public algorithms through the keys and signatures that every scheme uses, loaded
//! from PEM as options load them. Truncated tags and `acceptable` cases are refused.

use serde::Deserialize;

use super::*;
use crate::signature::algorithm::Algorithm;
use crate::signature::public_key;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    test_groups: Vec<Group>,
    number_of_tests: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    public_key_pem: Option<String>,
    tag_size: Option<usize>,
    tests: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    tc_id: u32,
    key: Option<String>,
    msg: String,
    #[serde(alias = "sig")]
    tag: String,
    result: String,
}

fn file(name: &str) -> File {
    let root = env!("CARGO_MANIFEST_DIR");
    let path = format!("{root}/tests/vectors/wycheproof/wycheproof_{name}.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Runs every case of a file; says how many were valid, invalid and acceptable.
fn run(name: &str, holds: impl Fn(&Group, &Case) -> bool) -> (usize, usize, usize) {
    let file = file(name);
    let (mut valid, mut invalid, mut acceptable) = (0, 0, 0);
    for group in &file.test_groups {
        for case in &group.tests {
            // A tag of another length than the algorithm's is refused, whatever the file says.
            let is_whole = group.tag_size.is_none_or(|bits| bits == 160 || bits == 256);
            let expected = case.result == "valid" && is_whole;
            assert_eq!(holds(group, case), expected, "{name} {}", case.tc_id);
            match case.result.as_str() {
                "valid" => valid += 1,
                "invalid" => invalid += 1,
                "acceptable" => acceptable += 1,
                other => panic!("{other}"),
            }
        }
    }
    assert_eq!(valid + invalid + acceptable, file.number_of_tests, "{name}");
    (valid, invalid, acceptable)
}

fn hmac(name: &str, algorithm: &str) -> (usize, usize, usize) {
    run(name, |_, case| {
        let key = case.key.as_deref().unwrap();
        let options = map(&[
            ("secrets_hex", Value::List(vec![text(key)])),
            ("header", text("x-sig")),
            ("algorithm", text(algorithm)),
        ]);
        let body = hex::decode(&case.msg).unwrap();
        let headers = Headers::new([("X-Sig", case.tag.as_str())]);
        let message = Message {
            body: &body,
            headers: &headers,
            method: "POST",
            url: "",
        };
        let verifier = Verifier::new("hmac", &options).unwrap();
        verifier.verify(&message, UnixMs(0)).is_ok()
    })
}

fn public(name: &str, algorithm: Algorithm) -> (usize, usize, usize) {
    run(name, |group, case| {
        let pem = group.public_key_pem.as_deref().unwrap();
        let key = public_key::from_pem(algorithm, pem.as_bytes()).unwrap();
        let signature = algorithm.signature(hex::decode(&case.tag).unwrap());
        let message = hex::decode(&case.msg).unwrap();
        signature.is_some_and(|signature| key.holds(&[message], &[signature]))
    })
}

#[test]
fn hmac_comes_out_as_wycheproof_says() {
    assert_eq!(hmac("hmac_sha1", "sha1"), (66, 104, 0));
    assert_eq!(hmac("hmac_sha256", "sha256"), (66, 108, 0));
}

#[test]
fn ecdsa_comes_out_as_wycheproof_says() {
    let der = public("ecdsa_secp256r1_sha256", Algorithm::EcdsaP256Sha256);
    assert_eq!(der, (174, 310, 0));
    let raw = public(
        "ecdsa_secp256r1_sha256_p1363",
        Algorithm::EcdsaP256Sha256Raw,
    );
    assert_eq!(raw, (173, 89, 0));
}

#[test]
fn ed25519_comes_out_as_wycheproof_says() {
    assert_eq!(public("ed25519", Algorithm::Ed25519), (88, 63, 0));
}

#[test]
fn rsa_comes_out_as_wycheproof_says() {
    let v1_5 = public("rsa_signature_2048_sha256", Algorithm::RsaSha256);
    assert_eq!(v1_5, (9, 249, 1));
    let pss = public("rsa_pss_2048_sha256_mgf1_32", Algorithm::RsaPssSha256);
    assert_eq!(pss, (63, 45, 0));
}
