//! A second local cloud on which nothing is deployed.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider};

use crate::wait::eventually;

/// An empty local cloud, which is stopped after the test.
#[derive(Debug)]
pub struct EmptyCloud {
    process: Child,
    /// The endpoint of its AWS APIs.
    pub endpoint: String,
}

impl EmptyCloud {
    /// Starts it on a free port. It stores nothing on disk.
    ///
    /// `BUSLINE_VENV`, which `cargo xtask test` sets, is its Python environment; by default that of `cargo xtask up`.
    pub async fn start() -> Self {
        let repository = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        let venv = std::env::var_os("BUSLINE_VENV").map_or_else(|| repository.join(".busline/venv"), PathBuf::from);
        let port = TcpListener::bind(("127.0.0.1", 0)).expect("a free port").local_addr().expect("a port").port();
        let mut command = Command::new(venv.join("bin/python"));
        command.args(["-m", "busline_local", "--port", &port.to_string()]);
        command.env("PYTHONPATH", repository.join("local")).current_dir(std::env::temp_dir());
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
            command.env_remove(name);
        }
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let cloud = Self { process: process.expect("a local cloud"), endpoint: format!("http://127.0.0.1:{port}") };
        let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
        let ready = format!("{}/_ministack/ready", cloud.endpoint);
        eventually("a second local cloud", async || {
            http.get(&ready).send().await.ok().filter(|response| response.status().is_success())
        })
        .await;
        cloud
    }

    /// The settings of AWS clients for it.
    pub fn sdk(&self) -> SdkConfig {
        let root = Credentials::new("test", "test", None, None, "busline-tests");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(SharedCredentialsProvider::new(root))
            .endpoint_url(&self.endpoint)
            .build()
    }
}

impl Drop for EmptyCloud {
    fn drop(&mut self) {
        let ended = self.process.kill().and_then(|()| self.process.wait());
        assert!(ended.is_ok() || std::thread::panicking(), "the second local cloud could not be stopped");
    }
}
