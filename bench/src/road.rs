//! From `POST /todos` to the inbox entry, beside the bare hop from the bus to a function, in turn.
//!
//! Both ends are known without asking the product anything: the client notes when it begins, and each function's log
//! line holds the time at which it was done.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use jiff::Timestamp;
use serde_json::{Value, json};
use tests::account::User;
use tests::logs::Logs;
use tests::product::{Product, Service};
use uuid::Uuid;

use crate::figures::{RoadFigures, Spread, ms};

/// Measured from the second on: the first of each is a cold start.
const WARM_UP: usize = 10;
const PATIENCE: Duration = Duration::from_mins(3);

/// Goes `trips` times both ways, one after the other.
///
/// # Errors
/// When the bus does not answer.
pub(crate) async fn measure(product: &Product, user: &User, trips: usize) -> Result<RoadFigures> {
    let bus = aws_sdk_eventbridge::Client::new(product.sdk());
    let (mut answered, mut posted, mut hopped) = (Vec::new(), Vec::new(), Vec::new());
    let logs = product.logs_from_now();
    for trip in 0..trips + WARM_UP {
        let (name, at, begun) = (Uuid::new_v4().to_string(), Timestamp::now(), Instant::now());
        post(user, &name, "Buy milk").await?;
        let answer = ms(begun.elapsed());
        // Until it is done, as the next trip must not meet it.
        effect_of(&logs, &name).await?;
        let hop_at = Timestamp::now();
        let id = hop(&bus, product.bus()).await?;
        if trip >= WARM_UP {
            answered.push(answer);
            posted.push((name, at));
            hopped.push((id, hop_at));
        }
    }
    let names: Vec<&str> = posted.iter().map(|(name, _)| name.as_str()).collect();
    let effects = effects(&logs, &names).await?;
    let effect: Vec<f64> = posted.iter().map(|(name, at)| between(*at, effects[name])).collect();
    let hops = hops(&logs, &hopped).await?;
    Ok(RoadFigures { answered: Spread::of(&answered), effect: Spread::of(&effect), bare_hop: Spread::of(&hops) })
}

/// Makes an item; its story has this name in the logs.
///
/// # Errors
/// When it is not made.
pub(crate) async fn post(user: &User, name: &str, title: &str) -> Result<()> {
    // Not the tests' own client, which checks each answer against its schema.
    let url = format!("{}/todos", user.product().url(Service::Todos));
    let call = user.product().http().post(url).bearer_auth(&user.tokens.access_token);
    let call = call.header("x-correlation-id", name).json(&json!({ "title": title }));
    let answer = call.send().await.context("the todos service does not answer")?;
    answer.error_for_status().context("an item was not made")?;
    Ok(())
}

/// Waits for the effects of these stories in the subscriber; when each was there.
///
/// # Errors
/// When one does not come.
pub(crate) async fn effects(logs: &Logs, names: &[&str]) -> Result<BTreeMap<String, Timestamp>> {
    watch("effects", async || {
        let lines = logs.of(Service::Notifications, &["handled an event"]).await;
        let seen: BTreeMap<String, Timestamp> = lines.iter().filter_map(handled).collect();
        names.iter().all(|&name| seen.contains_key(name)).then_some(seen)
    })
    .await
}

async fn effect_of(logs: &Logs, name: &str) -> Result<()> {
    let look = async || logs.of(Service::Notifications, &["handled an event", name]).await.pop();
    watch("an effect", look).await.map(drop)
}

/// Looks from time to time, and seldom: each look takes the local cloud's time from what is measured.
async fn watch<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> Result<T> {
    let begun = Instant::now();
    let mut pause = Duration::from_millis(60);
    while begun.elapsed() < PATIENCE {
        tokio::time::sleep(pause).await;
        if let Some(seen) = look().await {
            return Ok(seen);
        }
        pause = (pause * 2).min(Duration::from_secs(2));
    }
    bail!("waited {} s in vain for {what} in the logs", PATIENCE.as_secs())
}

fn handled(line: &Value) -> Option<(String, Timestamp)> {
    let name = line["span"]["correlation.id"].as_str()?;
    Some((name.to_owned(), line["timestamp"].as_str()?.parse().ok()?))
}

/// Puts an event on the bus for the bare function; its id.
async fn hop(client: &aws_sdk_eventbridge::Client, bus: &str) -> Result<String> {
    let entry = PutEventsRequestEntry::builder().event_bus_name(bus).source("busline.bench");
    let entry = entry.detail_type("Hop.v1").detail("{}").build();
    let answer = client.put_events().entries(entry).send().await.context("the bus does not answer")?;
    let id = answer.entries().first().and_then(|result| result.event_id());
    id.map(str::to_owned).context("the bus refused an event")
}

async fn hops(logs: &Logs, hopped: &[(String, Timestamp)]) -> Result<Vec<f64>> {
    let arrivals = watch("events at the bare function", async || {
        let lines = logs.all().await;
        let seen: BTreeMap<String, Timestamp> = lines.iter().filter_map(|(_, line)| arrival(line)).collect();
        hopped.iter().all(|(id, _)| seen.contains_key(id)).then_some(seen)
    })
    .await?;
    Ok(hopped.iter().map(|(id, at)| between(*at, arrivals[id])).collect())
}

fn arrival(line: &str) -> Option<(String, Timestamp)> {
    let line: Value = serde_json::from_str(line).ok()?;
    let at = Timestamp::from_microsecond(line["bare.at_us"].as_i64()?).ok()?;
    Some((line["bare.event"].as_str()?.to_owned(), at))
}

fn between(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64() * 1000.0
}
