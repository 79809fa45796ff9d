//! The emails that the local cloud's SES sent.

use serde::Deserialize;

use crate::product::Product;

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Email {
    /// The address of the sender.
    pub source: String,
    /// The addresses of the recipients.
    pub to: Vec<String>,
    pub subject: String,
    pub body_text: Option<String>,
    pub body_html: Option<String>,
    /// Headers beside those that every email has.
    pub headers: Vec<Header>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Header {
    pub name: String,
    pub value: String,
}

#[derive(Deserialize)]
struct Sent {
    messages: std::collections::BTreeMap<String, Vec<Email>>,
}

impl Email {
    /// The value of one of [`Email::headers`].
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|header| header.name == name).map(|header| header.value.as_str())
    }

    /// The six digits of a confirmation code.
    pub fn code(&self) -> Option<String> {
        let text = self.body_text.as_deref().or(self.body_html.as_deref())?;
        text.split(|c: char| !c.is_ascii_digit()).find(|digits| digits.len() == 6).map(str::to_owned)
    }
}

impl Product {
    /// All emails that were sent.
    pub async fn emails(&self) -> Vec<Email> {
        let url = format!("{}/_ministack/ses/messages", self.endpoint());
        let response = self.http().get(&url).send().await.expect("the local cloud answers");
        let sent: Sent = response.json().await.expect("the local cloud lists its emails");
        sent.messages.into_values().flatten().collect()
    }

    /// The emails that were sent to one address.
    pub async fn emails_to(&self, address: &str) -> Vec<Email> {
        let mut emails = self.emails().await;
        emails.retain(|email| email.to.iter().any(|to| to == address));
        emails
    }
}
