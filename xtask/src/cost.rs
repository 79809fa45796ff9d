//! `cargo xtask cost`: what an environment costs a month, from the templates, the services' `usage.yaml` and `infra/prices.yaml`.
//!
//! The templates tell what there is whether it is used or not (alarms, secrets, hourly jobs), how much memory a function has
//! and which events invoke it. A service's `usage.yaml` tells what one user does.

mod prices;
mod quantities;
mod usage;

use std::collections::BTreeMap;

use anyhow::Result;
use clap::Args;
use serde::Serialize;

use crate::arguments::Format;
use crate::home::Home;
use crate::package::Architecture;
use crate::planned::{Place, Plan};
use crate::stacks::Stacks;
use crate::ui;

use self::prices::Prices;
use self::quantities::Quantities;
use self::usage::Usage;

/// Names of resources do not change what they cost.
const PLACE: Place<'_> = Place { env: "prod", account: "123456789012", region: "eu-west-1" };

/// How many users there are unless the caller tells.
const USERS: [u64; 3] = [0, 1_000, 100_000];

#[derive(Args)]
pub(crate) struct CostRun {
    /// The number of users who are active in the month; may be given more than once. By default 0, 1,000 and 100,000.
    #[arg(long, value_name = "NUMBER")]
    users: Vec<u64>,
    /// The functions' instruction set; by default that of `deploy`.
    #[arg(long, value_enum)]
    arch: Option<Architecture>,
    /// The format of the output: for people or for programs.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The costs of one item.
#[derive(Debug, Serialize)]
struct Row {
    item: String,
    /// Quantity and US dollars a month, by the number of users.
    by_users: BTreeMap<u64, Amount>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Amount {
    quantity: f64,
    usd: f64,
}

#[derive(Debug, Serialize)]
struct Costs {
    prices_of: String,
    region: String,
    source: String,
    users: Vec<u64>,
    rows: Vec<Row>,
    total_usd: BTreeMap<u64, f64>,
    /// Functions of which nobody has told how often they run.
    not_counted: Vec<String>,
}

pub(crate) fn command(home: &Home, run: &CostRun) -> Result<()> {
    let stacks = Stacks::discover(&home.repo)?;
    let plan = Plan::read(&home.repo, &stacks, PLACE)?;
    let usages = stacks.services().filter_map(|service| Usage::read(&home.repo, service).transpose());
    let usages: BTreeMap<String, Usage> = usages.collect::<Result<_>>()?;
    let quantities = Quantities::calculate(&plan, &usages, run.arch.unwrap_or_default())?;
    let users = if run.users.is_empty() { &USERS } else { run.users.as_slice() };
    let costs = costs(&Prices::read(&home.repo)?, &quantities, users);
    match run.format {
        Format::Table => ui::print(costs.text()),
        Format::Json => ui::print(serde_json::to_string_pretty(&costs)?),
    }
    Ok(())
}

fn costs(prices: &Prices, quantities: &Quantities, users: &[u64]) -> Costs {
    let rows: Vec<Row> = prices
        .by_id
        .iter()
        .filter(|(id, _)| quantities.has(id))
        .map(|(id, price)| {
            let amount = |&users: &u64| {
                let quantity = quantities.amount(id, users);
                (users, Amount { quantity, usd: price.cost(quantity) })
            };
            Row { item: price.what.clone(), by_users: users.iter().map(amount).collect() }
        })
        .collect();
    let total = |users: &u64| (*users, rows.iter().map(|row| row.by_users[users].usd).sum());
    Costs {
        prices_of: prices.date.clone(),
        region: prices.region.clone(),
        source: prices.source.clone(),
        users: users.to_vec(),
        total_usd: users.iter().map(total).collect(),
        not_counted: quantities.not_counted.clone(),
        rows,
    }
}

impl Costs {
    fn text(&self) -> String {
        let mut headings = vec!["a month".to_owned()];
        headings.extend(self.users.iter().map(|users| format!("{} users, USD", grouped(*users))));
        let mut rows: Vec<Vec<String>> = self.rows.iter().map(|row| self.cells(row)).collect();
        let totals = self.users.iter().map(|users| format!("{:.2}", self.total_usd[users]));
        rows.push(["total".to_owned()].into_iter().chain(totals).collect());
        let prices = format!(
            "Prices of {} in {}, {}; without taxes. What is free each month in every account is subtracted.",
            self.prices_of, self.region, self.source
        );
        let not_counted = format!("Not counted, because rare or not told: {}", self.not_counted.join(", "));
        let notes = if self.not_counted.is_empty() { prices } else { format!("{prices}\n{not_counted}") };
        format!("{}\n\n{notes}", aligned(&headings, &rows))
    }

    fn cells(&self, row: &Row) -> Vec<String> {
        let amounts = self.users.iter().map(|users| {
            let Amount { quantity, usd } = row.by_users[users];
            format!("{usd:.2} for {}", rounded(quantity))
        });
        [row.item.clone()].into_iter().chain(amounts).collect()
    }
}

/// Rows below their headings; there are as many columns as numbers of users.
fn aligned(headings: &[String], rows: &[Vec<String>]) -> String {
    let lines = || std::iter::once(headings).chain(rows.iter().map(Vec::as_slice));
    let width = |column: usize| lines().filter_map(|line| Some(line.get(column)?.len())).max().unwrap_or_default();
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let line = |cells: &[String]| {
        let cells = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines().map(line).collect::<Vec<_>>().join("\n")
}

/// A quantity with as many digits as it deserves.
fn rounded(quantity: f64) -> String {
    match quantity {
        q if q >= 1e6 => format!("{:.1} million", q / 1e6),
        q if q >= 1e3 => format!("{:.1} thousand", q / 1e3),
        q if q >= 10.0 => format!("{q:.0}"),
        q => format!("{q:.2}"),
    }
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn numbers_are_short() {
        let shown = [grouped(0), grouped(1000), grouped(100_000), rounded(4.0), rounded(12_345.0), rounded(2.5e6)];
        assert_eq!(shown, ["0", "1,000", "100,000", "4.00", "12.3 thousand", "2.5 million"]);
    }

    #[test]
    fn this_repository_costs_more_with_more_users() {
        let repo = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let stacks = Stacks::discover(repo).unwrap();
        let plan = Plan::read(repo, &stacks, PLACE).unwrap();
        let usages = stacks.services().filter_map(|service| Usage::read(repo, service).unwrap()).collect();
        let quantities = Quantities::calculate(&plan, &usages, Architecture::Arm64).unwrap();
        let costs = costs(&Prices::read(repo).unwrap(), &quantities, &USERS);
        let [none, some, many] = USERS.map(|users| costs.total_usd[&users]);
        assert!(none > 0.0 && none < some && some < many, "{}", costs.text());
        let unpriced: Vec<_> =
            quantities.ids().filter(|id| !Prices::read(repo).unwrap().by_id.contains_key(*id)).collect();
        assert!(unpriced.is_empty(), "infra/prices.yaml has no {unpriced:?}");
    }
}
