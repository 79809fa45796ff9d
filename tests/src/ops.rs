//! The operations CLI, run as an operator runs it: a program with arguments, an environment and exit codes.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;
use tokio::process::{Child, Command};
use uuid::Uuid;

use crate::product::Product;

/// Somebody at a terminal, with a folder of their own for journals.
#[derive(Debug)]
pub struct Operator {
    settings: Vec<(&'static str, String)>,
    env: Option<String>,
    home: PathBuf,
}

/// What a command did.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Its exit code; none when it was killed.
    pub code: Option<i32>,
    /// What it printed.
    pub out: String,
    /// What it remarked.
    pub said: String,
}

impl Ran {
    /// The objects that it printed, one a line.
    pub fn lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect()
    }

    /// Its last line, which sums up.
    pub fn summary(&self) -> Value {
        let last = self.out.lines().last();
        let last = last.unwrap_or_else(|| panic!("a last line on standard output, not this alone: {}", self.said));
        serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {last}"))
    }
}

impl Operator {
    /// An operator of the product's environment.
    pub fn of(product: &Product) -> Self {
        let mut operator = Self::stranger(product.endpoint());
        operator.env = Some(product.env().to_owned());
        operator
    }

    /// Somebody who has nothing but an endpoint, a region and keys.
    pub fn stranger(endpoint: &str) -> Self {
        let key = || "test".to_owned();
        let settings = vec![
            ("AWS_ENDPOINT_URL", endpoint.to_owned()),
            ("AWS_REGION", "eu-west-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", key()),
            ("AWS_SECRET_ACCESS_KEY", key()),
        ];
        Self { settings, env: None, home: std::env::temp_dir().join(format!("busline-operator-{}", Uuid::now_v7())) }
    }

    /// The same without one of the settings.
    #[must_use]
    pub fn without(mut self, setting: &str) -> Self {
        self.settings.retain(|(name, _)| !name.starts_with(setting));
        self
    }

    /// A file in the operator's folder, which goes with them.
    pub fn file(&self, name: &str) -> String {
        std::fs::create_dir_all(&self.home).expect("a folder of ours");
        self.home.join(name).to_str().expect("a path in Unicode").to_owned()
    }

    /// Runs `ops dlq` with these arguments to its end.
    pub async fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.start(arguments).wait_with_output().await.expect("the operations CLI runs");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        let ran = Ran { code: output.status.code(), out: text(output.stdout), said: text(output.stderr) };
        assert!(!ran.said.contains("panicked"), "ops dlq {arguments:?}: {}", ran.said);
        ran
    }

    /// Runs a command that must do all that it was told; what it printed.
    pub async fn done(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments).await;
        assert_eq!(ran.code, Some(0), "ops dlq {arguments:?}: {}{}", ran.said, ran.out);
        ran
    }

    /// The messages of a queue that these filters let through, as `peek` shows them.
    pub async fn peek(&self, queue: &str, filters: &[&str]) -> Vec<Value> {
        let arguments = [&["peek", queue, "--count", "10000", "--format", "ndjson"], filters].concat();
        self.done(&arguments).await.lines()
    }

    /// The one message of a queue that these filters let through.
    pub async fn one(&self, queue: &str, filters: &[&str]) -> Value {
        let mut found = self.peek(queue, filters).await;
        assert_eq!(found.len(), 1, "{filters:?} of {queue}: {found:?}");
        found.remove(0)
    }

    /// Starts `ops dlq`; it ends with its handle.
    pub fn start(&self, arguments: &[&str]) -> Child {
        let mut command = Command::new(program());
        command.arg("dlq").args(arguments).env_clear().envs(self.settings.iter().map(|(name, value)| (name, value)));
        // A journal belongs to no environment.
        let env = self.env.iter().filter(|_| arguments.first() != Some(&"journal"));
        command.args(env.flat_map(|env| ["--env", env])).env("BUSLINE_HOME", &self.home);
        command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped());
        command.stderr(std::process::Stdio::piped()).kill_on_drop(true).spawn().expect("the operations CLI starts")
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        if self.home.exists() {
            std::fs::remove_dir_all(&self.home).expect("a folder of ours");
        }
    }
}

/// The operations CLI, built beside this program. In the root folder cargo resolves features for the whole workspace, as
/// it did for this program, and compiles no dependency anew.
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
