//! `Causeway\Http\Digest`: digest fields.

use ext_php_rs::binary_slice::BinarySlice;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::ZendHashTable;

use super::{throw, value};
use crate::options::{OptionError, Value};
use crate::signature::digest::{self, DigestField};

/// Makes and checks Content-Digest and Repr-Digest as RFC 9530 says.
#[php_class]
#[php(name = "Causeway\\Http\\Digest", flags = ClassFlags::Final)]
pub struct PhpDigest;

fn refused(field: &str, got: &Value, allowed: &str) -> ext_php_rs::exception::PhpException {
    throw::options("Digest", &OptionError::new(field, got.described(), allowed))
}

#[php_impl]
impl PhpDigest {
    /// The value of a digest field for some content: the bytes as they are sent.
    ///
    /// @param list<string>|null $algorithms
    ///   'sha-256' (when left out) and 'sha-512'.
    ///
    /// @throws \Causeway\Exception\OptionsException
    ///   For any other algorithm.
    #[php(name = "of")]
    pub fn of(content: BinarySlice<u8>, algorithms: Option<&ZendHashTable>) -> PhpResult<String> {
        let names: Vec<String> = match algorithms {
            None => vec!["sha-256".to_owned()],
            Some(list) => list
                .iter()
                .filter_map(|(_, name)| value::scalar_bytes(name))
                .map(|name| String::from_utf8_lossy(&name).into_owned())
                .collect(),
        };
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let shown = Value::from(names.join(", "));
        digest::value_of(&content, &names)
            .ok_or_else(|| refused("algorithms", &shown, "a list of 'sha-256' and 'sha-512'"))
    }

    /// Whether some content is what a digest field says. Check before decompression.
    ///
    /// @param string $field
    ///   'Content-Digest' or 'Repr-Digest'.
    /// @param string $value
    ///   The field's value; several lines joined by commas.
    /// @param int $status
    ///   The response's status: what Repr-Digest is of is not the content of a 206. 200 for a
    ///   request.
    ///
    /// @return string
    ///   'match'; 'mismatch'; 'malformed'; 'unverifiable' when no algorithm counts; 'not-checkable'
    ///   when the content is not what the field is of. Only 'match' proves anything.
    ///
    /// @throws \Causeway\Exception\OptionsException
    ///   For any other field.
    #[php(name = "verdict", defaults(status = 200))]
    #[php(optional = status)]
    pub fn verdict(
        field: &str,
        value: BinarySlice<u8>,
        content: BinarySlice<u8>,
        status: i64,
    ) -> PhpResult<&'static str> {
        let allowed = "'Content-Digest' or 'Repr-Digest'";
        let named = DigestField::named(field)
            .ok_or_else(|| refused("field", &Value::from(field), allowed))?;
        let status = u16::try_from(status)
            .map_err(|_| refused("status", &Value::Int(status), "an HTTP status"))?;
        Ok(digest::check(named, &value, &content, status).word())
    }
}
