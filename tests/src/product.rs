//! The running product under test: its addresses, clients for it, and whose turn it is.

use std::collections::BTreeMap;
use std::env;
use std::sync::Arc;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use serde::Deserialize;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::account;
use crate::wait::eventually;

/// Tests run side by side; one that disturbs the whole product runs alone.
static TURN: RwLock<()> = RwLock::const_new(());

/// The services of the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Profiles and sessions.
    Users,
    /// To-do items.
    Todos,
    /// Inbox and mail.
    Notifications,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Users, Self::Todos, Self::Notifications];

    /// The name as folders, stacks and the status say it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Todos => "todos",
            Self::Notifications => "notifications",
        }
    }
}

/// The running product, for one test. Clones share the test's turn.
#[derive(Clone, Debug)]
pub struct Product(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    status: Status,
    http: reqwest::Client,
    sdk: SdkConfig,
    /// Held until the last clone goes.
    _turn: Turn,
}

#[derive(Debug)]
#[allow(dead_code, reason = "a guard is there to be held")]
enum Turn {
    Shared(RwLockReadGuard<'static, ()>),
    Alone(RwLockWriteGuard<'static, ()>),
}

/// What `cargo xtask status --format json` prints; the fields that the tests use.
#[derive(Debug, Deserialize)]
struct Status {
    endpoint: String,
    region: String,
    env: String,
    apis: BTreeMap<String, String>,
    websocket: String,
    user_pool_id: String,
    user_pool_client_id: String,
    bus: String,
    web: Option<String>,
    web_bucket: Option<String>,
    services: BTreeMap<String, ServiceStatus>,
}

#[derive(Debug, Deserialize)]
struct ServiceStatus {
    table: String,
    dlq_url: String,
}

impl Product {
    /// The product, while other tests use it too.
    pub async fn shared() -> Self {
        Self::open(Turn::Shared(TURN.read().await))
    }

    /// The product while no other test uses it, and nothing that they began is under way: for a test that disturbs it.
    pub async fn alone() -> Self {
        let product = Self::open(Turn::Alone(TURN.write().await));
        let letters = product.dead_letters(Service::Notifications);
        eventually("a welcome mail, or its failure, for everybody who signed up", async || {
            let sent = product.mails().await;
            for email in account::confirmed() {
                let is_greeted = sent.iter().any(|mail| mail.is_welcome() && mail.to.contains(&email));
                if !is_greeted && letters.with(&email).await.is_empty() {
                    return None;
                }
            }
            Some(())
        })
        .await;
        product
    }

    fn open(turn: Turn) -> Self {
        let path = env::var("BUSLINE_STATUS").unwrap_or_else(|_| {
            panic!("these tests need a running product: run `cargo xtask test --only e2e`, which sets BUSLINE_STATUS")
        });
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("BUSLINE_STATUS: {path}: {error}"));
        let status: Status = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("BUSLINE_STATUS: {path} is no status of a deployed product: {error}"));
        // The local cloud's account; nothing else has these keys.
        let root = Credentials::new("test", "test", None, None, "busline-tests");
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(status.region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(root))
            .endpoint_url(&status.endpoint)
            .build();
        // A proxy for the wide world must not get what is meant for this machine.
        let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
        Self(Arc::new(Inner { status, http, sdk, _turn: turn }))
    }

    /// The client for plain HTTP.
    pub fn http(&self) -> &reqwest::Client {
        &self.0.http
    }

    /// The settings of AWS clients with the rights of the account's root: for what an operator would look at or do.
    pub fn sdk(&self) -> &SdkConfig {
        &self.0.sdk
    }

    /// Where AWS's APIs answer.
    pub fn endpoint(&self) -> &str {
        &self.0.status.endpoint
    }

    /// The environment's name, part of every resource's.
    pub fn env(&self) -> &str {
        &self.0.status.env
    }

    /// The base URL of a service's API.
    pub fn url(&self, service: Service) -> &str {
        let url = self.0.status.apis.get(service.name());
        url.unwrap_or_else(|| panic!("{} has no API", service.name()))
    }

    /// The user pool's id.
    pub fn user_pool(&self) -> &str {
        &self.0.status.user_pool_id
    }

    /// The id of the user pool's public client.
    pub fn user_pool_client(&self) -> &str {
        &self.0.status.user_pool_client_id
    }

    /// The page's address, without a slash at its end.
    pub fn web(&self) -> &str {
        self.0.status.web.as_deref().expect("the page is deployed")
    }

    /// The bucket of the page's files.
    pub fn web_bucket(&self) -> &str {
        self.0.status.web_bucket.as_deref().expect("the page is deployed")
    }

    /// The URL of the WebSocket API.
    pub fn websocket(&self) -> &str {
        &self.0.status.websocket
    }

    /// The bus's name.
    pub fn bus(&self) -> &str {
        &self.0.status.bus
    }

    /// The name of a service's table.
    pub fn table(&self, service: Service) -> &str {
        &self.service(service).table
    }

    /// The URL of a service's dead-letter queue.
    pub fn dead_letter_queue(&self, service: Service) -> &str {
        &self.service(service).dlq_url
    }

    fn service(&self, service: Service) -> &ServiceStatus {
        let status = self.0.status.services.get(service.name());
        status.unwrap_or_else(|| panic!("{} is not deployed", service.name()))
    }
}
