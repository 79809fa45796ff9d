//! Smoke tests: what a fresh deployment must answer before it counts as done.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use reqwest::{Client, ClientBuilder, StatusCode, Url};

use crate::aws::Target;
use crate::services::Service;
use crate::status::Status;

/// New stages, policies and distributions take some seconds on AWS; the local cloud has them at once.
const DEADLINE: Duration = Duration::from_mins(1);
const PAUSE: Duration = Duration::from_secs(1);

/// A route of a deployed API answers 401 without a token.
pub(crate) async fn api(target: &Target, api_id: &str, path: &str) -> Result<()> {
    let url = format!("{}{path}", target.api_url(api_id));
    let client = builder().build()?;
    retry(target, async || expect_unauthorized(&client, &url).await).await
}

/// The page answers, and so does each deployed service behind its address.
pub(crate) async fn page(target: &Target, origin: &str, services: &[Service], status: &Status) -> Result<()> {
    let client = client_of_page(target, origin)?;
    retry(target, async || {
        expect_page(&client, origin).await?;
        for service in services.iter().filter(|service| status.apis.get(&service.name).is_some_and(Option::is_some)) {
            expect_unauthorized(&client, &format!("{origin}/api{}", service.smoke)).await?;
        }
        Ok(())
    })
    .await
}

async fn retry(target: &Target, look: impl AsyncFn() -> Result<()>) -> Result<()> {
    let deadline = Instant::now() + DEADLINE;
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
    ensure!(page.status() == StatusCode::OK, "{origin} must answer 200, but it answers {}", page.status());
    let policy = page.headers().contains_key("content-security-policy");
    ensure!(policy, "{origin} answers without a Content-Security-Policy");
    Ok(())
}

async fn expect_unauthorized(client: &Client, url: &str) -> Result<()> {
    let answer = client.get(url).send().await.with_context(|| format!("{url} does not answer"))?;
    let status = answer.status();
    ensure!(status == StatusCode::UNAUTHORIZED, "{url} must answer 401 without a token, but it answers {status}");
    Ok(())
}

fn builder() -> ClientBuilder {
    Client::builder().timeout(Duration::from_secs(10))
}

/// A client that finds the page. Browsers resolve every name below `localhost` to this machine, other programs ask DNS.
fn client_of_page(target: &Target, origin: &str) -> Result<Client> {
    let Some(cloud) = target.cloud else { return Ok(builder().build()?) };
    let url: Url = origin.parse().with_context(|| format!("the page's address {origin} is not a URL"))?;
    let name = url.host_str().with_context(|| format!("the page's address {origin} has no host"))?;
    // Requests to this machine must not go through a proxy.
    let builder = builder().no_proxy().resolve(name, SocketAddr::from((Ipv4Addr::LOCALHOST, cloud.port)));
    Ok(builder.build()?)
}
