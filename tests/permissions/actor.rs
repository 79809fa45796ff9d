//! A function's role, and how AWS answers what it tries.

use aws_sdk_lambda::error::ProvideErrorMetadata;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{EventSourcePosition, LastUpdateStatus, LogFormat, LoggingConfig};
use jiff::Timestamp;
use tests::cleanup::run_in_drop;
use tests::logs::Logs;
use tests::permissions::FunctionRole;
use tests::product::Product;
use tests::signature::Signer;
use tests::wait::eventually;

use crate::questions::Attempt;

/// A function with the credentials of its role.
pub(crate) struct Actor {
    product: Product,
    pub(crate) function: String,
    session: Signer,
    /// Restores the role's trust policy when it is dropped.
    _role: FunctionRole,
}

pub(crate) enum Answer {
    Denied,
    /// Not denied, with the response: another error counts as allowed.
    Allowed(String),
}

impl Actor {
    pub(crate) fn new(product: &Product, function: String, session: Signer, role: FunctionRole) -> Self {
        Self { product: product.clone(), function, session, _role: role }
    }

    pub(crate) async fn attempt(&self, attempt: &Attempt) -> Answer {
        match attempt {
            Attempt::Request(request) => {
                let response = self.session.send(request).await;
                if response.is_denied() {
                    Answer::Denied
                } else {
                    Answer::Allowed(format!("{} {}", response.status, response.body))
                }
            }
            Attempt::ReadStream(stream) => self.read_stream(stream).await,
            Attempt::WriteLog(group) => self.write_log(group).await,
        }
    }

    async fn read_stream(&self, stream: &str) -> Answer {
        let client = aws_sdk_lambda::Client::new(self.product.sdk());
        let request = client.create_event_source_mapping().function_name(&self.function).event_source_arn(stream);
        match request.enabled(false).starting_position(EventSourcePosition::Latest).send().await {
            Ok(created) => {
                let uuid = created.uuid.expect("a mapping's id");
                let deletion = client.delete_event_source_mapping().uuid(uuid).send().await;
                deletion.expect("a mapping that can be deleted");
                Answer::Allowed("a mapping was created".to_owned())
            }
            Err(error) => {
                let message = error.message().unwrap_or_default();
                let is_denied = message.contains("Cannot access stream");
                if is_denied { Answer::Denied } else { Answer::Allowed(message.to_owned()) }
            }
        }
    }

    async fn write_log(&self, group: &str) -> Answer {
        let own = LogGroup::new(&self.product, &self.function).await;
        if own.name == group {
            self.invoke().await;
            own.wait_for_line().await;
            return Answer::Allowed("a line was written".to_owned());
        }
        own.replace_by(group).await;
        self.invoke().await;
        own.replace_by(&own.name).await;
        // A line of the first invocation would be there before a line of this one.
        self.invoke().await;
        own.wait_for_line().await;
        if own.has_line_in(group).await { Answer::Allowed("a line was written".to_owned()) } else { Answer::Denied }
    }

    /// Invokes the function with nothing to do: it only has to write a log line.
    async fn invoke(&self) {
        let client = aws_sdk_lambda::Client::new(self.product.sdk());
        let request = client.invoke().function_name(&self.function).payload(Blob::new("{}"));
        request.send().await.expect("a function that can be invoked");
    }
}

/// The log group of a function, which is restored when this value is dropped.
struct LogGroup {
    product: Product,
    function: String,
    name: String,
    logs: Logs,
}

impl LogGroup {
    async fn new(product: &Product, function: &str) -> Self {
        let client = aws_sdk_lambda::Client::new(product.sdk());
        let configuration = client.get_function_configuration().function_name(function).send().await;
        let logging = configuration.expect("the function's settings").logging_config.expect("logging settings");
        let name = logging.log_group.expect("a log group");
        let logs = Logs::since(product, Timestamp::now());
        Self { product: product.clone(), function: function.to_owned(), name, logs }
    }

    async fn replace_by(&self, group: &str) {
        set_log_group(&self.product, &self.function, group).await;
        let client = aws_sdk_lambda::Client::new(self.product.sdk());
        eventually("a function with new settings", async || {
            let current = client.get_function_configuration().function_name(&self.function).send().await;
            let status = current.expect("the settings").last_update_status;
            (status == Some(LastUpdateStatus::Successful)).then_some(())
        })
        .await;
    }

    async fn wait_for_line(&self) {
        let line = async || self.has_line_in(&self.name).await.then_some(());
        eventually("a line in the function's own log group", line).await;
    }

    async fn has_line_in(&self, group: &str) -> bool {
        self.logs.has_line_in(group, &self.function).await
    }
}

impl Drop for LogGroup {
    fn drop(&mut self) {
        let (product, function, name) = (self.product.clone(), self.function.clone(), self.name.clone());
        run_in_drop(async move { set_log_group(&product, &function, &name).await });
    }
}

async fn set_log_group(product: &Product, function: &str, group: &str) {
    let client = aws_sdk_lambda::Client::new(product.sdk());
    let logging = LoggingConfig::builder().log_format(LogFormat::Json).log_group(group).build();
    let request = client.update_function_configuration().function_name(function).logging_config(logging);
    request.send().await.expect("a function with a log group that can be changed");
}
