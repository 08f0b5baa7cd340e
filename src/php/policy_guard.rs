//! `Causeway\Policy\Guard`: whether a URL leads where it may.

use std::net::{IpAddr, ToSocketAddrs};

use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendCallable, Zval};

use super::{callbacks, throw, value};
use crate::http::guard;
use crate::store::CallbackError;

/// Whether a URL leads where it may: for URLs that users type in, before anything is stored. A
/// connection asks the same again at every address it connects to.
#[php_class]
#[php(name = "Causeway\\Policy\\Guard", flags = ClassFlags::Final)]
pub struct PhpGuard {
    options: guard::Options,
}

#[php_impl]
impl PhpGuard {
    /// @param bool $allowPrivate
    ///   Whether loopback, private, link-local and shared addresses are allowed too.
    #[php(defaults(allowPrivate = false))]
    pub fn __construct(allowPrivate: bool) -> Self {
        Self {
            options: guard::Options {
                allow_private: allowPrivate,
            },
        }
    }

    /// Why a URL is refused: its scheme, a name that does not resolve, an address. Nothing is
    /// dialled.
    ///
    /// @param (callable(string): list<string>)|null $resolve
    ///   What a name's addresses are; NULL asks the system.
    ///
    /// @return string|null
    ///   NULL where it is allowed.
    #[php(name = "refusal")]
    pub fn refusal(
        &self,
        url: &str,
        resolve: Option<ZendCallable<'_>>,
    ) -> PhpResult<Option<String>> {
        let mut thrown = None;
        let refused = guard::check_url(self.options, url, |host| match &resolve {
            None => of_system(host),
            Some(resolve) => asked(resolve, host).unwrap_or_else(|error| {
                thrown = Some(error);
                Vec::new()
            }),
        });
        match thrown {
            Some(error) => Err(throw::callback(error)),
            None => Ok(refused.err().map(|refused| refused.to_string())),
        }
    }
}

fn of_system(host: &str) -> Vec<IpAddr> {
    let found = (host, 0).to_socket_addrs().into_iter().flatten();
    found.map(|address| address.ip()).collect()
}

fn asked(resolve: &ZendCallable<'_>, host: &str) -> Result<Vec<IpAddr>, CallbackError> {
    let answer: Zval = callbacks::call(resolve, vec![&host])?;
    let items = answer.array().into_iter().flat_map(|array| array.iter());
    let texts = items.filter_map(|(_, item)| value::scalar_bytes(item));
    let addresses = texts.filter_map(|text| std::str::from_utf8(&text).ok()?.parse().ok());
    Ok(addresses.collect())
}
