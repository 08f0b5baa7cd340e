//! Every scheme that there is, by its name in options.

use super::scheme::Scheme;
use super::signer::Signs;
use super::{
    adyen, aws_sns, calendly, discord, github, hmac, hubspot, intercom, linear, mailgun, mollie,
    paddle, paypal, rfc9421, salesforce, sendgrid, shopify, slack, square, standard_webhooks,
    stripe, svix, twilio, twitch, zoom,
};
use crate::options::{Fields, OptionError};

/// Makes a scheme, with what options of its own it has.
type Open = fn(&mut Fields) -> Result<Box<dyn Scheme>, OptionError>;

/// The schemes.
pub(crate) const ALL: &[(&str, Open)] = &[
    ("standard-webhooks", |_| {
        Ok(Box::new(standard_webhooks::StandardWebhooks))
    }),
    ("svix", |_| Ok(Box::new(svix::Svix))),
    ("github", |_| Ok(Box::new(github::GitHub))),
    ("stripe", |_| Ok(Box::new(stripe::Stripe))),
    ("slack", |_| Ok(Box::new(slack::Slack))),
    ("shopify", |_| Ok(Box::new(shopify::Shopify))),
    ("twitch-eventsub", |_| Ok(Box::new(twitch::Twitch))),
    ("paddle", |_| Ok(Box::new(paddle::Paddle))),
    ("square", |fields| {
        Ok(Box::new(square::Square::open(fields)?))
    }),
    ("mollie", |_| Ok(Box::new(mollie::Mollie))),
    ("intercom", |_| Ok(Box::new(intercom::Intercom))),
    ("linear", |_| Ok(Box::new(linear::Linear))),
    ("calendly", |_| Ok(Box::new(calendly::Calendly))),
    ("zoom", |_| Ok(Box::new(zoom::Zoom))),
    ("hubspot", |fields| {
        Ok(Box::new(hubspot::HubSpot::open(fields)?))
    }),
    ("mailgun", |_| Ok(Box::new(mailgun::Mailgun))),
    ("salesforce-mc-ens", |_| {
        Ok(Box::new(salesforce::SalesforceMarketingCloud))
    }),
    ("adyen", |fields| Ok(Box::new(adyen::Adyen::open(fields)?))),
    ("twilio", |_| Ok(Box::new(twilio::Twilio))),
    ("discord", |_| Ok(Box::new(discord::Discord))),
    ("sendgrid", |_| Ok(Box::new(sendgrid::SendGrid))),
    ("aws-sns", |fields| {
        Ok(Box::new(aws_sns::AwsSns::open(fields)?))
    }),
    ("paypal", |fields| {
        Ok(Box::new(paypal::PayPal::open(fields)?))
    }),
    ("rfc9421", |fields| {
        Ok(Box::new(rfc9421::Rfc9421::open(fields)?))
    }),
    ("hmac", |fields| Ok(Box::new(hmac::Hmac::open(fields)?))),
];

/// Makes a scheme that signs.
type OpenSigning = fn(&mut Fields) -> Result<Box<dyn Signs>, OptionError>;

/// The schemes that are ours to send.
pub(crate) const SIGNING: &[(&str, OpenSigning)] = &[
    ("standard-webhooks", |_| {
        Ok(Box::new(standard_webhooks::StandardWebhooks))
    }),
    ("github", |_| Ok(Box::new(github::GitHub))),
    ("stripe", |_| Ok(Box::new(stripe::Stripe))),
    ("hmac", |fields| Ok(Box::new(hmac::Hmac::open(fields)?))),
];

/// The scheme of this name, with its own options taken.
pub(crate) fn open(name: &str, fields: &mut Fields) -> Result<Box<dyn Scheme>, OptionError> {
    if let Some((_, open)) = ALL.iter().find(|(known, _)| *known == name) {
        return open(fields);
    }
    let names: Vec<String> = ALL.iter().map(|(name, _)| format!("'{name}'")).collect();
    Err(OptionError::new(
        fields.name("scheme"),
        format!("'{}'", name.escape_debug()),
        format!("one of {}", names.join(", ")),
    ))
}
