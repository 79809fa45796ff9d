//! Requests that give the demo user some data: each service may have them in its `tests/demo-requests.json`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use reqwest::Client;
use serde::Deserialize;
use serde_json::Value;

use crate::aws::Target;
use crate::home::Home;
use crate::identity::{SignIn, UserCredentials};
use crate::services;
use crate::status::Status;

/// Where a service has its requests, from its folder.
const FILE: &str = "tests/demo-requests.json";

/// One POST request, which may be repeated.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DemoRequest {
    /// The path, such as `/items`.
    path: String,
    /// The JSON body; `{number}` in a text is the number of the repetition, from 1.
    body: Value,
    /// How often it is sent.
    count: u32,
}

/// Sends the requests of every service as the demo user.
pub(crate) async fn send(home: &Home, target: &Target) -> Result<()> {
    let services = services::discover(&home.repo)?;
    let status = Status::read(target, &services).await?;
    let token = SignIn::new(target, &status)?.access_token(&UserCredentials::demo()).await?;
    // Requests to this machine must not go through a proxy.
    let client = Client::builder().no_proxy().build()?;
    for service in &services {
        let requests = read(&home.repo.join(&service.folder).join(FILE))?;
        let Some(api) = status.apis.get(&service.name).and_then(Option::as_ref) else { continue };
        for request in requests {
            request.send(&client, api, &token).await.with_context(|| format!("a demo request of {}", service.name))?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<DemoRequest>> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    serde_json::from_slice(&text).with_context(|| {
        format!("{} must be a list such as [{{\"count\": 1, \"path\": \"/items\", \"body\": {{}}}}]", path.display())
    })
}

impl DemoRequest {
    async fn send(&self, client: &Client, api: &str, token: &str) -> Result<()> {
        let url = format!("{api}{}", self.path);
        for number in 1..=self.count {
            let post = client.post(&url).bearer_auth(token).json(&with_number(&self.body, number));
            post.send().await?.error_for_status()?;
        }
        Ok(())
    }
}

fn with_number(body: &Value, number: u32) -> Value {
    match body {
        Value::String(text) => text.replace("{number}", &number.to_string()).into(),
        Value::Array(items) => items.iter().map(|item| with_number(item, number)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), with_number(value, number))).collect()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_body_holds_the_number_of_its_repetition() {
        let body = json!({"title": "Plant {number}", "labels": ["{number}"], "done": false});
        assert_eq!(with_number(&body, 7), json!({"title": "Plant 7", "labels": ["7"], "done": false}));
    }

    #[test]
    fn the_requests_of_this_repository_are_sound() {
        let repo = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for service in services::discover(repo).unwrap() {
            for request in read(&repo.join(&service.folder).join(FILE)).unwrap() {
                assert!(service.api.iter().any(|prefix| request.path.starts_with(prefix)), "{request:?}");
            }
        }
    }
}
