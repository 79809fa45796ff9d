//! The faults, and what was there before: written to a file before each change, so that a later call can restore it.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_eventbridge::types::{DeadLetterConfig, Target};
use aws_sdk_lambda::types::Environment;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tests::product::Product;

use crate::{CONSUMER, PUBLISHER};

/// The job that sends the welcome email.
pub(crate) const WELCOME_EMAIL: &str = "send-welcome-mail";
/// The job that adds an inbox entry for a new item, and its rule.
pub(crate) const NEW_ITEM: &str = "update-inbox";
/// The same for a completed item.
pub(crate) const COMPLETED_ITEM: &str = "update-inbox";
/// The same for an attachment that was rejected.
pub(crate) const REJECTED_ATTACHMENT: &str = "update-inbox";
/// A job with a role that may not write inbox entries.
const OTHER_JOB: &str = "update-recipients";

/// The setting of the email job that names the sender.
const SENDER: &str = "MAIL_FROM";

/// The faults of one local cloud.
pub(crate) struct Faults<'a> {
    product: &'a Product,
    state: PathBuf,
}

/// One thing as it was before a fault.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum Original {
    Setting {
        function: String,
        name: String,
        value: String,
    },
    Role {
        function: String,
        role: String,
    },
    Target {
        rule: String,
        id: String,
        arn: String,
        dead_letters: Option<String>,
    },
    /// A row that was not there.
    NoRow {
        table: String,
        key: String,
    },
}

impl<'a> Faults<'a> {
    pub(crate) fn new(product: &'a Product, state: PathBuf) -> Self {
        Self { product, state }
    }

    /// Whether there is something to restore.
    pub(crate) fn are_injected(&self) -> bool {
        !self.originals().is_empty()
    }

    /// Misspells the sender's address, for which SES has no identity.
    pub(crate) async fn misspell_sender(&self) {
        let function = self.product.function(CONSUMER, WELCOME_EMAIL);
        let mut variables = self.variables(&function).await;
        let value = variables.get(SENDER).expect("the email job has a sender").clone();
        self.keep(Original::Setting { function: function.clone(), name: SENDER.into(), value: value.clone() });
        variables.insert(SENDER.into(), value.replace("busline", "buslnie"));
        self.set_variables(&function, variables).await;
    }

    /// Gives a job the role of another one.
    pub(crate) async fn exchange_role(&self) {
        let function = self.product.function(CONSUMER, NEW_ITEM);
        let other = self.role(&self.product.function(CONSUMER, OTHER_JOB)).await;
        self.keep(Original::Role { function: function.clone(), role: self.role(&function).await });
        self.set_role(&function, &other).await;
    }

    /// Gives a rule a target that does not exist.
    pub(crate) async fn remove_target(&self) {
        // A rule has the name of the function that it invokes.
        let rule = self.product.function(CONSUMER, COMPLETED_ITEM);
        let client = aws_sdk_eventbridge::Client::new(self.product.sdk());
        let listed = client.list_targets_by_rule().rule(&rule).event_bus_name(self.product.bus()).send().await;
        let target = listed.expect("a rule").targets.unwrap_or_default().pop().expect("a rule with a target");
        let dead_letters = target.dead_letter_config.and_then(|config| config.arn);
        let (id, arn) = (target.id, target.arn);
        let missing = format!("{arn}-that-does-not-exist");
        let original = Original::Target { rule: rule.clone(), id: id.clone(), arn, dead_letters: dead_letters.clone() };
        self.keep(original);
        self.set_target(&rule, id, missing, dead_letters).await;
    }

    /// Writes a row into a table's outbox that is not an event, so that the publisher fails.
    pub(crate) async fn write_invalid_record(&self) {
        let table = self.product.table(PUBLISHER).to_owned();
        let key = format!("OUTBOX#invalid-{}", Timestamp::now().as_millisecond());
        self.keep(Original::NoRow { table: table.clone(), key: key.clone() });
        let client = aws_sdk_dynamodb::Client::new(self.product.sdk());
        let put = client.put_item().table_name(table).set_item(Some(row_key(&key)));
        put.send().await.expect("a row that can be written");
    }

    /// Restores everything, the last change first; returns what was restored.
    pub(crate) async fn repair(&self) -> Vec<String> {
        let mut originals = self.originals();
        let mut repaired = Vec::new();
        while let Some(original) = originals.last() {
            repaired.push(self.restore(original.clone()).await);
            originals.pop();
            self.write(&originals);
        }
        fs::remove_file(&self.state).expect("the state file can be removed");
        repaired
    }

    async fn restore(&self, original: Original) -> String {
        match original {
            Original::Setting { function, name, value } => {
                let mut variables = self.variables(&function).await;
                variables.insert(name.clone(), value);
                self.set_variables(&function, variables).await;
                format!("{name} of {function}")
            }
            Original::Role { function, role } => {
                self.set_role(&function, &role).await;
                format!("the role of {function}")
            }
            Original::Target { rule, id, arn, dead_letters } => {
                self.set_target(&rule, id, arn, dead_letters).await;
                format!("the target of {rule}")
            }
            Original::NoRow { table, key } => {
                let client = aws_sdk_dynamodb::Client::new(self.product.sdk());
                let delete = client.delete_item().table_name(table).set_key(Some(row_key(&key)));
                delete.send().await.expect("a row that can be deleted");
                "the invalid row".into()
            }
        }
    }

    async fn variables(&self, function: &str) -> HashMap<String, String> {
        let client = aws_sdk_lambda::Client::new(self.product.sdk());
        let found = client.get_function_configuration().function_name(function).send().await.expect("a function");
        found.environment.and_then(|environment| environment.variables).unwrap_or_default()
    }

    async fn set_variables(&self, function: &str, variables: HashMap<String, String>) {
        let environment = Environment::builder().set_variables(Some(variables)).build();
        let client = aws_sdk_lambda::Client::new(self.product.sdk());
        let change = client.update_function_configuration().function_name(function).environment(environment);
        change.send().await.expect("a function with settings that can be changed");
    }

    async fn role(&self, function: &str) -> String {
        let client = aws_sdk_lambda::Client::new(self.product.sdk());
        let found = client.get_function_configuration().function_name(function).send().await.expect("a function");
        found.role.expect("a function has a role")
    }

    /// Also sends the settings, although they stay the same: the local cloud keeps running processes with the old role when
    /// the role alone changes.
    async fn set_role(&self, function: &str, role: &str) {
        let environment = Environment::builder().set_variables(Some(self.variables(function).await)).build();
        let client = aws_sdk_lambda::Client::new(self.product.sdk());
        let change = client.update_function_configuration().function_name(function).role(role);
        change.environment(environment).send().await.expect("a function with a role that can be changed");
    }

    async fn set_target(&self, rule: &str, id: String, arn: String, dead_letters: Option<String>) {
        let dead_letters = dead_letters.map(|arn| DeadLetterConfig::builder().arn(arn).build());
        let target = Target::builder().id(id).arn(arn).set_dead_letter_config(dead_letters).build();
        let client = aws_sdk_eventbridge::Client::new(self.product.sdk());
        let change = client.put_targets().rule(rule).event_bus_name(self.product.bus());
        change.targets(target.expect("a target")).send().await.expect("a rule with a target that can be changed");
    }

    fn keep(&self, original: Original) {
        let mut originals = self.originals();
        originals.push(original);
        self.write(&originals);
    }

    fn originals(&self) -> Vec<Original> {
        match fs::read(&self.state) {
            Ok(text) => serde_json::from_slice(&text).expect("a state file of this program"),
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => panic!("cannot read {}: {error}", self.state.display()),
        }
    }

    /// Written to another file first, so that a crash leaves the old file or the new one.
    fn write(&self, originals: &[Original]) {
        let unfinished = self.state.with_extension("json.new");
        let text = serde_json::to_vec_pretty(originals).expect("originals are JSON");
        fs::write(&unfinished, text).expect("the state file can be written");
        fs::rename(&unfinished, &self.state).expect("the state file can be written");
    }
}

fn row_key(key: &str) -> HashMap<String, AttributeValue> {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    HashMap::from([("pk".to_owned(), text(key)), ("sk".to_owned(), text("OUTBOX"))])
}
