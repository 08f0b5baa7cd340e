use super::{Denied, Issued, read};
use std::time::Duration;

#[test]
fn usable_answers() {
    let rows: [(&str, u64); 5] = [
        (
            r#"{"access_token":"a.b-c_d~e+f/g==","token_type":"Bearer","expires_in":3600}"#,
            3600,
        ),
        (
            r#"{"access_token":"t","token_type":"bEaReR","expires_in":"60"}"#,
            60,
        ),
        (r#"{"access_token":"t","token_type":"bearer"}"#, 300),
        (
            r#"{"access_token":"t","token_type":"bearer","expires_in":null}"#,
            300,
        ),
        (
            r#"{"access_token":"t","token_type":"bearer","expires_in":99999999}"#,
            86_400,
        ),
    ];
    for (body, lifetime_s) in rows {
        let issued = read(200, body.as_bytes()).unwrap();
        assert_eq!(issued.lifetime, Duration::from_secs(lifetime_s), "{body}");
    }
}

#[test]
fn answers_that_hold_no_usable_token() {
    let rows = [
        "",
        "[]",
        "<html>",
        r#"{"token_type":"bearer"}"#,
        r#"{"access_token":"","token_type":"bearer"}"#,
        r#"{"access_token":7,"token_type":"bearer"}"#,
        r#"{"access_token":"a b","token_type":"bearer"}"#,
        r#"{"access_token":"a\r\nX: y","token_type":"bearer"}"#,
        r#"{"access_token":"t"}"#,
        r#"{"access_token":"t","token_type":"mac"}"#,
        r#"{"access_token":"t","token_type":"bearer","expires_in":0}"#,
        r#"{"access_token":"t","token_type":"bearer","expires_in":-5}"#,
        r#"{"access_token":"t","token_type":"bearer","expires_in":"soon"}"#,
    ];
    for body in rows {
        let denied = read(200, body.as_bytes()).unwrap_err();
        assert!(
            !denied.transient && denied.message.contains("not usable"),
            "{body}"
        );
    }
}

#[test]
fn refusals_say_status_and_code_and_whether_to_ask_again() {
    let rows: [(u16, &str, &str, bool); 7] = [
        (
            400,
            r#"{"error":"invalid_scope"}"#,
            "400 (invalid_scope)",
            false,
        ),
        (
            400,
            r#"{"error":"temporarily_unavailable"}"#,
            "400 (temporarily_unavailable)",
            true,
        ),
        (401, r#"{"error":"Secret 42!"}"#, "401", false),
        (403, "", "403", false),
        (429, "{}", "429", true),
        (500, "", "500", true),
        (302, "", "302", false),
    ];
    for (status, body, said, transient) in rows {
        let message = format!("the identity provider answered {said}");
        assert_eq!(
            read(status, body.as_bytes()),
            Err(Denied { message, transient })
        );
    }
}

#[test]
fn renewal_comes_ten_percent_but_at_most_30_s_before_the_end() {
    for (lifetime_s, refresh_ms) in [(10, 9000), (300, 270_000), (3600, 3_570_000), (1, 900)] {
        let issued = Issued {
            token: String::new(),
            lifetime: Duration::from_secs(lifetime_s),
        };
        assert_eq!(issued.refresh_after(), Duration::from_millis(refresh_ms));
    }
}
