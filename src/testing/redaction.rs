//! What must never reach a file: credentials, by the names of what carries them, and wherever else
//! the same text stands.
//!
//! Two steps. By name: fields whose name speaks of a credential, members of JSON and of forms,
//! parameters of a query; the test's own names come on top. What was hidden is remembered, and then
//! replaced everywhere else, in plain and in percent-encoding: a token that a vendor repeats in a
//! link is hidden there too. Names are compared without case, `-` and `_`.

use std::collections::BTreeSet;

use base64::Engine as _;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use url::Url;

/// Stands for what was hidden. Letters alone: the same in a URL, a field and JSON.
pub(super) const HIDDEN: &str = "REDACTED";
/// Shorter texts stand for other things too often to be replaced everywhere.
const SECRET_MIN_CHARS: usize = 6;
/// A field whose name has one of these in it is hidden.
const FIELD_WORDS: [&str; 9] = [
    "apikey",
    "auth",
    "cookie",
    "credential",
    "password",
    "secret",
    "session",
    "signature",
    "token",
];
/// Members and parameters of these names are hidden.
const NAMES: [&str; 18] = [
    "accesstoken",
    "apikey",
    "apisecret",
    "assertion",
    "authorization",
    "authtoken",
    "clientassertion",
    "clientsecret",
    "idtoken",
    "passwd",
    "password",
    "privatekey",
    "refreshtoken",
    "secret",
    "sig",
    "signature",
    "token",
    "xamzsignature",
];
/// Parameters of a query alone: too common as members.
const QUERY_NAMES: [&str; 3] = ["key", "xamzcredential", "xamzsecuritytoken"];

/// What is hidden, beside what always is.
#[derive(Clone, Debug, Default)]
pub struct Redaction {
    headers: BTreeSet<String>,
    query: BTreeSet<String>,
    json: BTreeSet<String>,
    values: BTreeSet<String>,
}

impl Redaction {
    /// Names of fields, of parameters of a query, of members of JSON and forms, and whole texts.
    pub fn new(
        headers: Vec<String>,
        query: Vec<String>,
        json: Vec<String>,
        values: Vec<String>,
    ) -> Self {
        let plain = |names: Vec<String>| names.iter().map(|name| normal(name)).collect();
        Self {
            headers: plain(headers),
            query: plain(query),
            json: plain(json),
            values: values.into_iter().filter(|text| !text.is_empty()).collect(),
        }
    }

    /// Begins to hide.
    pub(super) fn begin(&self) -> Redactor<'_> {
        Redactor {
            rules: self,
            secrets: self.values.clone(),
        }
    }
}

/// Hides by name, and remembers what it hid.
pub(super) struct Redactor<'a> {
    rules: &'a Redaction,
    secrets: BTreeSet<String>,
}

impl Redactor<'_> {
    /// A field's value as it may be kept.
    pub(super) fn field(&mut self, name: &str, value: &[u8]) -> String {
        let text = String::from_utf8_lossy(value).into_owned();
        let name = normal(name);
        if !self.rules.headers.contains(&name)
            && !FIELD_WORDS.iter().any(|word| name.contains(word))
        {
            return text;
        }
        self.hide_credentials(&name, &text);
        HIDDEN.to_owned()
    }

    /// A URL as it may be kept.
    pub(super) fn url(&mut self, url: &Url) -> String {
        let pairs: Vec<_> = url.query_pairs().into_owned().collect();
        if !pairs.iter().any(|(name, _)| self.hides_parameter(name)) {
            return url.to_string();
        }
        let mut kept = url.clone();
        let mut query = kept.query_pairs_mut();
        query.clear();
        for (name, value) in pairs {
            if self.hides_parameter(&name) {
                self.hide(&value);
                query.append_pair(&name, HIDDEN);
            } else {
                query.append_pair(&name, &value);
            }
        }
        drop(query);
        kept.to_string()
    }

    /// Hides members, at every depth.
    pub(super) fn json(&mut self, value: &mut Value) {
        match value {
            Value::Object(members) => {
                for (name, member) in members.iter_mut() {
                    if self.hides_member(name) {
                        self.hide_all(member);
                        *member = Value::from(HIDDEN);
                    } else {
                        self.json(member);
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.json(item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// A form's content as it may be kept.
    pub(super) fn form(&mut self, content: &str) -> String {
        let mut kept = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in url::form_urlencoded::parse(content.as_bytes()) {
            if self.hides_member(&name) {
                self.hide(&value);
                kept.append_pair(&name, HIDDEN);
            } else {
                kept.append_pair(&name, &value);
            }
        }
        kept.finish()
    }

    /// Replaces what was hidden elsewhere, in every text.
    pub(super) fn scrub(&self, value: &mut Value) {
        match value {
            Value::Object(members) => members.values_mut().for_each(|member| self.scrub(member)),
            Value::Array(items) => items.iter_mut().for_each(|item| self.scrub(item)),
            Value::String(text) => self.scrub_text(text),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Whether bytes that are no text hold something that was hidden.
    pub(super) fn is_leaking(&self, bytes: &[u8]) -> bool {
        self.secrets.iter().any(|secret| {
            bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes())
        })
    }

    pub(super) fn scrub_text(&self, text: &mut String) {
        for secret in &self.secrets {
            if text.contains(secret.as_str()) {
                *text = text.replace(secret.as_str(), HIDDEN);
            }
            let encoded = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
            if text.contains(&encoded) {
                *text = text.replace(&encoded, HIDDEN);
            }
        }
    }

    fn hides_parameter(&self, name: &str) -> bool {
        let name = normal(name);
        let listed = |list: &[&str]| list.contains(&name.as_str());
        self.rules.query.contains(&name) || listed(&QUERY_NAMES) || listed(&NAMES)
    }

    fn hides_member(&self, name: &str) -> bool {
        let name = normal(name);
        self.rules.json.contains(&name) || NAMES.contains(&name.as_str())
    }

    fn hide(&mut self, text: &str) {
        if text.chars().count() >= SECRET_MIN_CHARS && text != HIDDEN {
            self.secrets.insert(text.to_owned());
        }
    }

    fn hide_all(&mut self, value: &Value) {
        match value {
            Value::Object(members) => members.values().for_each(|member| self.hide_all(member)),
            Value::Array(items) => items.iter().for_each(|item| self.hide_all(item)),
            Value::String(text) => self.hide(text),
            Value::Number(number) => self.hide(&number.to_string()),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// `Bearer x` hides x and not the scheme; `Basic b` hides b and the password in it; a cookie
    /// hides its value and not its attributes; parameters hide theirs.
    fn hide_credentials(&mut self, name: &str, value: &str) {
        let parameters = match name {
            "setcookie" => value.split(';').next().unwrap_or_default(),
            "cookie" => value,
            _ => {
                let rest = value.split_once(' ').map_or(value, |(_, rest)| rest);
                self.hide(rest.trim());
                rest
            }
        };
        for parameter in parameters.split([';', ',']) {
            if let Some((_, value)) = parameter.split_once('=') {
                self.hide(value.trim().trim_matches('"'));
            }
        }
        if let Some(("Basic", encoded)) = value.split_once(' ')
            && let Ok(decoded) = base64::engine::general_purpose::STANDARD.decode(encoded)
            && let Ok(pair) = String::from_utf8(decoded)
            && let Some((_, password)) = pair.split_once(':')
        {
            self.hide(password);
        }
    }
}

fn normal(name: &str) -> String {
    name.chars()
        .filter(|character| !matches!(character, '-' | '_'))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn credentials_are_hidden_by_the_names_of_their_fields() {
        let rules = Redaction::new(vec!["X-Tenant".to_owned()], vec![], vec![], vec![]);
        let mut redactor = rules.begin();
        for (name, expected) in [
            ("authorization", HIDDEN),
            ("X-Api-Key", HIDDEN),
            ("set-cookie", HIDDEN),
            ("x-hub-signature-256", HIDDEN),
            ("x-tenant", HIDDEN),
            ("accept", "value of it"),
        ] {
            assert_eq!(redactor.field(name, b"value of it"), expected, "{name}");
        }
    }

    #[test]
    fn what_was_hidden_is_hidden_everywhere() {
        let rules = Redaction::default();
        let mut redactor = rules.begin();
        redactor.field("Authorization", b"Bearer abc/def+123");
        redactor.field("Authorization", b"Basic dXNlcjpvcGVuIHNlc2FtZQ==");
        redactor.field("Set-Cookie", b"sid=a-session; Path=/; HttpOnly; Secure");
        let mut value = json!({"link": "https://x/?t=abc%2Fdef%2B123", "say": "open sesame!", "n": 1, "kind": "Bearer, HttpOnly, Secure", "sid": "a-session"});
        redactor.scrub(&mut value);
        assert_eq!(
            value,
            json!({"link": "https://x/?t=REDACTED", "say": "REDACTED!", "n": 1, "kind": "Bearer, HttpOnly, Secure", "sid": "REDACTED"})
        );
        assert!(redactor.is_leaking(b"\xff\x00abc/def+123\xff"));
    }

    #[test]
    fn members_forms_and_parameters() {
        let rules = Redaction::new(
            vec![],
            vec!["tenant".to_owned()],
            vec!["iban".to_owned()],
            vec!["Mustermann".to_owned()],
        );
        let mut redactor = rules.begin();
        let mut value = json!({
            "access_token": "long enough", "expires_in": 5,
            "list": [{"IBAN": "DE02120300000000202051", "name": "Mustermann"}], "token": 12_345_678
        });
        redactor.json(&mut value);
        redactor.scrub(&mut value);
        assert_eq!(
            value,
            json!({
                "access_token": HIDDEN, "expires_in": 5,
                "list": [{"IBAN": HIDDEN, "name": HIDDEN}], "token": HIDDEN
            })
        );
        assert_eq!(
            redactor.form("grant_type=x&client_secret=s3cr3t"),
            "grant_type=x&client_secret=REDACTED"
        );
        let url = Url::parse("https://x/a?page=2&key=AIza&tenant=t").unwrap();
        assert_eq!(
            redactor.url(&url),
            "https://x/a?page=2&key=REDACTED&tenant=REDACTED"
        );
        let plain = Url::parse("https://x/a?b=%20c").unwrap();
        assert_eq!(redactor.url(&plain), "https://x/a?b=%20c");
    }
}
