//! The mail that the local cloud sent.

use serde::Deserialize;

use crate::product::Product;

/// One mail.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Mail {
    /// From whom.
    pub source: String,
    /// To whom.
    pub to: Vec<String>,
    /// The subject line.
    pub subject: String,
    /// The plain text.
    pub body_text: Option<String>,
    /// The HTML.
    pub body_html: Option<String>,
    /// The headers beside those that every mail has.
    pub headers: Vec<Header>,
}

/// A header of a mail.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its text.
    pub value: String,
}

#[derive(Deserialize)]
struct Sent {
    messages: std::collections::BTreeMap<String, Vec<Mail>>,
}

impl Mail {
    /// Whether this is the product's welcome mail, in one of its languages.
    pub fn is_welcome(&self) -> bool {
        self.subject.starts_with("Welcome") || self.subject.starts_with("Willkommen")
    }

    /// The text of a header beside those that every mail has.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|header| header.name == name).map(|header| header.value.as_str())
    }

    /// The six digits that a mail with a code holds.
    pub fn code(&self) -> Option<String> {
        let text = self.body_text.as_deref().or(self.body_html.as_deref())?;
        text.split(|c: char| !c.is_ascii_digit()).find(|digits| digits.len() == 6).map(str::to_owned)
    }
}

impl Product {
    /// Everything that was sent.
    pub async fn mails(&self) -> Vec<Mail> {
        let url = format!("{}/_ministack/ses/messages", self.endpoint());
        let answer = self.http().get(&url).send().await.expect("the local cloud answers");
        let sent: Sent = answer.json().await.expect("the local cloud lists its mail");
        sent.messages.into_values().flatten().collect()
    }

    /// What was sent to one address.
    pub async fn mails_to(&self, email: &str) -> Vec<Mail> {
        let to_them = |mail: &Mail| mail.to.iter().any(|to| to == email);
        self.mails().await.into_iter().filter(to_them).collect()
    }
}
