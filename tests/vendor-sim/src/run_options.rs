//! What a run of webhooks is to do: whose events, how many, how sent.
//!
//! README.md explains the fields and has the defaults; bounds are checked here, so that every run
//! can be laid out and ends.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::crm::{CONTACTS, ContactChange};
use crate::plan::Shape;
use crate::time::{now_ms, rfc3339};
use crate::{World, catalog};

/// Who sends webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// `contact.updated`.
    Crm,
    /// `product.updated`.
    Catalog,
}

impl Source {
    fn entities(self) -> usize {
        match self {
            Self::Crm => CONTACTS as usize,
            Self::Catalog => catalog::PRODUCTS as usize,
        }
    }

    fn event_type(self) -> &'static str {
        match self {
            Self::Crm => "contact.updated",
            Self::Catalog => "product.updated",
        }
    }

    /// The body of an event about the entity; the same bytes in each delivery.
    pub fn body(self, id: &str, version: u64) -> Vec<u8> {
        let event = json!({
            "type": self.event_type(),
            "timestamp": rfc3339(now_ms()),
            "data": {"id": id, "version": version},
        });
        event.to_string().into_bytes()
    }

    /// Changes the entity (from 0) as its vendor would, and gives its id and new version.
    pub(crate) fn bump(self, world: &World, entity: usize) -> (String, u64) {
        let number = entity + 1;
        match self {
            Self::Crm => {
                let id = format!("c{number}");
                let contact = world.crm.update(&id, ContactChange::default());
                (id, contact.map_or(0, |contact| contact.version))
            }
            Self::Catalog => {
                let id = u32::try_from(number).unwrap_or(0);
                let product = world.catalog.bump(id);
                (id.to_string(), product.map_or(0, |product| product.version))
            }
        }
    }
}

/// What a run is to do; README.md explains the fields.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunOptions {
    pub(crate) target: String,
    #[serde(default = "crm")]
    pub(crate) vendor: Source,
    #[serde(default = "number::<1_000>")]
    pub(crate) events: usize,
    #[serde(default = "number::<4_000>")]
    pub(crate) deliveries: usize,
    #[serde(default = "number::<8>")]
    pub(crate) senders: usize,
    #[serde(default = "number::<200>")]
    pub(crate) forged: usize,
    #[serde(default = "number::<200>")]
    pub(crate) entities: usize,
    #[serde(default = "yes")]
    pub(crate) resend_on_failure: bool,
    #[serde(default = "number::<40>")]
    pub(crate) max_tries: usize,
    #[serde(default = "number::<400>")]
    pub(crate) window: usize,
    #[serde(default = "tenth")]
    pub(crate) overlap_share: f64,
    #[serde(default)]
    pub(crate) per_s: Option<f64>,
    #[serde(default = "number::<15_000>")]
    pub(crate) timeout_ms: usize,
    #[serde(default = "number::<600>")]
    pub(crate) max_seconds: usize,
    #[serde(default = "one")]
    pub(crate) seed: u64,
    /// Whether the control request is answered with the result.
    #[serde(default = "yes")]
    pub wait: bool,
}

fn crm() -> Source {
    Source::Crm
}

fn yes() -> bool {
    true
}

fn tenth() -> f64 {
    0.1
}

fn one() -> u64 {
    1
}

fn number<const N: usize>() -> usize {
    N
}

impl RunOptions {
    /// Refuses a run that could not be laid out or would not end.
    ///
    /// # Errors
    /// A sentence naming the field and its range.
    pub fn check(&self) -> Result<(), String> {
        let most_entities = self.vendor.entities();
        for (name, value, range) in [
            ("events", self.events, 1..=100_000),
            ("deliveries", self.deliveries, self.events..=1_000_000),
            ("senders", self.senders, 1..=64),
            ("forged", self.forged, 0..=100_000),
            ("entities", self.entities, 1..=most_entities),
            ("max_tries", self.max_tries, 1..=1_000),
            ("window", self.window, 0..=1_000_000),
            ("timeout_ms", self.timeout_ms, 1..=300_000),
            ("max_seconds", self.max_seconds, 1..=3_600),
        ] {
            if !range.contains(&value) {
                let (least, most) = range.into_inner();
                return Err(format!(
                    "{name} must be from {least} to {most}, got {value}"
                ));
            }
        }
        if !(0.0..=1.0).contains(&self.overlap_share) {
            return Err(format!(
                "overlap_share must be from 0 to 1, got {}",
                self.overlap_share
            ));
        }
        if self
            .per_s
            .is_some_and(|per_s| !(0.1..=1e6).contains(&per_s))
        {
            return Err("per_s must be from 0.1 to 1000000, or null".to_owned());
        }
        Ok(())
    }

    /// What the plan is made from.
    pub(crate) fn shape(&self) -> Shape {
        let paired = self.deliveries as f64 * self.overlap_share / 2.0;
        Shape {
            events: self.events,
            deliveries: self.deliveries,
            entities: self.entities,
            forged: self.forged,
            window: self.window,
            // One sender alone would wait for the other of its pair for ever.
            pairs: if self.senders < 2 { 0 } else { paired as usize },
        }
    }
}
