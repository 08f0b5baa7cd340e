//! Simulated vendors on loopback for Causeway's tests and drill; README.md says what they serve.
//!
//! [`start`] binds five ports (identity, catalog, crm, pricing, control), spawns their servers and
//! gives the [`World`] that they share. Each request to a vendor passes [`entrance`]: it is logged,
//! meets the vendor's fault if there is one, is admitted by its token, and only then reaches the
//! vendor's own routes. All state is in memory and dies with the process.

pub mod answer;
pub mod catalog;
pub mod control;
pub mod crm;
pub mod effect;
pub mod entrance;
pub mod faults;
pub mod graphql;
pub mod identity;
pub mod log;
pub mod plan;
pub mod pricing;
pub mod run_options;
pub mod sender;
pub mod tally;
pub mod time;
pub mod token_endpoint;
pub mod webhooks;
pub mod wire;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::webhooks::Secret;
use crate::wire::{Gate, GatedListener, Peer};

/// One of the simulated vendors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vendor {
    /// The identity provider.
    Identity,
    /// The product catalogue.
    Catalog,
    /// The CRM.
    Crm,
    /// The pricing service.
    Pricing,
}

impl Vendor {
    /// All of them, in the order of [`Vendor::index`].
    pub const ALL: [Self; 4] = [Self::Identity, Self::Catalog, Self::Crm, Self::Pricing];

    /// Place in [`Vendor::ALL`].
    pub fn index(self) -> usize {
        match self {
            Self::Identity => 0,
            Self::Catalog => 1,
            Self::Crm => 2,
            Self::Pricing => 3,
        }
    }

    /// Name in JSON; also the id of its client.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Catalog => "catalog",
            Self::Crm => "crm",
            Self::Pricing => "pricing",
        }
    }

    /// The scope that its endpoints want; identity's want none.
    pub fn scope(self) -> &'static str {
        match self {
            Self::Identity => "",
            Self::Catalog => "products.read",
            Self::Crm => "contacts.read",
            Self::Pricing => "prices.read",
        }
    }

    /// The vendor of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|vendor| vendor.name() == name)
    }
}

/// Where everything is: the line printed when ready.
#[derive(Clone, Debug, Serialize)]
pub struct Urls {
    /// The identity provider.
    pub identity: String,
    /// The product catalogue.
    pub catalog: String,
    /// The CRM.
    pub crm: String,
    /// The pricing service.
    pub pricing: String,
    /// The control API.
    pub control: String,
    /// This process.
    pub pid: u32,
    /// The token endpoint.
    pub token_url: String,
    /// The key set.
    pub jwks_url: String,
    /// Signs the CRM's webhooks.
    pub crm_webhook_secret: String,
    /// Signs the catalogue's webhooks.
    pub catalog_webhook_secret: String,
}

impl Urls {
    /// The vendor's base address.
    pub fn of(&self, vendor: Vendor) -> &str {
        match vendor {
            Vendor::Identity => &self.identity,
            Vendor::Catalog => &self.catalog,
            Vendor::Crm => &self.crm,
            Vendor::Pricing => &self.pricing,
        }
    }
}

/// Everything that the servers share.
pub struct World {
    /// Addresses.
    pub urls: Urls,
    /// Tokens.
    pub identity: identity::Identity,
    /// Products.
    pub catalog: catalog::Catalog,
    /// Contacts.
    pub crm: crm::Crm,
    /// Persisted queries.
    pub pricing: pricing::Pricing,
    /// What is wrong with whom.
    pub faults: faults::Faults,
    /// What arrived.
    pub log: log::Log,
    /// Secrets of the webhooks' sources, and the run that is under way.
    pub webhooks: sender::Webhooks,
    gates: [Arc<Gate>; Vendor::ALL.len()],
}

impl World {
    /// The vendor's port.
    pub fn gate(&self, vendor: Vendor) -> Option<&Gate> {
        self.gates.get(vendor.index()).map(|gate| &**gate)
    }

    /// Replaces the vendor's fault, closing or opening its port where that is the fault.
    pub async fn set_fault(&self, vendor: Vendor, fault: faults::Fault) {
        let refusing = fault.kind == faults::Kind::Refuse;
        self.faults.set(vendor, fault);
        if let Some(gate) = self.gate(vendor) {
            gate.set_refusing(refusing).await;
        }
    }
}

/// The servers at work; dropping it ends them.
pub struct Running {
    /// What they share.
    pub world: Arc<World>,
    servers: Vec<JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        for server in &self.servers {
            server.abort();
        }
    }
}

/// Binds the ports and starts the servers.
///
/// # Errors
/// When a port cannot be bound, or the key or the HTTP client cannot be made.
pub async fn start(token_lifetime_s: u64) -> Result<Running, identity::KeyError> {
    let gates: [Arc<Gate>; Vendor::ALL.len()] = Default::default();
    let listeners = gates
        .iter()
        .map(|gate| GatedListener::bind(Arc::clone(gate)))
        .collect::<Result<Vec<_>, _>>()?;
    let control = TcpListener::bind(("127.0.0.1", 0)).await?;
    let secrets = [Secret::random(), Secret::random()];
    let addresses: Vec<_> = listeners.iter().map(GatedListener::address).collect();
    let world = Arc::new(World {
        urls: urls(&addresses, control.local_addr()?, &secrets),
        identity: identity::Identity::new(token_lifetime_s)?,
        catalog: catalog::Catalog::default(),
        crm: crm::Crm::default(),
        pricing: pricing::Pricing::default(),
        faults: faults::Faults::default(),
        log: log::Log::default(),
        webhooks: sender::Webhooks::new(secrets)?,
        gates,
    });
    let mut servers = Vec::new();
    for (vendor, listener) in Vendor::ALL.into_iter().zip(listeners) {
        let app = entrance::guard(vendor, routes(vendor), Arc::clone(&world));
        let service = app.into_make_service_with_connect_info::<Peer>();
        servers.push(tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, service).await {
                eprintln!("vendor-sim: {} ended: {error}", vendor.name());
            }
        }));
    }
    let app = control::routes().with_state(Arc::clone(&world));
    servers.push(tokio::spawn(async move {
        if let Err(error) = axum::serve(control, app).await {
            eprintln!("vendor-sim: control ended: {error}");
        }
    }));
    Ok(Running { world, servers })
}

fn routes(vendor: Vendor) -> Router<Arc<World>> {
    match vendor {
        Vendor::Identity => token_endpoint::routes(),
        Vendor::Catalog => catalog::routes(),
        Vendor::Crm => crm::routes(),
        Vendor::Pricing => pricing::routes(),
    }
}

fn urls(vendors: &[SocketAddr], control: SocketAddr, secrets: &[Secret; 2]) -> Urls {
    let url = |vendor: Vendor| {
        let address = vendors.get(vendor.index());
        address.map_or_else(String::new, |address| format!("http://{address}"))
    };
    let [crm_secret, catalog_secret] = secrets;
    let identity = url(Vendor::Identity);
    Urls {
        token_url: format!("{identity}/token"),
        jwks_url: format!("{identity}/.well-known/jwks.json"),
        identity,
        catalog: url(Vendor::Catalog),
        crm: url(Vendor::Crm),
        pricing: url(Vendor::Pricing),
        control: format!("http://{control}"),
        pid: std::process::id(),
        crm_webhook_secret: crm_secret.as_text(),
        catalog_webhook_secret: catalog_secret.as_text(),
    }
}
