//! A delivery of each scheme that holds, with the verifier that it is for. Vectors are the vendors'
//! own where they publish any.

use super::*;

const HUBSPOT_SECRET: &str = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy";
const ADYEN_KEY: &str = "DFB1EB5485895CFA84146406857104ABB4CBCABDC8AAF103A624C8F6A3EAAB00";
const SQUARE_URL: &str = "https://webhook.site/679a4f3a-dcfa-49ee-bac5-9d0edad886b9";

/// A delivery and the verifier that it is for.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    pub(super) scheme: &'static str,
    pub(super) options: Vec<(&'static str, Value)>,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
    pub(super) url: &'static str,
    pub(super) now_ms: i64,
}

impl Delivery {
    pub(super) fn new(
        scheme: &'static str,
        secret: &str,
        headers: &[(&'static str, &str)],
        body: &str,
    ) -> Self {
        Self {
            scheme,
            options: vec![("secrets", Value::List(vec![text(secret)]))],
            headers: headers
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned()))
                .collect(),
            body: body.to_owned(),
            url: "",
            now_ms: 0,
        }
    }

    pub(super) fn at(mut self, now_ms: i64) -> Self {
        self.now_ms = now_ms;
        self
    }

    pub(super) fn called(mut self, url: &'static str) -> Self {
        self.url = url;
        self
    }

    pub(super) fn option(mut self, name: &'static str, value: Value) -> Self {
        self.options.retain(|(key, _)| *key != name);
        self.options.push((name, value));
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(key, _)| *key != name);
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(key, _)| *key != name);
        self
    }

    pub(super) fn body(mut self, body: &str) -> Self {
        body.clone_into(&mut self.body);
        self
    }

    pub(super) fn verify(&self) -> Result<Verified, Refusal> {
        let options = self
            .options
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()));
        let verifier = Verifier::new(self.scheme, &Value::Map(options.collect())).unwrap();
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_bytes()));
        let headers = Headers::new(headers);
        let message = Message {
            body: self.body.as_bytes(),
            headers: &headers,
            method: "POST",
            url: self.url,
        };
        verifier.verify(&message, UnixMs(self.now_ms))
    }

    pub(super) fn ids(&self) -> Vec<String> {
        let verified = self
            .verify()
            .unwrap_or_else(|refusal| panic!("{self:?}: {refusal}"));
        verified
            .events
            .iter()
            .map(|event| event.id().to_owned())
            .collect()
    }
}

pub(super) fn only_public_key(mut delivery: Delivery, name: &'static str, key: &str) -> Delivery {
    delivery.options = vec![(name, text(key))];
    delivery
}

pub(super) fn svix() -> Delivery {
    let headers = [
        ("svix-id", STANDARD_ID),
        ("svix-timestamp", STANDARD_TIME),
        ("svix-signature", STANDARD_SIGNATURE),
    ];
    Delivery::new("svix", STANDARD_SECRET, &headers, STANDARD_BODY).at(STANDARD_NOW.0)
}

pub(super) fn standard_v1a() -> Delivery {
    let signature = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";
    let headers = [
        ("webhook-id", STANDARD_ID),
        ("webhook-timestamp", STANDARD_TIME),
        ("webhook-signature", signature),
    ];
    let mut delivery =
        Delivery::new("standard-webhooks", "", &headers, STANDARD_BODY).at(STANDARD_NOW.0);
    delivery.options = vec![(
        "public_keys",
        Value::List(vec![text(
            "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=",
        )]),
    )];
    delivery
}

pub(super) fn slack() -> Delivery {
    let headers = [
        ("x-slack-request-timestamp", "1531420618"),
        (
            "x-slack-signature",
            "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        ),
    ];
    let body = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    Delivery::new("slack", "8f742231b10e8888abcd99yyyzzz85a5", &headers, body).at(1_531_420_618_000)
}

pub(super) fn shopify() -> Delivery {
    let headers = [
        (
            "x-shopify-hmac-sha256",
            "+R9TwYM4mbLTk3hEAOBkpA7zW2lc9vNFmVKs2u2jtyY=",
        ),
        ("x-shopify-topic", "products/update"),
        ("x-shopify-webhook-id", "b54557e4"),
    ];
    Delivery::new(
        "shopify",
        "7008c5f4da4718b9b45d26d3fcbbb157",
        &headers,
        r#"{"foo":"bar"}"#,
    )
}

pub(super) fn twitch() -> Delivery {
    let headers = [
        (
            "twitch-eventsub-message-id",
            "befa7b53-d79d-478f-86b9-120f112b044e",
        ),
        (
            "twitch-eventsub-message-timestamp",
            "2022-10-26T22:36:43.127892259Z",
        ),
        (
            "twitch-eventsub-message-signature",
            "sha256=2776648d07771d0c0fb24f664548f2a1b8f84822a7705684d5e507206e89b87e",
        ),
        ("twitch-eventsub-message-type", "notification"),
    ];
    let body = r#"{"subscription":{"id":"f1c2a387-161a-49f9-a165-0f21d7a4e1c4","type":"channel.follow"},"event":{"user_id":"1234"}}"#;
    Delivery::new("twitch-eventsub", "s3cRe7potaytoes", &headers, body).at(1_666_823_803_128)
}

pub(super) fn paddle() -> Delivery {
    let header = "ts=1696195954;h1=dummy;h1=d96299976a6eb066f484d7fde011ac56fc32b38fc9940bc419d6e537fdc6ef02";
    let secret = "pdl_ntf_01hbpjmytsa32fhr36nqgc3kgb_WvRO0eL4Bj9rgYYIBZY6wZhG4EHy9jzh";
    Delivery::new(
        "paddle",
        secret,
        &[("paddle-signature", header)],
        "hello-world",
    )
    .at(1_696_195_954_000)
}

pub(super) fn square() -> Delivery {
    let body = r#"{"merchant_id":"MLEFBHHSJGVHD","type":"webhooks.test_notification","event_id":"ac3ac95b-f97d-458c-a6e6-18981597e05f","created_at":"2022-07-13T20:30:59.037339943Z","data":{"type":"webhooks","id":"bc368e64-01aa-407e-b46e-3231809b1129"}}"#;
    let header = [(
        "x-square-hmacsha256-signature",
        "GF4YkrJgGBDZ9NIYbNXBnMzqb2HoL4RW/S6vkZ9/2N4=",
    )];
    Delivery::new("square", "Ibxx_5AKakO-3qeNVR61Dw", &header, body)
        .option("notification_url", text(SQUARE_URL))
}

pub(super) fn mollie() -> Delivery {
    let header = [(
        "x-mollie-signature",
        "sha256=e479a5e4aaa17db94cfc546071e10e91c0b37f21e464e751ebdd7d7ad2ffd146",
    )];
    Delivery::new(
        "mollie",
        "test_webhook_secret",
        &header,
        r#"{"id":"tr_12345","event_type":"payment-link.paid"}"#,
    )
}

pub(super) fn intercom() -> Delivery {
    let header = [(
        "x-hub-signature",
        "sha1=23227fc8c3b135104982418369555b8e0c12e64c",
    )];
    Delivery::new(
        "intercom",
        "intercom-client-secret",
        &header,
        r#"{"type":"notification_event","id":"notif_1"}"#,
    )
}

pub(super) fn linear() -> Delivery {
    let headers = [
        (
            "linear-signature",
            "01ca1fdc02538d4ec4b09e3871a04ce504c9e78194f4c3534fcbd9d0916e6d9b",
        ),
        ("linear-delivery", "234d1a4e"),
    ];
    let body =
        r#"{"action":"create","type":"Issue","webhookTimestamp":1700000000000,"webhookId":"w1"}"#;
    Delivery::new("linear", "lin_wh_secret", &headers, body).at(1_700_000_000_000)
}

pub(super) fn calendly() -> Delivery {
    let header = "t=1700000000,v1=508d3e456d6b6b389f99cedbaf820af5091f0be3bf8f320582682acc40961dc3";
    Delivery::new(
        "calendly",
        "calendly-key",
        &[("calendly-webhook-signature", header)],
        r#"{"event":"invitee.created"}"#,
    )
    .at(1_700_000_000_000)
}

pub(super) fn zoom() -> Delivery {
    let headers = [
        ("x-zm-request-timestamp", "1739923528"),
        (
            "x-zm-signature",
            "v0=28fc604367d40bdd416dde256d1fbd4adb5528566bf76c20698c9b9ea809c744",
        ),
    ];
    let body =
        r#"{"event":"meeting.started","payload":{"object":{"id":"1"}},"event_ts":1739923528000}"#;
    Delivery::new("zoom", "zoom-secret-token", &headers, body).at(1_739_923_528_000)
}

pub(super) fn mailgun() -> Delivery {
    let body = r#"{"signature": {"timestamp": "1770920772", "token": "e0b5477167110d68991efc6b9f89f0a11066af27834600e123", "signature": "40f728461859066ef27e4ee5d2cd0c78811407b319b11eb66ff0246d144e5489"}, "event-data": {"event": "delivered"}}"#;
    Delivery::new("mailgun", "key-mailgun-signing", &[], body).at(1_770_920_772_000)
}

pub(super) fn salesforce() -> Delivery {
    let header = [(
        "x-sfmc-ens-signature",
        "uHRgHMLSIUDWgKtIs/REl2zks1eWHxbeUj/ORm14j7s=",
    )];
    Delivery::new(
        "salesforce-mc-ens",
        "signature-key-signature-key",
        &header,
        r#"{"compositeId":"1"}"#,
    )
}

pub(super) fn hubspot_v3() -> Delivery {
    let headers = [
        (
            "x-hubspot-signature-v3",
            "rQEKkaNUiu+1qGF//O/pw4BCzstSqO1PyUnGICmf+7o=",
        ),
        ("x-hubspot-request-timestamp", "1700000000000"),
    ];
    Delivery::new(
        "hubspot",
        HUBSPOT_SECRET,
        &headers,
        r#"{"example_field":"example_value"}"#,
    )
    .called("https://www.example.com/webhook_uri")
    .at(1_700_000_000_000)
}

pub(super) fn hubspot_v2() -> Delivery {
    let headers = [(
        "x-hubspot-signature",
        "9569219f8ba981ffa6f6f16aa0f48637d35d728c7e4d93d0d52efaa512af7900",
    )];
    Delivery::new(
        "hubspot",
        HUBSPOT_SECRET,
        &headers,
        r#"{"example_field":"example_value"}"#,
    )
    .called("https://www.example.com/webhook_uri")
    .option("version", text("v2"))
}

pub(super) fn hubspot_v1() -> Delivery {
    let headers = [
        (
            "x-hubspot-signature",
            "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de",
        ),
        ("x-hubspot-signature-version", "v1"),
    ];
    let body = r#"[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,"subscriptionType":"contact.creation","attemptNumber":0,"objectId":123,"changeSource":"CRM","changeFlag":"NEW","appId":54321}]"#;
    Delivery::new("hubspot", HUBSPOT_SECRET, &headers, body).option("version", text("v1"))
}

pub(super) fn adyen() -> Delivery {
    let body = r#"{"notificationItems": [{"NotificationRequestItem": {"pspReference": "7914073381342284", "merchantAccountCode": "TestMerchant", "merchantReference": "TestPayment-1407325143704", "amount": {"value": 1130, "currency": "EUR"}, "eventCode": "AUTHORISATION", "success": "true", "additionalData": {"hmacSignature": "Ny9gS2veKo5E4w8/OL6xz1/wvT/hYkAXy1xNc/QvO4I="}}}]}"#;
    Delivery::new("adyen", ADYEN_KEY, &[], body)
}

pub(super) fn adyen_platform() -> Delivery {
    let header = [(
        "hmacsignature",
        "0WQ1I6kjaYZaqojqnY5I4NFTX4p1hvEDoQ4ye0S1Bqs=",
    )];
    Delivery::new(
        "adyen",
        ADYEN_KEY,
        &header,
        r#"{"type":"balancePlatform.transfer.created"}"#,
    )
    .option("mode", text("platform"))
}

pub(super) fn twilio() -> Delivery {
    let body = "CallSid=CA1234567890ABCDE&To=%2B18005551212&Caller=%2B14158675309&Digits=1234&From=%2B14158675309";
    Delivery::new(
        "twilio",
        "12345",
        &[("x-twilio-signature", "RSOYDt4T1cUTdK1PDd93/VVr8B8=")],
        body,
    )
    .called("https://mycompany.com/myapp.php?foo=1&bar=2")
}

pub(super) fn twilio_json() -> Delivery {
    Delivery::new("twilio", "12345", &[("x-twilio-signature", "xIa/IffdQLRdl0mQfPjilVTPJYs=")], r#"{"a":1}"#)
        .called("https://api.example.com/hook?bodySHA256=015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862")
}

pub(super) fn discord() -> Delivery {
    let headers = [
        (
            "x-signature-ed25519",
            "eaca38fbef5b63a65e819dfadb07d0d758d9720ee5291de873fc26c300358610b35c6fa106a1e708203497cf537d8a9a5dad724d17bf0ec9a80558ba1c4f1009",
        ),
        ("x-signature-timestamp", "1599862913"),
    ];
    let body = r#"{"id":"787053080478613555","token":"ThisIsATokenFromDiscordThatIsVeryLong","type":1,"version":1}"#;
    let delivery = Delivery::new("discord", "", &headers, body).at(1_599_862_913_000);
    only_public_key(
        delivery,
        "public_key_hex",
        "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8",
    )
}

pub(super) fn sendgrid() -> Delivery {
    let headers = [
        (
            "x-twilio-email-event-webhook-signature",
            "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM=",
        ),
        ("x-twilio-email-event-webhook-timestamp", "1600112502"),
    ];
    let body = "[{\"email\":\"hello@world.com\",\"event\":\"dropped\",\"reason\":\"Bounced Address\",\"sg_event_id\":\"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA\",\"sg_message_id\":\"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0\",\"smtp-id\":\"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>\",\"timestamp\":1600112492}]\r\n";
    only_public_key(
        Delivery::new("sendgrid", "", &headers, body),
        "public_key_der_b64",
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==",
    )
}

pub(super) fn generic() -> Delivery {
    let headers = [
        ("x-acme-time", "1700000000"),
        ("x-acme-id", "e-1"),
        (
            "x-acme-mac",
            "m=30b9b211ea77ce7dbb6e5ad8d01518aca824ef28c6ba13aef7fa799d54ff127aa5d96fb5030b5e385dcd87b56d6d001a3a54673b86145bbe5778e36aa26cb3e8",
        ),
    ];
    Delivery::new("hmac", "k", &headers, r#"{"x":1}"#)
        .option("template", text("{timestamp}|{id}|{body}"))
        .option("header", text("X-Acme-Mac"))
        .option("prefix", text("m="))
        .option("algorithm", text("sha512"))
        .option("timestamp_header", text("X-Acme-Time"))
        .option("id_header", text("X-Acme-Id"))
        .at(1_700_000_000_000)
}
