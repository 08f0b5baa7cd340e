//! `Causeway\Testing\Fake`: a fake in the place of all vendors.

use std::path::PathBuf;
use std::rc::Rc;

use ext_php_rs::boxed::ZBox;
use ext_php_rs::convert::IntoZval;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendClassObject, ZendHashTable, Zval};

use super::testing_clock::require_testing;
use super::testing_rule::PhpRule;
use super::testing_sent::PhpSentRequest;
use super::{throw, value};
use crate::options::{Fields, OptionError};
use crate::segment;
use crate::testing::{self, Fake, Matcher, Mode, Redaction, Rule, Tape};

/// A fake in the place of all vendors, below the real policies: retries, breaker, throttle, tokens
/// and caches do what they do against a real one. Needs the ini setting causeway.testing=1 and the
/// command line. Ends with stop(), or with the request.
///
/// A request that no rule means is refused with a \Causeway\Exception\StrayRequestException. Clients
/// that are made while a fake is on share what workers share (breakers, budgets, throttles, tokens,
/// counters) with each other alone: nothing of an earlier test is left, nothing reaches a site.
#[php_class]
#[php(name = "Causeway\\Testing\\Fake", flags = ClassFlags::Final)]
pub struct PhpFake {
    fake: Rc<Fake>,
}

impl PhpFake {
    fn install(fake: Fake) -> Self {
        let fake = Rc::new(fake);
        testing::install(Some(Rc::clone(&fake)));
        segment::isolate();
        Self { fake }
    }
}

#[php_impl]
impl PhpFake {
    /// Puts a fake in the vendors' place; one from before is replaced.
    ///
    /// @param list<string> $passing
    ///   Connections whose requests go to the real vendor where no rule means them.
    ///
    /// @throws \Causeway\Exception\OptionsException
    ///   When testing is not switched on.
    #[php(name = "start")]
    pub fn start(passing: Option<Vec<String>>) -> PhpResult<Self> {
        require_testing()?;
        Ok(Self::install(Fake::new(passing.unwrap_or_default())))
    }

    /// Plays a recording: each recorded answer once, to a request that is equal in connection,
    /// method, URI and body.
    ///
    /// @param array{
    ///   redact?: array{
    ///     headers?: list<string>, query?: list<string>, json?: list<string>, values?: list<string>
    ///   }
    /// }|null $options
    ///   What was hidden beyond credentials; the same as when it was recorded.
    ///
    /// @throws \Causeway\Exception\OptionsException
    ///   When the file is no recording, or testing is not switched on.
    #[php(name = "replay")]
    pub fn replay(file: String, options: Option<&ZendHashTable>) -> PhpResult<Self> {
        Ok(Self::install(with_tape(file, Mode::Replay, options)?))
    }

    /// Lets all requests go to the real vendors, and records them with their answers to a file when
    /// it ends. Credentials are never written: fields, parameters and members that are named like
    /// one, and their values wherever else they stand.
    ///
    /// @param array{
    ///   redact?: array{
    ///     headers?: list<string>, query?: list<string>, json?: list<string>, values?: list<string>
    ///   }
    /// }|null $options
    ///   More names of fields, query parameters and members (of JSON and forms), and whole values.
    #[php(name = "record")]
    pub fn record(file: String, options: Option<&ZendHashTable>) -> PhpResult<Self> {
        Ok(Self::install(with_tape(file, Mode::Record, options)?))
    }

    /// A rule for the requests that are meant; of several the newest wins that is still open.
    ///
    /// @param string $connection
    ///   Its name; '*' for all.
    /// @param string $method
    ///   '*' for all.
    /// @param string $uri
    ///   Relative to the base URI, or absolute. {name} stands for a segment, * for anything. With a
    ///   query, the parameters that it names must be there.
    #[php(
        name = "on",
        defaults(connection = "\"*\"", method = "\"*\"", uri = "\"*\"")
    )]
    pub fn on(&self, connection: &str, method: &str, uri: &str) -> PhpResult<PhpRule> {
        let rule = Rule::new(matcher(Some(connection), Some(method), Some(uri))?);
        Ok(PhpRule::new(Rc::clone(&self.fake), self.fake.add(rule)))
    }

    /// What was sent, oldest first; the arguments choose as those of on() do.
    ///
    /// @return list<\Causeway\Testing\SentRequest>
    #[php(name = "sent")]
    pub fn sent(
        &self,
        connection: Option<&str>,
        method: Option<&str>,
        uri: Option<&str>,
    ) -> PhpResult<ZBox<ZendHashTable>> {
        let sent = self.fake.sent(&matcher(connection, method, uri)?);
        let sent = sent
            .into_iter()
            .map(|sent| Ok(ZendClassObject::new(PhpSentRequest::new(sent)).into_zval(false)?));
        value::list(sent.collect::<PhpResult<Vec<Zval>>>()?)
    }

    /// How many were sent; the arguments choose as those of on() do.
    #[php(name = "sentCount")]
    pub fn sent_count(
        &self,
        connection: Option<&str>,
        method: Option<&str>,
        uri: Option<&str>,
    ) -> PhpResult<i64> {
        let count = self.fake.sent_count(&matcher(connection, method, uri)?);
        Ok(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// Requests that were refused because no rule means them.
    ///
    /// @return list<string>
    #[php(name = "strays")]
    pub fn strays(&self) -> PhpResult<ZBox<ZendHashTable>> {
        texts(&self.fake.strays())
    }

    /// Rules that no request met, and recorded answers that nobody asked for.
    ///
    /// @return list<string>
    #[php(name = "unused")]
    pub fn unused(&self) -> PhpResult<ZBox<ZendHashTable>> {
        texts(&self.fake.unused())
    }

    /// Takes the fake away; a recording is written now.
    ///
    /// @throws \Causeway\Exception\OptionsException
    ///   When a recording cannot be written.
    #[php(name = "stop")]
    pub fn stop(&self) -> PhpResult<()> {
        if testing::current().is_some_and(|current| Rc::ptr_eq(&current, &self.fake)) {
            testing::install(None);
            segment::rejoin();
        }
        self.fake.save().map_err(|reason| of_file(&reason))
    }
}

/// Ends what the request did not end; a recording is written if it can be.
pub(super) fn end_request() {
    if let Some(fake) = testing::current() {
        testing::install(None);
        segment::rejoin();
        // There is nobody left to tell.
        let _ = fake.save();
    }
}

fn with_tape(file: String, mode: Mode, options: Option<&ZendHashTable>) -> PhpResult<Fake> {
    require_testing()?;
    let refuse = |error: OptionError| throw::options("Fake", &error);
    let mut fields = Fields::new(&value::options("Fake", options)?).map_err(refuse)?;
    let redaction = redaction(&mut fields).map_err(refuse)?;
    fields.finish().map_err(refuse)?;
    let tape = Tape::open(PathBuf::from(file), mode, redaction);
    Ok(Fake::with_tape(tape.map_err(|reason| of_file(&reason))?))
}

fn redaction(fields: &mut Fields) -> Result<Redaction, OptionError> {
    let Some(mut section) = fields.section("redact")? else {
        return Ok(Redaction::default());
    };
    let mut names = |key| Ok(section.texts(key)?.unwrap_or_default());
    let redaction = Redaction::new(
        names("headers")?,
        names("query")?,
        names("json")?,
        names("values")?,
    );
    section.finish()?;
    Ok(redaction)
}

fn matcher(
    connection: Option<&str>,
    method: Option<&str>,
    uri: Option<&str>,
) -> PhpResult<Matcher> {
    let given = Option::unwrap_or_default;
    Matcher::parse(given(connection), given(method), given(uri)).map_err(|reason| {
        let allowed = format!("a pattern, and this one has {reason}");
        throw::options("Fake", &OptionError::new("uri", "another text", allowed))
    })
}

fn of_file(reason: &str) -> PhpException {
    let allowed = format!("a recording that can be read or written ({reason})");
    throw::options("Fake", &OptionError::new("file", "another one", allowed))
}

fn texts(texts: &[String]) -> PhpResult<ZBox<ZendHashTable>> {
    value::list(texts.iter().map(|text| value::bytes(text.as_bytes())))
}
