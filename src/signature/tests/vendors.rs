//! What all vendors' schemes have in common: ids, mutations of the headers with the exact refusal,
//! both edges of each window.

use super::deliveries::*;
use super::*;

const TWITCH_ID: &str = "twitch-eventsub-message-id";
const TWITCH_TIME: &str = "twitch-eventsub-message-timestamp";

#[test]
fn a_delivery_of_each_vendor_brings_its_events_by_the_right_id() {
    for (delivery, ids) in [
        (svix(), vec![STANDARD_ID]),
        (standard_v1a(), vec![STANDARD_ID]),
        (slack(), vec!["hash"]),
        (shopify(), vec!["b54557e4"]),
        (twitch(), vec!["befa7b53-d79d-478f-86b9-120f112b044e"]),
        (paddle(), vec!["hash"]),
        (square(), vec!["ac3ac95b-f97d-458c-a6e6-18981597e05f"]),
        (mollie(), vec!["tr_12345"]),
        (intercom(), vec!["notif_1"]),
        (linear(), vec!["234d1a4e"]),
        (calendly(), vec!["hash"]),
        (zoom(), vec!["hash"]),
        (
            mailgun(),
            vec!["e0b5477167110d68991efc6b9f89f0a11066af27834600e123"],
        ),
        (salesforce(), vec!["1"]),
        (hubspot_v3(), vec!["hash"]),
        (hubspot_v2(), vec!["hash"]),
        (hubspot_v1(), vec!["1"]),
        (adyen(), vec!["7914073381342284:AUTHORISATION"]),
        (adyen_platform(), vec!["hash"]),
        (twilio(), vec!["hash"]),
        (twilio_json(), vec!["hash"]),
        (discord(), vec![]),
        (
            sendgrid(),
            vec!["ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA"],
        ),
        (generic(), vec!["e-1"]),
    ] {
        let found = delivery.ids();
        assert_eq!(found.len(), ids.len(), "{}", delivery.scheme);
        for (found, expected) in found.iter().zip(ids) {
            let is_hash = found.len() == 64 && found.bytes().all(|b| b.is_ascii_hexdigit());
            let found = if is_hash { "hash" } else { found };
            assert_eq!(found, expected, "{}", delivery.scheme);
        }
    }
}

#[test]
fn both_edges_of_each_window_are_taken_and_the_next_millisecond_is_not() {
    for (delivery, signed_ms, tolerance_ms) in [
        (svix(), STANDARD_NOW.0, 300_000),
        (standard_v1a(), STANDARD_NOW.0, 300_000),
        (slack(), 1_531_420_618_000, 300_000),
        (twitch(), 1_666_823_803_128, 600_000),
        (paddle(), 1_696_195_954_000, 5_000),
        (linear(), 1_700_000_000_000, 60_000),
        (calendly(), 1_700_000_000_000, 180_000),
        (zoom(), 1_739_923_528_000, 300_000),
        (mailgun(), 1_770_920_772_000, 600_000),
        (hubspot_v3(), 1_700_000_000_000, 300_000),
        (discord(), 1_599_862_913_000, 300_000),
        (
            sendgrid().option("tolerance_s", Value::Int(60)),
            1_600_112_502_000,
            60_000,
        ),
        (generic(), 1_700_000_000_000, 300_000),
    ] {
        for (offset_ms, expected) in [
            (-tolerance_ms - 1, Some(Refusal::TimestampInFuture)),
            (-tolerance_ms, None),
            (tolerance_ms, None),
            (tolerance_ms + 1, Some(Refusal::TimestampTooOld)),
        ] {
            let verified = delivery.clone().at(signed_ms + offset_ms).verify();
            assert_eq!(verified.err(), expected, "{} {offset_ms}", delivery.scheme);
        }
    }
}

pub(super) fn assert_refused(rows: Vec<(Delivery, Refusal)>) {
    for (at, (delivery, expected)) in rows.into_iter().enumerate() {
        let refusal = delivery.verify().err();
        assert_eq!(refusal, Some(expected), "row {at}: {delivery:?}");
    }
}

#[test]
fn another_secret_or_another_body_never_matches() {
    for delivery in [
        svix(),
        slack(),
        shopify(),
        twitch(),
        paddle(),
        square(),
        mollie(),
        intercom(),
        linear(),
        calendly(),
        zoom(),
        mailgun(),
        salesforce(),
        hubspot_v3(),
        hubspot_v2(),
        hubspot_v1(),
        twilio(),
        twilio_json(),
        generic(),
    ] {
        let other = Value::List(vec![text("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")]);
        let refusal = delivery.clone().option("secrets", other).verify().err();
        assert_eq!(refusal, Some(Refusal::NoMatch), "{}", delivery.scheme);
        // A space keeps JSON what it is; Mailgun signs no body.
        let longer = format!("{} ", delivery.body);
        let refusal = delivery.clone().body(&longer).verify().err();
        let expected = (delivery.scheme != "mailgun").then_some(Refusal::NoMatch);
        assert_eq!(refusal, expected, "{}", delivery.scheme);
    }
}

#[test]
fn each_mutation_of_schemes_with_a_time_is_refused_for_its_own_reason() {
    use Refusal::{MalformedHeader, MalformedTimestamp, MissingHeader, NoMatch};
    assert_refused(vec![
        (svix().without("svix-id"), MissingHeader("svix-id")),
        (
            svix()
                .without("svix-signature")
                .header("webhook-signature", STANDARD_SIGNATURE),
            MissingHeader("svix-signature"),
        ),
        (
            slack().without("x-slack-signature"),
            MissingHeader("x-slack-signature"),
        ),
        (
            slack().header("x-slack-signature", "a2114d57"),
            MalformedHeader("x-slack-signature"),
        ),
        (
            slack().header("x-slack-request-timestamp", "1531420618x"),
            MalformedTimestamp,
        ),
        (
            slack().header("x-slack-request-timestamp", "1531420619"),
            NoMatch,
        ),
        (
            twitch().header(TWITCH_ID, "befa:7b53"),
            MalformedHeader(TWITCH_ID),
        ),
        (
            twitch().header(TWITCH_TIME, "2022-10-26T22:36:43.127Z"),
            NoMatch,
        ),
        (
            twitch().header(TWITCH_TIME, "1666823803"),
            MalformedTimestamp,
        ),
    ]);
}

#[test]
fn each_mutation_of_schemes_with_a_timed_list_is_refused_for_its_own_reason() {
    use Refusal::{MalformedHeader, MalformedTimestamp, MissingHeader};
    assert_refused(vec![
        (
            paddle().header(
                "paddle-signature",
                "ts=1696195954;h2=d96299976a6eb066f484d7fde011ac56fc32b38fc9940bc419d6e537fdc6ef02",
            ),
            Refusal::UnsupportedAlgorithm,
        ),
        (
            paddle().header("paddle-signature", "h1=d962"),
            MalformedHeader("paddle-signature"),
        ),
        (linear().body(r#"{"type":"Issue"}"#), Refusal::MalformedBody),
        (
            linear().body(r#"{"webhookTimestamp":1.7e12}"#),
            MalformedTimestamp,
        ),
        (
            linear().body(r#"{"webhookTimestamp":1700000000}"#),
            MalformedTimestamp,
        ),
        (
            calendly().header("calendly-webhook-signature", "v1=508d"),
            MalformedHeader("calendly-webhook-signature"),
        ),
        (
            zoom().without("x-zm-signature"),
            MissingHeader("x-zm-signature"),
        ),
    ]);
}

#[test]
fn each_mutation_of_schemes_without_a_time_is_refused_for_its_own_reason() {
    use Refusal::{MalformedHeader, MissingHeader};
    assert_refused(vec![
        (
            shopify().header("x-shopify-hmac-sha256", "whoops_this_is_wrong"),
            MalformedHeader("x-shopify-hmac-sha256"),
        ),
        (shopify().body(""), Refusal::MalformedBody),
        (
            mollie().header("x-mollie-signature", "invalid_signature"),
            MalformedHeader("x-mollie-signature"),
        ),
        (
            mollie().without("x-mollie-signature"),
            MissingHeader("x-mollie-signature"),
        ),
        (
            intercom().header(
                "x-hub-signature",
                "sha256=23227fc8c3b135104982418369555b8e0c12e64c",
            ),
            MalformedHeader("x-hub-signature"),
        ),
        (
            salesforce().header("x-sfmc-ens-signature", "uHRg"),
            MalformedHeader("x-sfmc-ens-signature"),
        ),
        (
            twilio().header("x-twilio-signature", "FAIL"),
            MalformedHeader("x-twilio-signature"),
        ),
        (twilio().called(""), Refusal::MissingUrl),
        (
            twilio().header("content-type", "application/json"),
            Refusal::MalformedBody,
        ),
    ]);
}

#[test]
fn each_mutation_of_configured_schemes_is_refused_for_its_own_reason() {
    use Refusal::{MalformedHeader, MalformedTimestamp, MissingHeader, NoMatch};
    assert_refused(vec![
        (square().body(""), Refusal::MalformedBody),
        (
            square().option("notification_url", Value::Null),
            Refusal::MissingUrl,
        ),
        (
            square().option("notification_url", text("https://webhook.site/79a4f3a")),
            NoMatch,
        ),
        (
            hubspot_v3().header("x-hubspot-request-timestamp", "1700000000"),
            MalformedTimestamp,
        ),
        (
            hubspot_v3()
                .without("x-hubspot-signature-v3")
                .header("x-hubspot-signature", "9569"),
            MissingHeader("x-hubspot-signature-v3"),
        ),
        (
            hubspot_v1().header("x-hubspot-signature-version", "v2"),
            Refusal::UnsupportedAlgorithm,
        ),
        (hubspot_v1().body("[]\u{80}"), Refusal::MalformedBody),
        (
            adyen_platform().without("hmacsignature"),
            MissingHeader("hmacsignature"),
        ),
        (
            generic().header("x-acme-mac", "30b9"),
            MalformedHeader("signature (as configured)"),
        ),
        (
            generic().without("x-acme-time"),
            MissingHeader("timestamp (as configured)"),
        ),
        (
            generic().header("x-acme-id", "e|1"),
            MalformedHeader("id (as configured)"),
        ),
        (generic().header("x-acme-id", "e-2"), NoMatch),
    ]);
}
