//! What is broken, and how it was before: written down before each step, so that it can be mended after a crash too.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_eventbridge::types::{DeadLetterConfig, Target as RuleTarget};
use aws_sdk_lambda::types::Environment;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::aws::{self, Target};
use crate::demo_failure::crowd;
use crate::home::Home;
use crate::status::Status;

/// The setting of the mail job that names the sender.
const MAIL_FROM: &str = "MAIL_FROM";

/// What is broken on the local cloud of one home.
pub(super) struct Breakage<'a> {
    target: &'a Target,
    file: PathBuf,
}

/// One thing that was changed, as it was before.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Before {
    /// A setting of a function.
    Setting { function: String, name: String, value: String },
    /// The role of a function.
    Role { function: String, role: String },
    /// The target of a rule.
    Target { bus: String, rule: String, id: String, arn: String, dead_letters: Option<String> },
    /// A row that should not be there.
    Row { table: String, key: String },
}

impl<'a> Breakage<'a> {
    pub(super) fn of(home: &Home, target: &'a Target) -> Self {
        // In the cloud's own folder: who empties the cloud has nothing left to mend.
        Self { target, file: home.dir.join("cloud/demo-failure.json") }
    }

    /// Whether something is broken.
    pub(super) fn is_there(&self) -> Result<bool> {
        Ok(!self.written()?.is_empty())
    }

    /// Breaks a setting, a role and a rule.
    pub(super) async fn break_all(&self, status: &Status) -> Result<()> {
        let job = |name: &str| format!("busline-{}-notifications-{name}", self.target.env);
        self.misspell(&job("send-welcome-mail")).await?;
        self.mix_up_role(&job("todo-created"), &job("recipient-registered")).await?;
        let bus = status.bus.clone().context("there is no bus: run `cargo xtask up`")?;
        self.lose_target(&bus, &job("todo-completed")).await
    }

    /// Puts a row into the outbox of the todos table that is no event.
    pub(super) async fn poison(&self, status: &Status) -> Result<()> {
        let table = crowd::todos_table(status)?;
        let key = format!("OUTBOX#poison-{}", Timestamp::now().as_millisecond());
        self.note(Before::Row { table: table.clone(), key: key.clone() })?;
        let client = aws_sdk_dynamodb::Client::new(&self.target.sdk);
        let put = client.put_item().table_name(table).set_item(Some(row_key(&key)));
        put.send().await.map_err(aws::failed("write the poison"))?;
        Ok(())
    }

    /// Sets everything right, the last first; what was mended, in words.
    pub(super) async fn mend(&self) -> Result<Vec<String>> {
        let mut left = self.written()?;
        let mut mended = Vec::new();
        while let Some(before) = left.last() {
            mended.push(self.restore(before.clone()).await?);
            left.pop();
            self.write(&left)?;
        }
        fs::remove_file(&self.file).with_context(|| format!("cannot remove {}", self.file.display()))?;
        Ok(mended)
    }

    async fn misspell(&self, function: &str) -> Result<()> {
        let mut variables = self.settings(function).await?;
        let value = variables.get(MAIL_FROM).with_context(|| format!("{function} has no {MAIL_FROM}"))?.clone();
        self.note(Before::Setting { function: function.into(), name: MAIL_FROM.into(), value: value.clone() })?;
        variables.insert(MAIL_FROM.into(), value.replace("busline", "buslnie"));
        self.set(function, variables).await
    }

    async fn mix_up_role(&self, function: &str, other: &str) -> Result<()> {
        let role = self.role(function).await?;
        let wrong = self.role(other).await?;
        self.note(Before::Role { function: function.into(), role })?;
        self.give_role(function, &wrong).await
    }

    async fn lose_target(&self, bus: &str, rule: &str) -> Result<()> {
        let client = aws_sdk_eventbridge::Client::new(&self.target.sdk);
        let asked = client.list_targets_by_rule().rule(rule).event_bus_name(bus).send().await;
        let targets = asked.map_err(aws::failed("read a rule's target"))?.targets.unwrap_or_default();
        let target = targets.into_iter().next().with_context(|| format!("the rule {rule} has no target"))?;
        let (id, arn) = (target.id, target.arn);
        let dead_letters = target.dead_letter_config.and_then(|config| config.arn);
        let missing = format!("{arn}-that-is-gone");
        self.note(Before::Target {
            bus: bus.into(),
            rule: rule.into(),
            id: id.clone(),
            arn,
            dead_letters: dead_letters.clone(),
        })?;
        self.point(bus, rule, id, missing, dead_letters).await
    }

    async fn restore(&self, before: Before) -> Result<String> {
        match before {
            Before::Setting { function, name, value } => {
                let mut variables = self.settings(&function).await?;
                variables.insert(name.clone(), value);
                self.set(&function, variables).await?;
                Ok(format!("{name} of {function}"))
            }
            Before::Role { function, role } => {
                self.give_role(&function, &role).await?;
                Ok(format!("the role of {function}"))
            }
            Before::Target { bus, rule, id, arn, dead_letters } => {
                self.point(&bus, &rule, id, arn, dead_letters).await?;
                Ok(format!("the target of {rule}"))
            }
            Before::Row { table, key } => {
                let client = aws_sdk_dynamodb::Client::new(&self.target.sdk);
                let delete = client.delete_item().table_name(table).set_key(Some(row_key(&key)));
                delete.send().await.map_err(aws::failed("remove the poison"))?;
                Ok("the poisoned row".into())
            }
        }
    }

    async fn settings(&self, function: &str) -> Result<HashMap<String, String>> {
        let client = aws_sdk_lambda::Client::new(&self.target.sdk);
        let answer = client.get_function_configuration().function_name(function).send().await;
        let answer = answer.map_err(aws::failed("read a function's settings"))?;
        Ok(answer.environment.and_then(|environment| environment.variables).unwrap_or_default())
    }

    async fn set(&self, function: &str, variables: HashMap<String, String>) -> Result<()> {
        let environment = Environment::builder().set_variables(Some(variables)).build();
        let client = aws_sdk_lambda::Client::new(&self.target.sdk);
        let change = client.update_function_configuration().function_name(function).environment(environment);
        change.send().await.map_err(aws::failed("change a function's settings"))?;
        Ok(())
    }

    async fn role(&self, function: &str) -> Result<String> {
        let client = aws_sdk_lambda::Client::new(&self.target.sdk);
        let answer = client.get_function_configuration().function_name(function).send().await;
        let answer = answer.map_err(aws::failed("read a function's role"))?;
        answer.role.with_context(|| format!("{function} has no role"))
    }

    /// With its settings, although they stay: for a new role alone the local cloud lets the old processes go on with the
    /// old one.
    async fn give_role(&self, function: &str, role: &str) -> Result<()> {
        let environment = Environment::builder().set_variables(Some(self.settings(function).await?)).build();
        let client = aws_sdk_lambda::Client::new(&self.target.sdk);
        let change = client.update_function_configuration().function_name(function).role(role);
        change.environment(environment).send().await.map_err(aws::failed("change a function's role"))?;
        Ok(())
    }

    async fn point(&self, bus: &str, rule: &str, id: String, arn: String, dead_letters: Option<String>) -> Result<()> {
        let dead_letters = dead_letters.map(|arn| DeadLetterConfig::builder().arn(arn).build());
        let target = RuleTarget::builder().id(id).arn(arn).set_dead_letter_config(dead_letters).build()?;
        let client = aws_sdk_eventbridge::Client::new(&self.target.sdk);
        let change = client.put_targets().rule(rule).event_bus_name(bus).targets(target);
        change.send().await.map_err(aws::failed("change a rule's target"))?;
        Ok(())
    }

    fn note(&self, before: Before) -> Result<()> {
        let mut all = self.written()?;
        all.push(before);
        self.write(&all)
    }

    fn written(&self) -> Result<Vec<Before>> {
        match fs::read(&self.file) {
            Ok(text) => {
                serde_json::from_slice(&text).with_context(|| format!("{} cannot be read", self.file.display()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", self.file.display())),
        }
    }

    /// Under another name first, so that a crash leaves the old file or the new one.
    fn write(&self, all: &[Before]) -> Result<()> {
        let unfinished = self.file.with_extension("json.new");
        let cannot = || format!("cannot write {}", self.file.display());
        fs::write(&unfinished, serde_json::to_vec_pretty(all)?).with_context(cannot)?;
        fs::rename(&unfinished, &self.file).with_context(cannot)
    }
}

fn row_key(key: &str) -> HashMap<String, AttributeValue> {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    HashMap::from([("pk".to_owned(), text(key)), ("sk".to_owned(), text("OUTBOX"))])
}
