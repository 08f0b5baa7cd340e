//! Salesforce Marketing Cloud, Event Notification Service:
//! <https://developer.salesforce.com/docs/marketing/marketing-cloud/guide/ens-verify.html>.
//!
//! Signed bytes: the body. Header: `x-sfmc-ens-signature`, base64 of HMAC-SHA256. Key: the
//! callback's signature key. How it is encoded the vendor leaves open: `secrets` takes its text,
//! `secrets_b64` what it decodes to. No time is signed. A body that is a list brings each item as
//! an event; the id is `compositeId` with the category, as several things happen to one message.

use super::algorithm::Algorithm;
use super::elements::{base64_signature, one_signature};
use super::scheme::{Genuine, Presented, Scheme, Window, body_event, list_events};
use super::{Event, Message, Refusal};

const SIGNATURE: &str = "x-sfmc-ens-signature";

/// The scheme `salesforce-mc-ens`.
pub(crate) struct SalesforceMarketingCloud;

impl Scheme for SalesforceMarketingCloud {
    fn name(&self) -> &'static str {
        "salesforce-mc-ens"
    }

    fn window(&self) -> Window {
        Window::Unsigned
    }

    fn read<'m>(&'m self, message: &Message<'m>) -> Result<Presented<'m>, Refusal> {
        let signatures = one_signature(message.headers, SIGNATURE, b"", |text| {
            base64_signature(Algorithm::HmacSha256, text)
        })?;
        Ok(Presented::new([message.body], signatures, None))
    }

    fn events(
        &self,
        message: &Genuine<'_>,
        presented: &Presented<'_>,
    ) -> Result<Vec<Event>, Refusal> {
        if message.body.trim_ascii_start().starts_with(b"[") {
            return list_events(self.name(), message, presented, id);
        }
        Ok(vec![body_event(self.name(), message, presented, id)])
    }
}

fn id(event: &Event) -> Option<String> {
    let composite = event.pointer_id("/compositeId")?;
    let category = event.pointer_id("/eventCategoryType");
    Some(category.map_or_else(|| composite.clone(), |kind| format!("{composite}:{kind}")))
}
