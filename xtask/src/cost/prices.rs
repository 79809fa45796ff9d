//! The prices of `infra/prices.yaml`, in US dollars.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

const FILE: &str = "infra/prices.yaml";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Prices {
    pub(super) date: String,
    pub(super) region: String,
    pub(super) source: String,
    #[serde(rename = "prices")]
    pub(super) by_id: BTreeMap<String, Price>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Price {
    pub(super) what: String,
    usd: f64,
    /// The quantity that costs so much.
    per: f64,
    /// The quantity that costs nothing each month.
    #[serde(default)]
    free: f64,
    /// Whether it was compared with the price list.
    #[serde(default = "looked_up", rename = "looked-up")]
    _looked_up: bool,
}

fn looked_up() -> bool {
    true
}

impl Prices {
    pub(super) fn read(repo: &Path) -> Result<Self> {
        let text = fs::read_to_string(repo.join(FILE)).with_context(|| format!("cannot read {FILE}"))?;
        serde_norway::from_str(&text).with_context(|| format!("{FILE} is not a list of prices"))
    }
}

impl Price {
    /// US dollars for a quantity of a month.
    pub(super) fn cost(&self, quantity: f64) -> f64 {
        (quantity - self.free).max(0.0) / self.per * self.usd
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_free_is_subtracted() {
        let price: Price = serde_norway::from_str("{what: calls, usd: 2, per: 1000, free: 500}").unwrap();
        let costs = [0.0, 500.0, 1500.0].map(|quantity| format!("{:.1}", price.cost(quantity)));
        assert_eq!(costs, ["0.0", "0.0", "2.0"]);
    }
}
