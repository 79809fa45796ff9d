//! The deployed product under test: its addresses and clients, and whether other tests may use it at the same time.

use std::collections::BTreeMap;
use std::env;
use std::sync::Arc;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::logs::Logs;
use crate::wait::eventually;

/// Tests run in parallel. A test that injects faults holds this lock exclusively.
static ACCESS: RwLock<()> = RwLock::const_new(());

/// No function has work left when none has logged for this long: it is longer than the pauses between Lambda's retries
/// on the local cloud.
const QUIET: SignedDuration = SignedDuration::from_millis(1500);

/// The deployed product, for one test. Clones share the test's access.
///
/// A service is named as its folder in `services/` is. A name that is not deployed fails the test.
#[derive(Clone, Debug)]
pub struct Product(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    status: Status,
    http: reqwest::Client,
    sdk: SdkConfig,
    /// Held until the last clone is dropped.
    _access: Access,
}

#[derive(Debug)]
#[allow(dead_code, reason = "a guard only has to be held")]
enum Access {
    Shared(RwLockReadGuard<'static, ()>),
    Exclusive(RwLockWriteGuard<'static, ()>),
}

/// The fields of `cargo xtask status --format json` that the tests use.
#[derive(Debug, Deserialize)]
struct Status {
    endpoint: String,
    region: String,
    env: String,
    apis: BTreeMap<String, String>,
    websocket: Option<String>,
    user_pool_id: Option<String>,
    user_pool_client_id: Option<String>,
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
    /// The product, while other tests may use it too.
    pub async fn shared() -> Self {
        Self::open(Access::Shared(ACCESS.read().await))
    }

    /// The product without any other test of this program, and after the background work that earlier tests started.
    /// For tests that inject faults, or that count what the whole product does.
    pub async fn alone() -> Self {
        let product = Self::open(Access::Exclusive(ACCESS.write().await));
        product.wait_until_quiet().await;
        product
    }

    async fn wait_until_quiet(&self) {
        eventually(&format!("no log line of any function for {QUIET:#}"), async || {
            let recent = Logs::since(self, Timestamp::now() - QUIET);
            recent.all().await.is_empty().then_some(())
        })
        .await;
    }

    fn open(access: Access) -> Self {
        let path = env::var("BUSLINE_STATUS").unwrap_or_else(|_| {
            panic!("these tests need a running product: run `cargo xtask test --only e2e`, which sets BUSLINE_STATUS")
        });
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("BUSLINE_STATUS: {path}: {error}"));
        let status: Status = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("BUSLINE_STATUS: {path} is not the status of a deployed product: {error}"));
        // The root keys of the local cloud's account; they are not valid anywhere else.
        let root = Credentials::new("test", "test", None, None, "busline-tests");
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(status.region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(root))
            .endpoint_url(&status.endpoint)
            .build();
        // Requests to this machine must not go through a proxy.
        let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
        Self(Arc::new(Inner { status, http, sdk, _access: access }))
    }

    pub fn http(&self) -> &reqwest::Client {
        &self.0.http
    }

    /// Settings for AWS clients with the account's root keys: for what an operator would read or change.
    pub fn sdk(&self) -> &SdkConfig {
        &self.0.sdk
    }

    /// The endpoint of AWS's APIs.
    pub fn endpoint(&self) -> &str {
        &self.0.status.endpoint
    }

    /// The environment's name, which is part of every resource's name.
    pub fn env(&self) -> &str {
        &self.0.status.env
    }

    pub fn region(&self) -> &str {
        &self.0.status.region
    }

    /// The names of all deployed services.
    pub fn services(&self) -> Vec<String> {
        self.0.status.services.keys().cloned().collect()
    }

    /// The base URL of a service's API.
    pub fn url(&self, service: &str) -> &str {
        self.service(service);
        self.0.status.apis.get(service).unwrap_or_else(|| panic!("{service} has no API"))
    }

    /// The name of the function that runs a service's job.
    pub fn function(&self, service: &str, job: &str) -> String {
        self.service(service);
        format!("busline-{}-{service}-{job}", self.env())
    }

    pub fn user_pool(&self) -> &str {
        self.0.status.user_pool_id.as_deref().expect("a deployed service has a user pool")
    }

    /// The user pool's public client, which the page uses.
    pub fn user_pool_client(&self) -> &str {
        self.0.status.user_pool_client_id.as_deref().expect("a deployed service has a user pool")
    }

    /// The page's address, without a trailing slash.
    pub fn web(&self) -> &str {
        self.0.status.web.as_deref().expect("the page is deployed")
    }

    /// The bucket of the page's files.
    pub fn web_bucket(&self) -> &str {
        self.0.status.web_bucket.as_deref().expect("the page is deployed")
    }

    /// The URL of the WebSocket API.
    pub fn websocket(&self) -> &str {
        self.0.status.websocket.as_deref().expect("a deployed service has a WebSocket API")
    }

    pub fn bus(&self) -> &str {
        &self.0.status.bus
    }

    /// The name of a service's table.
    pub fn table(&self, service: &str) -> &str {
        &self.service(service).table
    }

    pub fn dead_letter_queue_url(&self, service: &str) -> &str {
        &self.service(service).dlq_url
    }

    fn service(&self, service: &str) -> &ServiceStatus {
        let services = &self.0.status.services;
        services.get(service).unwrap_or_else(|| {
            panic!("this test needs the service {service}, which is not deployed here: {:?} are", services.keys())
        })
    }
}
