//! What a fresh deployment must answer before it counts as done: the whole way in is there, and shut.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use reqwest::{Client, ClientBuilder, StatusCode, Url};

use crate::aws::Target;
use crate::stacks::Service;

/// New stages, policies and distributions take some seconds to be everywhere on AWS; the local cloud is at once.
const PATIENCE: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_secs(1);

/// Asks a deployed API for something that needs a token, without one.
pub(crate) async fn api(target: &Target, api_id: &str, service: Service) -> Result<()> {
    let url = format!("{}{}", target.api_url(api_id), service.guarded_path);
    let client = builder().build()?;
    patiently(target, async || expect_shut(&client, &url).await).await
}

/// Asks for the page, and for an API behind its address.
pub(crate) async fn page(target: &Target, origin: &str) -> Result<()> {
    let client = client_of_page(target, origin)?;
    patiently(target, async || {
        expect_page(&client, origin).await?;
        expect_shut(&client, &format!("{origin}/api/me")).await
    })
    .await
}

async fn patiently(target: &Target, look: impl AsyncFn() -> Result<()>) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let Err(error) = look().await else { return Ok(()) };
        if Instant::now() > deadline || target.cloud.is_some() {
            return Err(error.context("smoke test"));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn expect_page(client: &Client, origin: &str) -> Result<()> {
    let page = client.get(origin).send().await.with_context(|| format!("{origin} does not answer"))?;
    ensure!(page.status() == StatusCode::OK, "{origin} must answer 200, it answers {}", page.status());
    let policy = page.headers().contains_key("content-security-policy");
    ensure!(policy, "{origin} answers without a Content-Security-Policy");
    Ok(())
}

async fn expect_shut(client: &Client, url: &str) -> Result<()> {
    let answer = client.get(url).send().await.with_context(|| format!("{url} does not answer"))?;
    let status = answer.status();
    ensure!(status == StatusCode::UNAUTHORIZED, "{url} without a token must answer 401, it answers {status}");
    Ok(())
}

fn builder() -> ClientBuilder {
    Client::builder().timeout(Duration::from_secs(10))
}

/// A client that finds the page. Browsers take every name below `localhost` for this machine, other programs ask DNS.
fn client_of_page(target: &Target, origin: &str) -> Result<Client> {
    let Some(cloud) = target.cloud else { return Ok(builder().build()?) };
    let url: Url = origin.parse().with_context(|| format!("the page's address {origin} is no URL"))?;
    let name = url.host_str().with_context(|| format!("the page's address {origin} has no host"))?;
    // A proxy for the wide world must not get what is meant for this machine.
    let builder = builder().no_proxy().resolve(name, SocketAddr::from((Ipv4Addr::LOCALHOST, cloud.port)));
    Ok(builder.build()?)
}
