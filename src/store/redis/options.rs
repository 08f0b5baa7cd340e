//! How a Redis server is used.

use super::LinkTimeouts;
use crate::options::{Fields, OptionError, Value};

/// The options of a store in Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisOptions {
    /// What its keys begin with: programs that share a server have prefixes of their own.
    pub prefix: String,
    /// How long things may take.
    pub timeouts: LinkTimeouts,
}

impl RedisOptions {
    /// Parses `prefix`, `connect_ms` and `answer_ms`.
    ///
    /// # Errors
    /// The first option that is unknown, of a wrong type or out of range.
    pub fn parse(options: &Value) -> Result<Self, OptionError> {
        const MINUTE_MS: i64 = 60_000;
        let default = LinkTimeouts::default();
        let mut fields = Fields::new(options)?;
        let prefix = fields.text("prefix")?;
        let prefix = prefix.unwrap_or_else(|| "causeway".to_owned());
        if prefix.contains(['{', '}']) {
            let allowed = "a text without braces";
            return Err(OptionError::new("prefix", "another text", allowed));
        }
        let timeouts = LinkTimeouts {
            connect: fields
                .millis("connect_ms", 1..=MINUTE_MS)?
                .unwrap_or(default.connect),
            answer: fields
                .millis("answer_ms", 1..=MINUTE_MS)?
                .unwrap_or(default.answer),
        };
        fields.finish()?;
        Ok(Self { prefix, timeouts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_named() {
        for (name, value) in [
            ("prefix", Value::from("{a}")),
            ("connect_ms", Value::Int(0)),
            ("answer_ms", Value::from("1")),
            ("anwser_ms", Value::Int(1)),
        ] {
            let error = RedisOptions::parse(&Value::map([(name, value)])).unwrap_err();
            assert_eq!(error.field, name);
        }
        let options = RedisOptions::parse(&Value::Null).unwrap();
        assert_eq!(options.prefix, "causeway");
    }
}
