use http::{HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;

/// 2026-11-01T00:00:00Z.
const NOW: UnixMs = UnixMs::from_secs(1_793_491_200);

fn headers(fields: &[(&str, &str)]) -> HeaderMap {
    fields
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            )
        })
        .collect()
}

fn read(fields: &[(&str, &str)]) -> RateLimit {
    RateLimit::read(&headers(fields), NOW)
}

#[test]
fn the_draft_lists_limits_by_policy() {
    let found = read(&[
        (
            "ratelimit",
            r#""burst";r=7;t=12, "daily";r=999;pk=:dHJpYWwxMjEzMjM=:"#,
        ),
        ("ratelimit-policy", r#""burst";q=100;w=60"#),
        (
            "ratelimit-policy",
            r#""daily";q=1000;w=86400;qu="content-bytes""#,
        ),
    ]);
    let burst = Limit {
        policy: Some("burst".to_owned()),
        remaining: 7,
        limit: Some(100),
        reset: Some(Duration::from_secs(12)),
        partition: None,
    };
    let daily = Limit {
        policy: Some("daily".to_owned()),
        remaining: 999,
        limit: Some(1000),
        reset: None,
        partition: Some(b"trial121323".to_vec()),
    };
    assert_eq!(found.limits, [burst, daily]);
    let [first, second] = found.policies.as_slice() else {
        panic!("{:?}", found.policies);
    };
    assert_eq!(
        (first.name.as_str(), first.quota, first.window),
        ("burst", 100, Some(Duration::from_secs(60)))
    );
    assert_eq!(
        (second.name.as_str(), second.unit.as_deref()),
        ("daily", Some("content-bytes"))
    );
}

#[test]
fn a_malformed_field_is_ignored_as_a_whole() {
    let malformed = [
        "",
        r#""a""#,
        r#""a";t=5"#,
        r#""a";r=-1"#,
        r#""a";r=1.5"#,
        r#""a";r="1""#,
        r#""a";r=1;t=-1"#,
        r#""a";r=1;t=1.5"#,
        r#""a";r=1;pk=x"#,
        r#"a;r=1"#,
        "5;r=1",
        r#"("a");r=1"#,
        r#""a";r=1,"#,
        r#""a;r=1"#,
        r#""a";r=1 "b";r=2"#,
        r#""a";r=1, "b""#,
        "limit=100, remaining=50, reset=30",
    ];
    for value in malformed {
        assert_eq!(
            read(&[("ratelimit", value)]),
            RateLimit::default(),
            "{value}"
        );
    }
}

#[test]
fn older_fields_and_what_their_reset_means() {
    let in_90_s = (NOW.as_secs() + 90).to_string();
    let in_90_s_as_ms = ((NOW.as_secs() + 90) * 1000 - 1).to_string();
    let rows = [
        ("ratelimit", "5", "90", Some((5, Some(90)))),
        ("x-ratelimit", "5", "90", Some((5, Some(90)))),
        ("x-rate-limit", "5", "90", Some((5, Some(90)))),
        ("x-ratelimit", "0", in_90_s.as_str(), Some((0, Some(90)))),
        (
            "x-ratelimit",
            "0",
            in_90_s_as_ms.as_str(),
            Some((0, Some(90))),
        ),
        ("x-ratelimit", "0", "1793491100", Some((0, Some(0)))),
        ("x-ratelimit", "0", "1.25", Some((0, Some(2)))),
        ("x-ratelimit", "0", "3.0", Some((0, Some(3)))),
        ("x-ratelimit", "4, 4;w=1", "3", Some((4, Some(3)))),
        ("x-ratelimit", "0", "soon", Some((0, None))),
        ("x-ratelimit", "many", "3", None),
        ("x-ratelimit", "-1", "3", None),
    ];
    for (prefix, remaining, reset, expected) in rows {
        let names = [
            format!("{prefix}-remaining"),
            format!("{prefix}-reset"),
            format!("{prefix}-limit"),
        ];
        let found = read(&[
            (&names[0], remaining),
            (&names[1], reset),
            (&names[2], "60"),
        ]);
        let limits: Vec<_> = found
            .limits
            .iter()
            .map(|limit| {
                assert_eq!(limit.limit, Some(60));
                (limit.remaining, limit.reset.map(|reset| reset.as_secs()))
            })
            .collect();
        assert_eq!(
            limits,
            expected.into_iter().collect::<Vec<_>>(),
            "{prefix} {remaining} {reset}"
        );
    }
}

#[test]
fn the_newest_well_formed_fields_count() {
    let found = read(&[
        ("ratelimit", r#""a";r=1"#),
        ("ratelimit-remaining", "2"),
        ("x-ratelimit-remaining", "3"),
    ]);
    assert_eq!(found.limits[0].remaining, 1);
    let found = read(&[("ratelimit", "broken;"), ("x-ratelimit-remaining", "3")]);
    assert_eq!(found.limits[0].remaining, 3);
}

#[test]
fn how_long_the_vendor_asks_to_be_left_alone() {
    type Row = (&'static [(&'static str, &'static str)], Option<u64>);
    let rows: [Row; 8] = [
        (
            &[("ratelimit", r#""a";r=0;t=10"#), ("retry-after", "3")],
            Some(3),
        ),
        (
            &[("ratelimit", r#""a";r=0;t=10"#), ("retry-after", "soon")],
            Some(10),
        ),
        (
            &[("ratelimit", r#""a";r=0;t=10, "b";r=0;t=20, "c";r=1;t=99"#)],
            Some(20),
        ),
        (&[("ratelimit", r#""a";r=0"#)], None),
        (&[("ratelimit", r#""a";r=1;t=10"#)], None),
        (
            &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "7")],
            Some(7),
        ),
        (
            &[
                ("retry-after", "Sun, 01 Nov 2026 00:00:05 GMT"),
                ("date", "Sun, 01 Nov 2026 00:00:01 GMT"),
            ],
            Some(4),
        ),
        (&[], None),
    ];
    for (fields, expected) in rows {
        let found = asked(&headers(fields), NOW);
        assert_eq!(found.map(|wait| wait.as_secs()), expected, "{fields:?}");
    }
}

#[test]
fn the_slowest_of_the_announced_limits_counts() {
    let now = Monotonic::from_millis(1000);
    let found = read(&[(
        "ratelimit",
        r#""a";r=9;t=10, "b";r=1;t=4, "c";r=500;t=9000"#,
    )]);
    assert_eq!(
        found.announced(now).map(|announced| announced.interval),
        Some(Duration::from_secs(2))
    );
    assert_eq!(
        read(&[("ratelimit", r#""a";r=50;t=10"#)]).announced(now),
        None
    );
}

proptest! {
    #[test]
    fn no_bytes_can_do_harm(value in prop::collection::vec(0x20_u8..0x7f, 0..80), unix_s: i32) {
        let Ok(value) = HeaderValue::from_bytes(&value) else { return Ok(()) };
        for name in ["ratelimit", "ratelimit-policy", "x-ratelimit-remaining", "x-ratelimit-reset"] {
            let mut headers = headers(&[("x-ratelimit-remaining", "0")]);
            headers.insert(HeaderName::from_static(name), value.clone());
            let found = RateLimit::read(&headers, UnixMs::from_secs(unix_s.into()));
            for limit in found.limits {
                prop_assert!(limit.reset.unwrap_or_default() <= retry_after::MAX);
            }
        }
    }
}
