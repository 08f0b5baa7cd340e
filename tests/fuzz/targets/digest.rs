//! RFC 9530: values of digest fields. The first line is the value, the rest the content.

use causeway::signature::digest::{DigestField, DigestVerdict, check, value_of};

/// Content matches its own digest, and no other content does.
pub(crate) fn run(data: &[u8]) {
    let at = data.iter().position(|b| *b == b'\n').unwrap_or(data.len());
    let (value, content) = data.split_at(at);
    let content = content.get(1..).unwrap_or_default();
    for status in [200, 206] {
        for field in [DigestField::Content, DigestField::Representation] {
            check(field, value, content, status);
        }
    }
    let own = value_of(content, &["sha-256", "sha-512"]).expect("both are known");
    let verdict = |content: &[u8]| check(DigestField::Content, own.as_bytes(), content, 200);
    assert_eq!(verdict(content), DigestVerdict::Match);
    assert_eq!(verdict(&[content, b"x"].concat()), DigestVerdict::Mismatch);
}
