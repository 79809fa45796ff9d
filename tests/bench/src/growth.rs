//! Time and work of a call as a table grows: by items of the caller, and by items of many other users.
//!
//! The local cloud's own time may grow with a table, which DynamoDB's does not. So a bare read of the same table is timed
//! too, and what a function uses of DynamoDB is counted, which does not depend on the machine.

use std::collections::HashMap;
use std::ops::Range;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use tests::account::User;
use tests::product::Product;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::built::Built;
use crate::execution_environment::ExecutionEnvironment;
use crate::functions::Function;
use crate::recording_proxy::RecordingProxy;
use crate::results::{GrowthFigures, Spread, ms};
use crate::scenarios::{AllScenarios, ItemKind, Owner, expect_success};

/// DynamoDB writes at most this many items in a batch.
const BATCH: u64 = 25;
const CONCURRENT_BATCHES: usize = 4;

type Item = HashMap<String, AttributeValue>;

/// What the measurements of all tables share.
#[derive(Clone, Copy)]
pub(crate) struct Measurement<'a> {
    pub(crate) product: &'a Product,
    pub(crate) functions: &'a [Function],
    pub(crate) built: &'a Built,
    pub(crate) scenarios: &'a AllScenarios,
    /// The numbers of items.
    pub(crate) sizes: &'a [u64],
    /// The number of calls of each function with each size.
    pub(crate) calls: usize,
}

impl Measurement<'_> {
    /// Fills each table to each of the sizes in turn, and measures with each.
    ///
    /// # Errors
    /// When a table cannot be filled or a function fails.
    pub(crate) async fn run(self) -> Result<Vec<GrowthFigures>> {
        let mut all = Vec::new();
        for (service, scenarios) in self.scenarios.services() {
            for kind in scenarios.item_kinds() {
                for &owner in kind.owners {
                    all.extend(self.measure_kind(service, kind, owner).await?);
                }
            }
        }
        Ok(all)
    }

    async fn measure_kind(self, service: &str, kind: &ItemKind, owner: Owner) -> Result<Vec<GrowthFigures>> {
        let table = Table::read(self.scenarios.user(), service, kind).await?;
        let (mut filled, mut all) = (0, Vec::new());
        for &size in self.sizes {
            let start = Instant::now();
            table.fill(owner, filled..size).await?;
            filled = size;
            let time = start.elapsed().as_secs_f64();
            eprintln!("  {service} filled with {size} items of {} ({time:.0} s)", owner.name());
            for job in kind.jobs {
                let is_wanted = |function: &&Function| function.service == service && function.job == *job;
                let function = self.functions.iter().find(is_wanted).with_context(|| format!("no function {job}"))?;
                let figures = self.measure_function(function, &table, owner, size).await;
                all.push(figures.with_context(|| (*job).to_owned())?);
            }
        }
        Ok(all)
    }

    async fn measure_function(
        self,
        function: &Function,
        table: &Table,
        owner: Owner,
        items: u64,
    ) -> Result<GrowthFigures> {
        let proxy = RecordingProxy::open(self.product.endpoint()).await?;
        let mut running = ExecutionEnvironment::start(function.program(self.built, &proxy.endpoint)?).await?;
        let (mut times, mut reads) = (Vec::new(), Vec::new());
        for number in 0..=self.calls {
            let event =
                self.scenarios.event(&function.service, &function.job).await?.context("there is no event for it")?;
            proxy.record();
            let (response, time) = running.invoke(&event).await?;
            expect_success(&function.job, &response)?;
            let start = Instant::now();
            table.read_item().await?;
            // The first call opens connections.
            if number > 0 {
                times.push(ms(time));
                reads.push(ms(start.elapsed()));
            }
        }
        running.end().await?;
        let usage = proxy.usage();
        Ok(GrowthFigures {
            route: function.job.clone(),
            owner: owner.name().to_owned(),
            items,
            call: Spread::new(&times),
            bare_read: Spread::new(&reads),
            aws_calls: usage.calls,
            items_touched: usage.items,
        })
    }
}

impl Owner {
    fn name(self) -> &'static str {
        match self {
            Self::Caller => "the caller",
            Self::Others => "many others",
        }
    }
}

/// A service's table, with an item to copy.
struct Table {
    client: Client,
    name: String,
    sample: Item,
    owner: String,
}

impl Table {
    /// The sample is the user's first item of the kind.
    async fn read(user: &User, service: &str, kind: &ItemKind) -> Result<Self> {
        let (product, prefix) = (user.product(), kind.sort_key_prefix);
        let client = Client::new(product.sdk());
        let (name, owner) = (product.table(service).to_owned(), user.id.to_string());
        let query = client.query().table_name(&name).consistent_read(true).limit(1);
        let query = query.key_condition_expression("pk = :pk AND begins_with(sk, :prefix)");
        let query = query.expression_attribute_values(":pk", AttributeValue::S(format!("USER#{owner}")));
        let query = query.expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()));
        let found = query.send().await.context("cannot read a table")?.items.unwrap_or_default();
        let sample = found.into_iter().next().with_context(|| format!("{name} has no {prefix} of the user"))?;
        Ok(Self { client, name, sample, owner })
    }

    async fn fill(&self, owner: Owner, numbers: Range<u64>) -> Result<()> {
        let mut batches = JoinSet::new();
        let mut start = numbers.start;
        while start < numbers.end {
            let end = numbers.end.min(start + BATCH);
            let items = (start..end).map(|number| self.copy(owner, number)).collect::<Result<Vec<_>>>()?;
            if batches.len() == CONCURRENT_BATCHES {
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

    /// The sample with another id, and with another owner unless the caller owns the items.
    fn copy(&self, owner: Owner, number: u64) -> Result<Item> {
        let id = match self.sample.get("id") {
            Some(AttributeValue::S(id)) => id.as_str(),
            _ => "",
        };
        let new_id = Uuid::now_v7().to_string();
        let new_owner = match owner {
            Owner::Caller => self.owner.clone(),
            Owner::Others => Uuid::from_u64_pair(0x0198_c0de_0000_7000, 0x8000_0000_0000_0000 | number).to_string(),
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

    /// Reads one item by its key.
    async fn read_item(&self) -> Result<()> {
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
        let request = client.batch_write_item().request_items(&table, left);
        let response = request.send().await.context("cannot fill a table")?;
        left = response.unprocessed_items.unwrap_or_default().remove(&table).unwrap_or_default();
    }
    Ok(())
}

/// Whether a route's work is the same at every size: the same calls and as many items.
pub(crate) fn is_flat(figures: &[GrowthFigures], route: &str) -> bool {
    let mut of_route = figures.iter().filter(|figure| figure.route == route);
    let first = of_route.next().map(|figure| (figure.aws_calls, figure.items_touched));
    of_route.all(|figure| Some((figure.aws_calls, figure.items_touched)) == first)
}
