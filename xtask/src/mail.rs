//! The emails that the local cloud's SES and Cognito sent.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use jiff::{SignedDuration, Timestamp};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use crate::aws::Target;
use crate::ui;

/// A sent email; lists have the oldest first.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Mail {
    #[serde(rename(deserialize = "Timestamp"), deserialize_with = "from_seconds")]
    pub(crate) time: Timestamp,
    #[serde(rename(deserialize = "Source"))]
    pub(crate) from: String,
    #[serde(rename(deserialize = "To"))]
    pub(crate) to: Vec<String>,
    #[serde(rename(deserialize = "Subject"))]
    pub(crate) subject: String,
    #[serde(rename(deserialize = "BodyText"), deserialize_with = "text_or_null")]
    pub(crate) text: String,
    #[serde(rename(deserialize = "BodyHtml"))]
    pub(crate) html: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    messages: BTreeMap<String, Vec<Mail>>,
}

/// The emails that the local cloud sent, oldest first.
pub(crate) async fn sent(target: &Target) -> Result<Vec<Mail>> {
    let cloud = target.cloud.context("only the local cloud keeps the emails that it sends")?;
    let url = format!("{}/_ministack/ses/messages", cloud.endpoint());
    let answer: Answer = reqwest::get(&url).await?.error_for_status()?.json().await?;
    let mut mails: Vec<Mail> = answer.messages.into_values().flatten().collect();
    mails.sort_by_key(|mail| mail.time);
    Ok(mails)
}

/// `cargo xtask mail`: one line for each email.
pub(crate) async fn list(target: &Target) -> Result<()> {
    let mails = sent(target).await?;
    let rows: Vec<[String; 4]> = mails
        .into_iter()
        .enumerate()
        .map(|(index, mail)| [(index + 1).to_string(), seconds(mail.time), mail.to.join(", "), mail.subject])
        .collect();
    ui::print(ui::table(["", "time", "to", "subject"], &rows));
    Ok(())
}

/// `cargo xtask mail --format json`.
pub(crate) async fn list_json(target: &Target) -> Result<()> {
    ui::print(serde_json::to_string_pretty(&sent(target).await?)?);
    Ok(())
}

/// `cargo xtask mail show N`: the whole email. Numbers start at 1, as in the list.
pub(crate) async fn show(target: &Target, number: usize) -> Result<()> {
    let mails = sent(target).await?;
    let Some(mail) = number.checked_sub(1).and_then(|index| mails.get(index)) else {
        bail!("there is no email {number}: `cargo xtask mail` lists the {} that were sent", mails.len());
    };
    let body = if mail.text.is_empty() { mail.html.as_deref().unwrap_or("") } else { &mail.text };
    let to = mail.to.join(", ");
    ui::print(format_args!(
        "Time: {}\nFrom: {}\nTo: {to}\nSubject: {}\n\n{body}",
        seconds(mail.time),
        mail.from,
        mail.subject
    ));
    Ok(())
}

fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn from_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let since_1970 = SignedDuration::try_from_secs_f64(f64::deserialize(deserializer)?).map_err(D::Error::custom)?;
    Timestamp::from_duration(since_1970).map_err(D::Error::custom)
}

fn text_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.unwrap_or_default())
}
