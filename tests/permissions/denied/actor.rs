//! A function's role, and what it is told when it tries.

use aws_sdk_lambda::error::ProvideErrorMetadata;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{EventSourcePosition, LastUpdateStatus, LogFormat, LoggingConfig};
use tests::disruption::finish;
use tests::permissions::Role;
use tests::product::Product;
use tests::signature::Signer;
use tests::wait::eventually;

use crate::denied::questions::Attempt;

/// A function, its role, and a session of it.
pub(super) struct Actor {
    product: Product,
    pub(super) function: String,
    session: Signer,
    /// Puts the role's trust back when it goes.
    _role: Role,
}

pub(super) enum Answer {
    Denied,
    /// Not denied, whatever else; what was said.
    Admitted(String),
}

impl Actor {
    pub(super) fn new(product: &Product, function: String, session: Signer, role: Role) -> Self {
        Self { product: product.clone(), function, session, _role: role }
    }

    pub(super) async fn attempt(&self, attempt: &Attempt) -> Answer {
        match attempt {
            Attempt::Call(request) => {
                let reply = self.session.send(request).await;
                if reply.is_denied() {
                    Answer::Denied
                } else {
                    Answer::Admitted(format!("{} {}", reply.status, reply.body))
                }
            }
            Attempt::Feed(stream) => self.feed(stream).await,
            Attempt::Log(group) => self.log(group).await,
        }
    }

    async fn feed(&self, stream: &str) -> Answer {
        let client = aws_sdk_lambda::Client::new(self.product.sdk());
        let request = client.create_event_source_mapping().function_name(&self.function).event_source_arn(stream);
        match request.enabled(false).starting_position(EventSourcePosition::Latest).send().await {
            Ok(made) => {
                let uuid = made.uuid.expect("a mapping's id");
                client.delete_event_source_mapping().uuid(uuid).send().await.expect("no mapping left");
                Answer::Admitted("a mapping was made".to_owned())
            }
            Err(error) => {
                let said = error.message().unwrap_or_default();
                if said.contains("Cannot access stream") { Answer::Denied } else { Answer::Admitted(said.to_owned()) }
            }
        }
    }

    async fn log(&self, group: &str) -> Answer {
        let own = Logging::of(&self.product, &self.function).await;
        if own.group == group {
            self.invoke().await;
            eventually("a line in the function's own log", async || own.has_line_in(group).await.then_some(())).await;
            return Answer::Admitted("a line was written".to_owned());
        }
        own.set(group).await;
        self.invoke().await;
        own.set(&own.group).await;
        // What was logged before the line that comes now would be there.
        self.invoke().await;
        eventually("a line in the function's own log", async || own.has_line_in(&own.group).await.then_some(())).await;
        if own.has_line_in(group).await { Answer::Admitted("a line was written".to_owned()) } else { Answer::Denied }
    }

    /// With nothing to do: all that counts is that it logs.
    async fn invoke(&self) {
        let client = aws_sdk_lambda::Client::new(self.product.sdk());
        let request = client.invoke().function_name(&self.function).payload(Blob::new("{}"));
        request.send().await.expect("a function that can be invoked");
    }
}

/// Where a function logs. It logs there again when this goes.
struct Logging {
    product: Product,
    function: String,
    group: String,
    since: i64,
}

impl Logging {
    async fn of(product: &Product, function: &str) -> Self {
        let client = aws_sdk_lambda::Client::new(product.sdk());
        let configuration = client.get_function_configuration().function_name(function).send().await;
        let logging = configuration.expect("the function's settings").logging_config.expect("settings of its log");
        let group = logging.log_group.expect("a log group");
        let since = jiff::Timestamp::now().as_millisecond();
        Self { product: product.clone(), function: function.to_owned(), group, since }
    }

    async fn set(&self, group: &str) {
        set_log_group(&self.product, &self.function, group).await;
        let client = aws_sdk_lambda::Client::new(self.product.sdk());
        eventually("a function with new settings", async || {
            let now = client.get_function_configuration().function_name(&self.function).send().await;
            let status = now.expect("the settings").last_update_status;
            (status == Some(LastUpdateStatus::Successful)).then_some(())
        })
        .await;
    }

    async fn has_line_in(&self, group: &str) -> bool {
        let client = aws_sdk_cloudwatchlogs::Client::new(self.product.sdk());
        let request = client.filter_log_events().log_group_name(group).start_time(self.since);
        let mut pages = request.into_paginator().send();
        let stream = format!("/{}[", self.function);
        while let Some(page) = pages.next().await {
            let lines = page.expect("a group's lines").events.unwrap_or_default();
            if lines.iter().any(|line| line.log_stream_name().is_some_and(|name| name.contains(&stream))) {
                return true;
            }
        }
        false
    }
}

impl Drop for Logging {
    fn drop(&mut self) {
        let (product, function, group) = (self.product.clone(), self.function.clone(), self.group.clone());
        finish(async move { set_log_group(&product, &function, &group).await });
    }
}

async fn set_log_group(product: &Product, function: &str, group: &str) {
    let client = aws_sdk_lambda::Client::new(product.sdk());
    let logging = LoggingConfig::builder().log_format(LogFormat::Json).log_group(group).build();
    let request = client.update_function_configuration().function_name(function).logging_config(logging);
    request.send().await.expect("a function whose log can be set");
}
