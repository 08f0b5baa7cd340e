use std::net::{IpAddr, SocketAddr};

use super::{Class, Options, check_literal, check_url, class, filter};

const PUBLIC_ONLY: Options = Options {
    allow_private: false,
};
const ALL: Options = Options {
    allow_private: true,
};

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn at(text: &str) -> SocketAddr {
    SocketAddr::new(ip(text), 80)
}

#[test]
fn classes_of_ipv4_addresses() {
    use Class::{Global, Never, Private};
    let rows = [
        ("93.184.216.34", Global),
        ("1.1.1.1", Global),
        ("9.255.255.255", Global),
        ("11.0.0.0", Global),
        ("100.63.255.255", Global),
        ("100.128.0.0", Global),
        ("126.255.255.255", Global),
        ("128.0.0.0", Global),
        ("169.253.255.255", Global),
        ("172.15.255.255", Global),
        ("172.32.0.0", Global),
        ("192.0.1.1", Global),
        ("192.169.0.0", Global),
        ("198.17.255.255", Global),
        ("198.20.0.0", Global),
        ("223.255.255.255", Global),
        ("10.0.0.1", Private),
        ("100.64.0.1", Private),
        ("127.0.0.1", Private),
        ("127.255.255.254", Private),
        ("169.254.169.254", Private),
        ("172.16.0.1", Private),
        ("172.31.255.255", Private),
        ("192.168.1.1", Private),
        ("0.0.0.0", Never),
        ("0.1.2.3", Never),
        ("192.0.0.1", Never),
        ("192.0.2.1", Never),
        ("192.88.99.1", Never),
        ("198.18.0.1", Never),
        ("198.51.100.1", Never),
        ("203.0.113.1", Never),
        ("224.0.0.1", Never),
        ("240.0.0.1", Never),
        ("255.255.255.255", Never),
    ];
    for (address, expected) in rows {
        assert_eq!(class(ip(address)), expected, "{address}");
    }
}

#[test]
fn classes_of_ipv6_addresses() {
    use Class::{Global, Never, Private};
    let rows = [
        ("2606:2800:220:1:248:1893:25c8:1946", Global),
        ("2a00:1450:4001::1", Global),
        ("64:ff9b::5db8:d822", Global),
        ("::ffff:93.184.216.34", Global),
        ("::1", Private),
        ("fc00::1", Private),
        ("fd12:3456::1", Private),
        ("fe80::1", Private),
        ("febf::1", Private),
        ("::ffff:127.0.0.1", Private),
        ("::ffff:169.254.169.254", Private),
        ("64:ff9b::7f00:1", Private),
        ("::", Never),
        ("::ffff:0.0.0.0", Never),
        ("::127.0.0.1", Never),
        ("::2", Never),
        ("64:ff9b:1::7f00:1", Never),
        ("100::1", Never),
        ("2001::1", Never),
        ("2001:10::1", Never),
        ("2001:1ff::1", Never),
        ("2001:200::1", Global),
        ("2001:db8::1", Never),
        ("2002:7f00:1::1", Never),
        ("3fff:fff::1", Never),
        ("3fff:1000::1", Global),
        ("5f00::1", Never),
        ("fec0::1", Never),
        ("ff02::1", Never),
    ];
    for (address, expected) in rows {
        assert_eq!(class(ip(address)), expected, "{address}");
    }
}

#[test]
fn odd_spellings_of_literals_are_normalised_before_the_decision() {
    let rows = [
        ("http://127.0.0.1:80", false),
        ("http://0.0.0.0:80", false),
        ("http://127.1/", false),
        ("http://2130706433/", false),
        ("http://0x7f000001/", false),
        ("http://0x7f.1/", false),
        ("http://017700000001/", false),
        ("http://127.0.0.1./", false),
        ("http://①②⑦.0.0.1/", false),
        ("http://[::1]/", false),
        ("http://[::ffff:7f00:1]/", false),
        ("http://[0:0:0:0:0:ffff:127.0.0.1]/", false),
        ("http://169.254.169.254/latest/meta-data/", false),
        ("http://3232235777/", false),
        ("http://93.184.216.34/", true),
        ("http://1572395042/", true),
        ("http://[2606:2800:220:1:248:1893:25c8:1946]/", true),
        // A name: decided in the resolver.
        ("http://localhost:22", true),
    ];
    for (url, allowed) in rows {
        let parsed = url::Url::parse(url).unwrap();
        assert_eq!(
            check_literal(PUBLIC_ONLY, &parsed).is_ok(),
            allowed,
            "{url}"
        );
    }
}

#[test]
fn a_connection_may_allow_private_places_but_no_impossible_ones() {
    let rows = [
        ("http://127.0.0.1/", true),
        ("http://10.1.2.3/", true),
        ("http://0.0.0.0/", false),
    ];
    for (url, allowed) in rows {
        let parsed = url::Url::parse(url).unwrap();
        assert_eq!(check_literal(ALL, &parsed).is_ok(), allowed, "{url}");
    }
}

#[test]
fn a_name_keeps_its_allowed_addresses_alone() {
    let mixed = [at("10.0.0.1"), at("93.184.216.34"), at("::1")];
    assert_eq!(
        filter(PUBLIC_ONLY, "mixed.example", mixed),
        Ok(vec![at("93.184.216.34")])
    );
    let refused = filter(PUBLIC_ONLY, "rebound.example", [at("127.0.0.1")]).unwrap_err();
    assert_eq!(
        (refused.host.as_str(), refused.address),
        ("rebound.example", ip("127.0.0.1"))
    );
    assert_eq!(filter(PUBLIC_ONLY, "nothing.example", []), Ok(vec![]));
}

/// What names have for addresses.
fn stub(host: &str) -> Vec<IpAddr> {
    match host {
        "example.com" => vec![ip("93.184.216.34")],
        "both.example" => vec![ip("93.184.216.34"), ip("10.0.0.1")],
        "localhost" => vec![ip("127.0.0.1")],
        _ => Vec::new(),
    }
}

#[test]
fn whole_urls() {
    let refused = |url: &str| {
        check_url(Options::default(), url, stub)
            .err()
            .map(|refused| refused.to_string())
    };
    let rows = [
        ("http://example.com/", None),
        ("https://EXAMPLE.com:8443/a?b", None),
        ("http://93.184.216.34/", None),
        (
            "http://both.example/",
            Some("both.example is at 10.0.0.1, which this connection may not reach"),
        ),
        (
            "http://localhost/",
            Some("localhost is at 127.0.0.1, which this connection may not reach"),
        ),
        (
            "http://127.1/",
            Some("127.0.0.1 is at 127.0.0.1, which this connection may not reach"),
        ),
        (
            "http://example.com@127.0.0.1/",
            Some("127.0.0.1 is at 127.0.0.1, which this connection may not reach"),
        ),
        (
            "http://[::ffff:10.0.0.1]/",
            Some("::ffff:10.0.0.1 is at ::ffff:10.0.0.1, which this connection may not reach"),
        ),
        (
            "http://nowhere.example/",
            Some("nowhere.example does not resolve"),
        ),
        (
            "file:///etc/passwd",
            Some("the scheme 'file' is neither http nor https"),
        ),
        (
            "gopher://example.com/",
            Some("the scheme 'gopher' is neither http nor https"),
        ),
        ("no url", Some("it is no URL with a host")),
        ("http://", Some("it is no URL with a host")),
    ];
    for (url, expected) in rows {
        assert_eq!(refused(url).as_deref(), expected, "{url}");
    }
    let private = Options {
        allow_private: true,
    };
    assert_eq!(check_url(private, "http://localhost/", stub), Ok(()));
}
