//! The operations CLI, run as an operator runs it: with arguments, an environment and exit codes.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;
use tokio::process::{Child, Command};
use uuid::Uuid;

use crate::product::Product;

/// An operator with a folder for journals, which is deleted after the test.
#[derive(Debug)]
pub struct Operator {
    settings: Vec<(&'static str, String)>,
    env: Option<String>,
    home: PathBuf,
}

/// The result of a command.
#[derive(Clone, Debug)]
pub struct CommandOutput {
    /// The exit code; `None` when the process was killed.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl CommandOutput {
    /// Waits until a process ends.
    pub async fn at_end_of(process: Child) -> Self {
        let output = process.wait_with_output().await.expect("the operations CLI ends");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// The JSON objects on standard output, one a line.
    pub fn lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect()
    }

    /// The summary: the last line of standard output.
    pub fn summary(&self) -> Value {
        let last = self.stdout.lines().last();
        let last = last.unwrap_or_else(|| panic!("standard output is empty; standard error: {}", self.stderr));
        serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {last}"))
    }
}

impl Operator {
    /// An operator of the product's environment.
    pub fn new(product: &Product) -> Self {
        let mut operator = Self::with_endpoint(product.endpoint());
        operator.env = Some(product.env().to_owned());
        operator
    }

    /// An operator who has only an endpoint, a region and keys, and names no environment of Busline.
    pub fn with_endpoint(endpoint: &str) -> Self {
        let key = || "test".to_owned();
        let settings = vec![
            ("AWS_ENDPOINT_URL", endpoint.to_owned()),
            ("AWS_REGION", "eu-west-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", key()),
            ("AWS_SECRET_ACCESS_KEY", key()),
        ];
        Self { settings, env: None, home: std::env::temp_dir().join(format!("busline-operator-{}", Uuid::now_v7())) }
    }

    /// The same operator without one of the environment variables.
    #[must_use]
    pub fn without(mut self, setting: &str) -> Self {
        self.settings.retain(|(name, _)| !name.starts_with(setting));
        self
    }

    /// The path of a file in the operator's folder.
    pub fn file(&self, name: &str) -> String {
        std::fs::create_dir_all(&self.home).expect("a temporary folder");
        self.home.join(name).to_str().expect("a path in Unicode").to_owned()
    }

    /// Runs `ops dlq` with these arguments.
    pub async fn run(&self, arguments: &[&str]) -> CommandOutput {
        let ran = CommandOutput::at_end_of(self.start(arguments)).await;
        assert!(!ran.stderr.contains("panicked"), "ops dlq {arguments:?}: {}", ran.stderr);
        ran
    }

    /// Runs a command that must succeed.
    pub async fn run_ok(&self, arguments: &[&str]) -> CommandOutput {
        let ran = self.run(arguments).await;
        assert_eq!(ran.code, Some(0), "ops dlq {arguments:?}: {}{}", ran.stderr, ran.stdout);
        ran
    }

    /// The messages of a queue that match these filters, as `peek` prints them.
    pub async fn peek(&self, queue: &str, filters: &[&str]) -> Vec<Value> {
        let arguments = [&["peek", queue, "--count", "10000", "--format", "ndjson"], filters].concat();
        self.run_ok(&arguments).await.lines()
    }

    /// The only message of a queue that matches these filters.
    pub async fn peek_one(&self, queue: &str, filters: &[&str]) -> Value {
        let mut found = self.peek(queue, filters).await;
        assert_eq!(found.len(), 1, "{filters:?} of {queue}: {found:?}");
        found.remove(0)
    }

    /// Starts `ops dlq`. The process is killed when its handle is dropped.
    pub fn start(&self, arguments: &[&str]) -> Child {
        let mut command = Command::new(program());
        command.arg("dlq").args(arguments).env_clear().envs(self.settings.iter().map(|(name, value)| (name, value)));
        // `journal` takes no environment.
        let env = self.env.iter().filter(|_| arguments.first() != Some(&"journal"));
        command.args(env.flat_map(|env| ["--env", env])).env("BUSLINE_HOME", &self.home);
        command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped());
        command.stderr(std::process::Stdio::piped()).kill_on_drop(true).spawn().expect("the operations CLI starts")
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        if self.home.exists() {
            std::fs::remove_dir_all(&self.home).expect("a temporary folder");
        }
    }
}

/// The path of the operations CLI, which is built beside this program. It is built in the root folder, where cargo resolves
/// features for the whole workspace as it did for this program, so that no dependency is compiled twice.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let built = std::process::Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
            .args(["build", "--quiet", "--bin", "ops"])
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .status();
        assert!(built.expect("cargo").success(), "the operations CLI is built");
        let this = std::env::current_exe().expect("this program");
        this.parent().and_then(Path::parent).expect("the folder of programs").join("ops")
    })
}
