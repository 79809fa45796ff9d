//! From `POST /todos` to the inbox entry and to another session's screen, beside the bare hop from the bus to a
//! function, in turn.
//!
//! All ends are known without asking the product anything: the client notes when it begins, each function's log line
//! holds the time at which it was done, and the other session's tab says when it has drawn the item.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use jiff::Timestamp;
use serde_json::{Value, json};
use tests::account::User;
use tests::product::{Product, Service};
use uuid::Uuid;

use crate::figures::{RoadFigures, Spread, ms};
use crate::inbox::Inboxes;
use crate::screen::Screen;
use crate::session::Session;

/// Trips that do not count: the first are cold starts.
const WARM_UP: usize = 10;
/// The local cloud may lose a line of a log, and with it a trip's figure: at most one of so many.
const LOST: usize = 50;
/// How often is looked for ends that become known late, with a pause in between.
const LOOKS: usize = 10;
const PAUSE: Duration = Duration::from_millis(500);

/// Goes `trips` times both ways, one after the other.
///
/// # Errors
/// When an effect does not come.
pub(crate) async fn measure(product: &Product, user: &User, trips: usize) -> Result<RoadFigures> {
    let bus = aws_sdk_eventbridge::Client::new(product.sdk());
    let inbox = Inboxes::of(product, std::slice::from_ref(user))?;
    let (mut answered, mut posted, mut hopped) = (Vec::new(), Vec::new(), Vec::new());
    let (screen, session) = (Screen::of(user).await?, Session::of(user).await);
    let logs = product.logs_from_now();
    for trip in 0..trips + WARM_UP {
        let before = inbox.entries().await?;
        let (name, at, begun) = (Uuid::new_v4().to_string(), Timestamp::now(), Instant::now());
        post(user, &name, &title(&name)).await?;
        let answer = ms(begun.elapsed());
        // The next trip must not meet this one.
        inbox.until(before + 1).await?;
        let hop_at = Timestamp::now();
        let id = hop(&bus, product.bus()).await?;
        if trip >= WARM_UP {
            answered.push(answer);
            posted.push((name, at));
            hopped.push((id, hop_at));
        }
    }
    let effect = times(&posted, async || {
        let lines = logs.of(Service::Notifications, &["handled an event"]).await;
        lines.iter().filter_map(handled).collect()
    });
    let effect = effect.await?;
    let bare_hop = times(&hopped, async || logs.all().await.iter().filter_map(|(_, line)| arrival(line)).collect());
    let bare_hop = bare_hop.await?;
    let titles: Vec<_> = posted.iter().map(|(name, at)| (title(name), *at)).collect();
    let heard = times(&titles, async || session.heard()).await?;
    let shown = times(&titles, async || screen.seen()).await?;
    Ok(RoadFigures {
        answered: Spread::of(&answered),
        effect: Spread::of(&effect),
        socket: Some(Spread::of(&heard)),
        screen: Some(Spread::of(&shown)),
        bare_hop: Spread::of(&bare_hop),
    })
}

/// The title of a trip's item, by which the tab knows it.
fn title(name: &str) -> String {
    format!("trip-{name}")
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

/// From each beginning to its end, in ms, once `look` knows the ends.
async fn times(begun: &[(String, Timestamp)], look: impl AsyncFn() -> BTreeMap<String, Timestamp>) -> Result<Vec<f64>> {
    let mut ended = BTreeMap::new();
    for _ in 0..LOOKS {
        ended = look().await;
        if begun.iter().all(|(name, _)| ended.contains_key(name)) {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    let time = |(name, from): &(String, Timestamp)| Some(ended.get(name)?.duration_since(*from).as_secs_f64() * 1000.0);
    let times: Vec<f64> = begun.iter().filter_map(time).collect();
    if times.len() + begun.len() / LOST < begun.len() {
        bail!("the end of {} trips of {} is known", times.len(), begun.len());
    }
    Ok(times)
}
