//! Adyen: <https://docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures>.
//!
//! Key: hex, as the customer area shows it. Signatures: base64 of HMAC-SHA256. No time is signed:
//! the ledger alone stops replays. The option `mode` says which of the two kinds comes:
//! - `payment-item` (the default): each item of the body carries its own signature in
//!   `additionalData.hmacSignature`, over `pspReference:originalReference:merchantAccountCode:
//!   merchantReference:value:currency:eventCode:success` as they are. Every item must hold. Only
//!   these fields are proven. With a colon in a field the same bytes can be cut in another way,
//!   which Adyen's SDK takes; here only `merchantReference` may have one, so that there is one way.
//!   `merchant_account`, where it is set, must be the item's. The id is `pspReference:eventCode`.
//! - `platform`: the header `HmacSignature` over the body; the hash of it is the id.

use serde::Deserialize;
use serde_json::Value;
use smallvec::{SmallVec, smallvec};

use super::algorithm::Algorithm;
use super::elements::{base64_signature, one_signature};
use super::event::sha256_hex;
use super::scheme::{Claim, Genuine, Presented, Scheme, Window, body_event};
use super::{Event, Message, Refusal};
use crate::options::{Fields, OptionError};

const SIGNATURE: &str = "hmacsignature";
/// Items of one delivery; Adyen sends up to six.
const MAX_ITEMS: usize = 100;

#[derive(Clone, Copy)]
enum Mode {
    PaymentItem,
    Platform,
}

/// The scheme `adyen`.
pub(crate) struct Adyen {
    mode: Mode,
    merchant_account: Option<String>,
}

impl Adyen {
    /// Takes `mode` and `merchant_account`.
    pub(crate) fn open(fields: &mut Fields) -> Result<Self, OptionError> {
        let modes = [
            ("payment-item", Mode::PaymentItem),
            ("platform", Mode::Platform),
        ];
        Ok(Self {
            mode: fields.one_of("mode", &modes)?.unwrap_or(Mode::PaymentItem),
            merchant_account: fields.text("merchant_account")?,
        })
    }

    fn items<'m>(&self, body: &[u8]) -> Result<Presented<'m>, Refusal> {
        let items = items(body)?;
        let claims: Result<SmallVec<_>, _> = items.iter().map(|item| self.claim(item)).collect();
        Ok(Presented {
            claims: claims?,
            signed_at: None,
            id: None,
        })
    }

    fn claim<'m>(&self, item: &Value) -> Result<Claim<'m>, Refusal> {
        let account = text(item, "/merchantAccountCode")?;
        if self
            .merchant_account
            .as_ref()
            .is_some_and(|ours| *ours != account)
        {
            return Err(Refusal::OtherAccount);
        }
        let fields = [
            text(item, "/pspReference")?,
            text(item, "/originalReference")?,
            account,
            text(item, "/merchantReference")?,
            text(item, "/amount/value")?,
            text(item, "/amount/currency")?,
            text(item, "/eventCode")?,
            text(item, "/success")?,
        ];
        let colons = fields.iter().enumerate().filter(|(_, f)| f.contains(':'));
        if colons.into_iter().any(|(at, _)| at != 3) {
            return Err(Refusal::MalformedBody);
        }
        let signature = text(item, "/additionalData/hmacSignature")?;
        if signature.is_empty() {
            return Err(Refusal::MissingHeader(SIGNATURE));
        }
        let signature = base64_signature(Algorithm::HmacSha256, signature.as_bytes());
        Ok(Claim {
            readings: smallvec![smallvec![fields.join(":").into_bytes().into()]],
            signatures: smallvec![signature.ok_or(Refusal::MalformedHeader(SIGNATURE))?],
        })
    }
}

impl Scheme for Adyen {
    fn name(&self) -> &'static str {
        "adyen"
    }

    fn window(&self) -> Window {
        Window::Unsigned
    }

    fn secret_bytes(&self, written: &[u8]) -> Option<Vec<u8>> {
        hex::decode(written).ok()
    }

    fn read<'m>(&'m self, message: &Message<'m>) -> Result<Presented<'m>, Refusal> {
        match self.mode {
            Mode::PaymentItem => self.items(message.body),
            Mode::Platform => {
                let signatures = one_signature(message.headers, SIGNATURE, b"", |text| {
                    base64_signature(Algorithm::HmacSha256, text)
                })?;
                Ok(Presented::new([message.body], signatures, None))
            }
        }
    }

    fn events(
        &self,
        message: &Genuine<'_>,
        presented: &Presented<'_>,
    ) -> Result<Vec<Event>, Refusal> {
        match self.mode {
            Mode::PaymentItem => Ok(items(message.body)?.iter().map(event).collect()),
            Mode::Platform => Ok(vec![body_event(self.name(), message, presented, |_| None)]),
        }
    }
}

/// The items of a body: at least one.
fn items(body: &[u8]) -> Result<Vec<Value>, Refusal> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Body {
        notification_items: Vec<Item>,
    }
    #[derive(Deserialize)]
    struct Item {
        #[serde(rename = "NotificationRequestItem")]
        request: Value,
    }
    let body: Body = serde_json::from_slice(body).map_err(|_| Refusal::MalformedBody)?;
    if !(1..=MAX_ITEMS).contains(&body.notification_items.len()) {
        return Err(Refusal::MalformedBody);
    }
    Ok(body
        .notification_items
        .into_iter()
        .map(|item| item.request)
        .collect())
}

fn event(item: &Value) -> Event {
    let payload = item.to_string();
    let field = |pointer| text(item, pointer).unwrap_or_default();
    let (reference, code) = (field("/pspReference"), field("/eventCode"));
    let id = if reference.is_empty() {
        sha256_hex(&[payload.as_bytes()])
    } else {
        format!("{reference}:{code}")
    };
    Event::new("adyen", id, payload.as_bytes()).with_kind(Some(&code))
}

/// A field as it is signed; empty where it is absent.
fn text(item: &Value, pointer: &str) -> Result<String, Refusal> {
    match item.pointer(pointer) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Bool(truth)) => Ok(truth.to_string()),
        Some(Value::Number(number)) if !number.is_f64() => Ok(number.to_string()),
        Some(Value::Number(_) | Value::Array(_) | Value::Object(_)) => Err(Refusal::MalformedBody),
    }
}
