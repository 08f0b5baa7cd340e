//! The way to the vendor: addresses, trust, protocol, proxy, redirects.

use url::Url;

use super::{Fields, OptionError, Source};
use crate::http::{Protocol, Proxy, guard, tls};

/// More hops than this are a loop.
const REDIRECTS_MAX: i64 = 20;

/// Reads `address`.
pub(super) fn address(section: Option<Fields>) -> Result<guard::Options, OptionError> {
    let Some(mut fields) = section else {
        return Ok(guard::Options::default());
    };
    let allow_private = fields.flag("allow_private")?.unwrap_or(false);
    fields.finish()?;
    Ok(guard::Options { allow_private })
}

/// Reads `tls`.
pub(super) fn tls(section: Option<Fields>) -> Result<tls::Options, OptionError> {
    let Some(mut fields) = section else {
        return Ok(tls::Options::default());
    };
    let ca_file = fields.text("ca_file")?.map(Into::into);
    let cert_file = fields.text("cert_file")?;
    let key_file = fields.text("key_file")?;
    let client = match (cert_file, key_file) {
        (None, None) => None,
        (Some(cert_file), key_file) => Some(tls::ClientCertificate {
            // One file may hold both.
            key_file: key_file.unwrap_or_else(|| cert_file.clone()).into(),
            cert_file: cert_file.into(),
        }),
        (None, Some(_)) => {
            let field = fields.name("cert_file");
            return Err(OptionError::new(field, "nothing", "given with key_file"));
        }
    };
    let versions = [("1.2", tls::Version::Tls12), ("1.3", tls::Version::Tls13)];
    let min_version = fields.one_of("min_version", &versions)?;
    fields.finish()?;
    Ok(tls::Options {
        ca_file,
        client,
        min_version: min_version.unwrap_or_default(),
    })
}

/// Reads `http`.
pub(super) fn protocol(fields: &mut Fields) -> Result<Protocol, OptionError> {
    let protocols = [
        ("auto", Protocol::Auto),
        ("1.1", Protocol::Http1),
        ("2", Protocol::Http2),
    ];
    Ok(fields.one_of("http", &protocols)?.unwrap_or_default())
}

/// Reads `proxy`; nothing of the environment is looked at.
pub(super) fn proxy(fields: &mut Fields) -> Result<Option<Proxy>, OptionError> {
    const ALLOWED: &str = "an http or https URL of a proxy, without path, query and fragment";
    let Some(text) = fields.text("proxy")? else {
        return Ok(None);
    };
    let uri = Url::parse(&text)
        .ok()
        .filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.path() == "/"
                && url.query().is_none()
                && url.fragment().is_none()
        })
        // Not shown: it may hold a password.
        .ok_or_else(|| OptionError::new("proxy", "another string", ALLOWED))?;
    let has_user = !uri.username().is_empty() || uri.password().is_some();
    if has_user && fields.source() == Source::File {
        let allowed = "without user and password in a file";
        return Err(OptionError::new("proxy", "a literal", allowed));
    }
    Ok(Some(Proxy::new(uri)))
}

/// Reads `redirects`: how many are followed, of a connection or a call.
///
/// # Errors
/// When it is no section with a whole number.
pub(crate) fn redirects(fields: &mut Fields) -> Result<Option<u32>, OptionError> {
    let Some(mut section) = fields.section("redirects")? else {
        return Ok(None);
    };
    let max = section.int("max", 0..=REDIRECTS_MAX)?;
    let max = section.required("max", max, "a whole number, 0 to 20")?;
    section.finish()?;
    Ok(Some(u32::try_from(max).unwrap_or(0)))
}
