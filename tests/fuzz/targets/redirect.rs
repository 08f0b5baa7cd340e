//! Locations and targets: the first line is the status' last digit and the URL that was asked, the
//! second where it leads.

use causeway::http::guard::{self, check_literal, check_url};
use causeway::http::parsers::{redirected, target};
use causeway::options::{Plan, Value};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use url::{Host, Url};

const STATUSES: [u16; 6] = [301, 302, 303, 307, 308, 200];

thread_local! {
    static PLAN: Plan = {
        let base_uri = ("base_uri", Value::from("https://a.example/v1/"));
        Plan::parse("shop", &Value::map([base_uri])).expect("the options are good")
    };
}

/// No redirect leaves http, comes down from https, or takes the caller's fields to strangers.
pub(crate) fn run(data: &[u8]) {
    let at = data.iter().position(|b| *b == b'\n').unwrap_or(data.len());
    let (first, location) = data.split_at(at);
    let location = location.get(1..).unwrap_or_default();
    let Some((number, from)) = first.split_first() else {
        return;
    };
    let from = String::from_utf8_lossy(from);
    let options = guard::Options::default();
    let checked = check_url(options, &from, |_| Vec::new());
    if let Ok(url) = PLAN.with(|plan| target(plan, &String::from_utf8_lossy(location))) {
        assert!(matches!(url.scheme(), "http" | "https"));
        assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
        assert!(url.has_host());
    }
    let Ok(from) = Url::parse(&from) else {
        assert!(checked.is_err());
        return;
    };
    let status = STATUSES[usize::from(*number) % STATUSES.len()];
    let status = StatusCode::from_u16(status).expect("it is one");
    let Some((method, to, names)) = redirected(&Method::POST, &from, &fields(), status, location)
    else {
        return;
    };
    assert!(matches!(to.scheme(), "http" | "https"));
    assert!(from.scheme() != "https" || to.scheme() == "https");
    assert!(to.username().is_empty() && to.password().is_none() && to.fragment().is_none());
    assert!(to.host_str().is_some_and(|host| !host.is_empty()));
    assert!(method == Method::POST || method == Method::GET);
    if to.origin() != from.origin() {
        let is_secret = |name: &HeaderName| *name == header::AUTHORIZATION || *name == "x-api-key";
        assert!(!names.iter().any(is_secret));
    }
    let address = match to.host() {
        Some(Host::Ipv4(v4)) => v4.into(),
        Some(Host::Ipv6(v6)) => v6.into(),
        Some(Host::Domain(_)) | None => return,
    };
    let is_allowed = check_literal(options, &to).is_ok();
    assert_eq!(is_allowed, guard::class(address) == guard::Class::Global);
}

fn fields() -> HeaderMap {
    let names = ["accept", "authorization", "x-api-key", "content-type"];
    let value = HeaderValue::from_static("x");
    let fields = names.map(|name| (HeaderName::from_static(name), value.clone()));
    fields.into_iter().collect()
}
