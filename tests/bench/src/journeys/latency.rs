//! End-to-end latency: from `POST /todos` to the inbox entry and to another session's screen, in turn with the bare hop
//! from the bus to a function.
//!
//! Nothing has to ask the product for the ends: each function's log line has the time at which it was done, and the other
//! session's tab reports when it has drawn the item.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use jiff::Timestamp;
use serde_json::{Value, json};
use tests::account::User;
use tests::product::Product;
use uuid::Uuid;

use super::inbox::{Inboxes, sign_up};
use super::live_session::LiveSession;
use super::screen::Screen;
use crate::results::{LatencyFigures, Spread, Step, ms};

/// Trips that are not counted: the first ones are cold starts.
const WARM_UP: usize = 10;
/// The local cloud may lose a line of a log: at most the end of one trip of this many may be unknown.
const TRIPS_PER_LOST_END: usize = 50;
/// How often to look for ends that become known late, with a pause in between.
const ATTEMPTS: usize = 10;
const PAUSE: Duration = Duration::from_millis(500);

/// Creates `trips` items, one after the other, and sends an event to the bare function between two of them.
///
/// # Errors
/// When an effect does not come.
pub(crate) async fn measure(product: &Product, trips: usize) -> Result<LatencyFigures> {
    let bus = aws_sdk_eventbridge::Client::new(product.sdk());
    let users = sign_up(product, 1).await?;
    let (user, inbox) = (&users[0], Inboxes::new(product, &users));
    let (mut answered, mut posted, mut hopped) = (Vec::new(), Vec::new(), Vec::new());
    let (screen, session) = (Screen::open(user).await?, LiveSession::open(user).await);
    let logs = product.logs_from_now();
    for trip in 0..trips + WARM_UP {
        let before = inbox.entries().await?;
        let (name, at, start) = (Uuid::new_v4().to_string(), Timestamp::now(), Instant::now());
        post(user, &name, &title(&name)).await?;
        let answer = ms(start.elapsed());
        // The next trip must not overlap with this one.
        inbox.wait_for(before + 1).await?;
        let hop_at = Timestamp::now();
        let id = hop(&bus, product.bus()).await?;
        if trip >= WARM_UP {
            answered.push(answer);
            posted.push((name, at));
            hopped.push((id, hop_at));
        }
    }
    let entry = times(&posted, async || {
        let lines = logs.lines_with("notifications", &["handled an event"]).await;
        lines.iter().filter_map(handled).collect()
    });
    let entry = entry.await?;
    let bare_hop = times(&hopped, async || logs.all().await.iter().filter_map(|(_, line)| arrival(line)).collect());
    let bare_hop = Spread::new(&bare_hop.await?);
    let titles: Vec<_> = posted.iter().map(|(name, at)| (title(name), *at)).collect();
    let message = times(&titles, async || session.received()).await?;
    let screen = times(&titles, async || screen.shown()).await?;
    let step =
        |end: &str, times: &[f64]| Step { what: format!("from `POST /todos` to {end}"), time: Spread::new(times) };
    let steps = vec![
        step("its answer", &answered),
        step("the inbox entry", &entry),
        step("another session's WebSocket", &message),
        step("another session's screen", &screen),
    ];
    Ok(LatencyFigures { bare_hop, steps })
}

/// The title of a trip's item, which the tab looks for.
fn title(name: &str) -> String {
    format!("trip-{name}")
}

/// Creates an item; `name` is its correlation id in the logs.
///
/// # Errors
/// When it is not created.
pub(crate) async fn post(user: &User, name: &str, title: &str) -> Result<()> {
    // Not the tests' own client, which checks each answer against its schema.
    let url = format!("{}/todos", user.product().url("todos"));
    let call = user.product().http().post(url).bearer_auth(&user.tokens.access_token);
    let call = call.header("x-correlation-id", name).json(&json!({ "title": title }));
    let answer = call.send().await.context("the todos service does not answer")?;
    answer.error_for_status().context("an item was not created")?;
    Ok(())
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

fn arrival(line: &str) -> Option<(String, Timestamp)> {
    let line: Value = serde_json::from_str(line).ok()?;
    let at = Timestamp::from_microsecond(line["bare.at_us"].as_i64()?).ok()?;
    Some((line["bare.event"].as_str()?.to_owned(), at))
}

/// The time from each start to its end in ms, once `ends` returns all ends.
async fn times(
    starts: &[(String, Timestamp)],
    ends: impl AsyncFn() -> BTreeMap<String, Timestamp>,
) -> Result<Vec<f64>> {
    let mut ended = BTreeMap::new();
    for _ in 0..ATTEMPTS {
        ended = ends().await;
        if starts.iter().all(|(name, _)| ended.contains_key(name)) {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    let time = |(name, from): &(String, Timestamp)| Some(ended.get(name)?.duration_since(*from).as_secs_f64() * 1000.0);
    let times: Vec<f64> = starts.iter().filter_map(time).collect();
    if times.len() + starts.len() / TRIPS_PER_LOST_END < starts.len() {
        bail!("the ends of only {} trips of {} are known", times.len(), starts.len());
    }
    Ok(times)
}
