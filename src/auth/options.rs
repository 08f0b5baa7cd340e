//! What a connection's `auth` may say.

use url::Url;

use crate::options::{Fields, OptionError, SecretRef, Source, Value, secret};

/// How a connection proves who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Options {
    /// RFC 7617.
    Basic {
        /// The user, sent as UTF-8.
        username: SecretRef,
        /// The password.
        password: SecretRef,
    },
    /// RFC 6750: a token that somebody else made.
    Bearer {
        /// The token.
        token: SecretRef,
    },
    /// RFC 6749, section 4.4.
    ClientCredentials(ClientCredentials),
}

/// OAuth 2.0 client credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCredentials {
    /// Where tokens are asked for.
    pub token_uri: Url,
    /// Who asks; not secret, but may be kept where secrets are.
    pub client_id: SecretRef,
    /// Proves it.
    pub client_secret: SecretRef,
    /// What the token is for; the identity provider's default when empty.
    pub scopes: Vec<String>,
    /// An extra parameter that some providers demand.
    pub audience: Option<String>,
    /// How the client's id and secret are sent.
    pub style: Style,
}

/// How a client proves itself to the identity provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `client_secret_basic`: the way that every provider must know.
    Basic,
    /// `client_secret_post`: in the form.
    Form,
}

/// The kinds, as options name them.
#[derive(Clone, Copy)]
enum Kind {
    None,
    Basic,
    Bearer,
    ClientCredentials,
}

impl Options {
    /// The secrets that a call needs.
    pub fn secrets(&self) -> Vec<&SecretRef> {
        match self {
            Self::Basic { username, password } => vec![username, password],
            Self::Bearer { token } => vec![token],
            Self::ClientCredentials(client) => vec![&client.client_id, &client.client_secret],
        }
    }

    /// Reads the `auth` section; `none` is the same as no section.
    ///
    /// # Errors
    /// The first option that is unknown, missing or wrong for the type.
    pub fn parse(mut fields: Fields) -> Result<Option<Self>, OptionError> {
        let kinds = [
            ("oauth2_client_credentials", Kind::ClientCredentials),
            ("bearer", Kind::Bearer),
            ("basic", Kind::Basic),
            ("none", Kind::None),
        ];
        let kind = fields.one_of("type", &kinds)?;
        let kind = fields.required(
            "type",
            kind,
            "one of 'oauth2_client_credentials', 'bearer', 'basic', 'none'",
        )?;
        let options = match kind {
            Kind::None => None,
            Kind::Basic => Some(Self::Basic {
                username: public(&mut fields, "username")?,
                password: hidden(&mut fields, "password")?,
            }),
            Kind::Bearer => Some(Self::Bearer {
                token: hidden(&mut fields, "token")?,
            }),
            Kind::ClientCredentials => Some(Self::ClientCredentials(client(&mut fields)?)),
        };
        fields.finish()?;
        Ok(options)
    }
}

fn client(fields: &mut Fields) -> Result<ClientCredentials, OptionError> {
    Ok(ClientCredentials {
        token_uri: token_uri(fields)?,
        client_id: public(fields, "client_id")?,
        client_secret: hidden(fields, "client_secret")?,
        scopes: scopes(fields)?,
        audience: fields.text("audience")?,
        style: fields
            .one_of("style", &[("basic", Style::Basic), ("form", Style::Form)])?
            .unwrap_or(Style::Basic),
    })
}

fn token_uri(fields: &mut Fields) -> Result<Url, OptionError> {
    const ALLOWED: &str = "an absolute http or https URL without user, password and fragment";
    let text = fields.text("token_uri")?;
    let text = fields.required("token_uri", text, ALLOWED)?;
    Url::parse(&text)
        .ok()
        .filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.username().is_empty()
                && url.password().is_none()
                && url.fragment().is_none()
        })
        .ok_or_else(|| OptionError::new(fields.name("token_uri"), "another text", ALLOWED))
}

fn scopes(fields: &mut Fields) -> Result<Vec<String>, OptionError> {
    let scopes = fields.texts("scopes")?.unwrap_or_default();
    // RFC 6749, 3.3: printable ASCII without space, quote and backslash.
    let is_token = |scope: &str| {
        scope
            .bytes()
            .all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
    };
    match scopes.iter().find(|scope| !is_token(scope)) {
        None => Ok(scopes),
        Some(bad) => Err(OptionError::new(
            fields.name("scopes"),
            format!("'{}'", bad.escape_debug()),
            "a list of scopes, each without spaces, quotes and backslashes",
        )),
    }
}

fn hidden(fields: &mut Fields, key: &'static str) -> Result<SecretRef, OptionError> {
    let secret = fields.secret(key)?;
    fields.required(key, secret, "a secret")
}

/// A name that is not secret: literal in files too, by reference where it looks like one.
fn public(fields: &mut Fields, key: &'static str) -> Result<SecretRef, OptionError> {
    const ALLOWED: &str = "a string that is not empty, or a reference such as 'env:NAME'";
    match (fields.value(key), fields.source()) {
        (Some(Value::Secret(secret)), _) => Ok(secret),
        (Some(Value::Str(bytes)), source) if !bytes.is_empty() => {
            let reference = std::str::from_utf8(&bytes)
                .ok()
                .filter(|t| secret::is_reference(t));
            match (reference, source) {
                (Some(text), Source::File) => Ok(SecretRef::new(text)),
                (Some(_) | None, _) => Ok(SecretRef::literal(bytes)),
            }
        }
        (Some(other), _) => Err(fields.refuse(key, &other, ALLOWED)),
        (None, _) => Err(OptionError::new(fields.name(key), "nothing", ALLOWED)),
    }
}
