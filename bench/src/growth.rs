//! Time and work per call as a table grows: items of one user, who calls, and items of many others.
//!
//! The emulator's own time may grow with a table, which DynamoDB's does not: so a bare read of the same table is timed
//! beside it, and what a function asks of DynamoDB is counted, which no machine can blur.

use std::collections::HashMap;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use serde_json::json;
use tests::account::User;
use tests::product::{Product, Service};
use uuid::Uuid;

use crate::built::Built;
use crate::environment::Environment;
use crate::figures::{GrowthFigures, Spread, ms};
use crate::functions::Function;
use crate::rehearsal::Rehearsal;
use crate::scene::{Scenes, expect_success};

/// DynamoDB writes at most this many items in a batch.
const BATCH: u64 = 25;
const BATCHES_AT_ONCE: usize = 4;

type Item = HashMap<String, AttributeValue>;

/// Whose items fill the table.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Owner {
    /// The caller's.
    One,
    /// Ten thousand others', a share each.
    Many,
}

/// A kind of item, and the routes that read or write its table.
struct Kind {
    service: Service,
    /// The sort key of the item to copy begins with this.
    prefix: &'static str,
    /// Of whom there can be many.
    owners: &'static [Owner],
    jobs: &'static [&'static str],
}

const KINDS: [Kind; 3] = [
    Kind {
        service: Service::Todos,
        prefix: "TODO#",
        owners: &[Owner::One, Owner::Many],
        jobs: &["create-todo", "list-todos", "get-todo", "change-todo", "complete-todo", "reopen-todo", "delete-todo"],
    },
    Kind {
        service: Service::Notifications,
        prefix: "INBOX#",
        owners: &[Owner::One, Owner::Many],
        jobs: &["list-notifications", "read-notification", "todo-created"],
    },
    // A profile is one user's one item: a table of them is of many by itself.
    Kind {
        service: Service::Users,
        prefix: "PROFILE",
        owners: &[Owner::Many],
        jobs: &["get-me", "change-me", "list-users"],
    },
];

/// Fills each table to each of the sizes in turn, and measures at each.
///
/// # Errors
/// When a table cannot be filled or a function fails.
pub(crate) async fn measure(
    product: &Product,
    functions: &[Function],
    built: &Built,
    scenes: &Scenes,
    sizes: &[u64],
    calls: usize,
) -> Result<Vec<GrowthFigures>> {
    let mut all = Vec::new();
    for kind in &KINDS {
        for &owner in kind.owners {
            let table = Table::of(product, kind, scenes.user()).await?;
            let mut filled = 0;
            for &size in sizes {
                let begun = Instant::now();
                table.fill(owner, filled..size).await?;
                filled = size;
                eprintln!(
                    "  {} filled with {size} items of {} ({:.0} s)",
                    kind.service.name(),
                    owner.name(),
                    begun.elapsed().as_secs_f64()
                );
                for job in kind.jobs {
                    let wanted = |function: &&Function| function.service == kind.service.name() && function.job == *job;
                    let function = functions.iter().find(wanted).with_context(|| format!("no function does {job}"))?;
                    let at = At { product, built, scenes, table: &table };
                    all.push(at.measure(function, owner, size, calls).await.with_context(|| (*job).to_owned())?);
                }
            }
        }
    }
    Ok(all)
}

impl Owner {
    fn name(self) -> &'static str {
        match self {
            Self::One => "one user",
            Self::Many => "many users",
        }
    }
}

struct At<'a> {
    product: &'a Product,
    built: &'a Built,
    scenes: &'a Scenes,
    table: &'a Table,
}

impl At<'_> {
    async fn measure(&self, function: &Function, owner: Owner, items: u64, calls: usize) -> Result<GrowthFigures> {
        let rehearsal = Rehearsal::open(self.product.endpoint()).await?;
        let mut running = Environment::start(function.program(self.built, &rehearsal.endpoint)?).await?;
        let (mut times, mut reads) = (Vec::new(), Vec::new());
        for number in 0..=calls {
            let event = self.scenes.event(&function.service, &function.job).await?;
            rehearsal.rehearse();
            let (answer, time) = running.invoke(&event).await?;
            expect_success(&function.job, &answer)?;
            let begun = Instant::now();
            self.table.read().await?;
            if number > 0 {
                times.push(ms(time));
                reads.push(ms(begun.elapsed()));
            }
        }
        running.end().await?;
        let asked = rehearsal.asked();
        Ok(GrowthFigures {
            route: function.job.clone(),
            owner: owner.name().to_owned(),
            items,
            call: Spread::of(&times),
            bare_read: Spread::of(&reads),
            aws_calls: asked.calls,
            items_touched: asked.items,
        })
    }
}

/// A service's table, with an item to make others of.
struct Table {
    client: Client,
    name: String,
    sample: Item,
    owner: String,
}

impl Table {
    async fn of(product: &Product, kind: &Kind, user: &User) -> Result<Self> {
        if kind.service == Service::Todos {
            // Without a due time: a schedule for each copy would keep the emulator busy while the routes are measured.
            let body = json!({"title": "Buy milk", "tags": ["home"]});
            user.todos().post("/todos").json(&body).expect(201).await;
        }
        let client = Client::new(product.sdk());
        let (name, owner) = (product.table(kind.service).to_owned(), user.id.to_string());
        let query = client.query().table_name(&name).consistent_read(true).scan_index_forward(false).limit(1);
        let query = query.key_condition_expression("pk = :pk AND begins_with(sk, :prefix)");
        let query = query.expression_attribute_values(":pk", AttributeValue::S(format!("USER#{owner}")));
        let query = query.expression_attribute_values(":prefix", AttributeValue::S(kind.prefix.to_owned()));
        let found = query.send().await.context("cannot read a table")?.items.unwrap_or_default();
        let sample = found.into_iter().next().with_context(|| format!("{name} has no {} of the user", kind.prefix))?;
        Ok(Self { client, name, sample, owner })
    }

    async fn fill(&self, owner: Owner, numbers: std::ops::Range<u64>) -> Result<()> {
        let mut batches = tokio::task::JoinSet::new();
        let mut start = numbers.start;
        while start < numbers.end {
            let end = numbers.end.min(start + BATCH);
            let items = (start..end).map(|number| self.copy(owner, number)).collect::<Result<Vec<_>>>()?;
            if batches.len() == BATCHES_AT_ONCE {
                batches.join_next().await.context("a batch")???;
            }
            batches.spawn(write(self.client.clone(), self.name.clone(), items));
            start = end;
        }
        while let Some(batch) = batches.join_next().await {
            batch??;
        }
        Ok(())
    }

    /// The sample under another id, and another owner if many own the items.
    fn copy(&self, owner: Owner, number: u64) -> Result<Item> {
        let id = match self.sample.get("id") {
            Some(AttributeValue::S(id)) => id.as_str(),
            _ => "",
        };
        let new_id = Uuid::now_v7().to_string();
        let new_owner = match owner {
            Owner::One => self.owner.clone(),
            Owner::Many => Uuid::from_u64_pair(0x0198_c0de_0000_7000, 0x8000_0000_0000_0000 | number).to_string(),
        };
        let renamed = |text: &str| {
            let text = if id.is_empty() || id == self.owner { text.to_owned() } else { text.replace(id, &new_id) };
            text.replace(&self.owner, &new_owner)
        };
        let mut item = self.sample.clone();
        for value in item.values_mut() {
            if let AttributeValue::S(text) = value {
                *text = renamed(text);
            }
        }
        if item == self.sample {
            bail!("a copy of an item of {} has the same keys", self.name);
        }
        Ok(item)
    }

    /// The smallest thing that the table can be asked.
    async fn read(&self) -> Result<()> {
        let key = ["pk", "sk"].into_iter().filter_map(|name| Some((name.to_owned(), self.sample.get(name)?.clone())));
        let get = self.client.get_item().table_name(&self.name).set_key(Some(key.collect()));
        get.send().await.context("cannot read an item")?;
        Ok(())
    }
}

async fn write(client: Client, table: String, items: Vec<Item>) -> Result<()> {
    let mut left = Vec::with_capacity(items.len());
    for item in items {
        let put = PutRequest::builder().set_item(Some(item)).build()?;
        left.push(WriteRequest::builder().put_request(put).build());
    }
    while !left.is_empty() {
        let answer =
            client.batch_write_item().request_items(&table, left).send().await.context("cannot fill a table")?;
        left = answer.unprocessed_items.unwrap_or_default().remove(&table).unwrap_or_default();
    }
    Ok(())
}

/// Whether a route's work is the same at every size: the same calls and as many items.
pub(crate) fn is_flat(figures: &[GrowthFigures], route: &str) -> bool {
    let mut of_route = figures.iter().filter(|figure| figure.route == route);
    let first = of_route.next().map(|figure| (figure.aws_calls, figure.items_touched));
    of_route.all(|figure| Some((figure.aws_calls, figure.items_touched)) == first)
}
