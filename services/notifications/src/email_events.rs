//! What becomes of emails, from SES through a topic.

use events::envelope::broken_rule;
use lambda_kit::invoked::Invocation;
use serde::Deserialize;
use tracing::info;
use uuid::Uuid;

use crate::app::error::JobError;
use crate::app::recipients::Recipients;
use crate::domain::recipient::EmailProblem;

/// With this text, SES tries a topic before it reports emails to it.
const VALIDATION: &str = "Successfully validated SNS topic";

/// The input of the job: messages of a topic.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html>
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TopicMessages {
    records: Vec<TopicRecord>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TopicRecord {
    sns: TopicMessage,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TopicMessage {
    message: String,
}

/// Without `Debug`, because an address does not belong in logs.
///
/// Source: <https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html>
#[derive(Deserialize)]
#[serde(tag = "eventType")]
enum EmailEvent {
    Bounce { mail: SentEmail, bounce: Bounce },
    Complaint { mail: SentEmail },
    Reject { mail: SentEmail },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SentEmail {
    message_id: String,
    /// As the email was sent. What a mail server reports of the recipient may be written otherwise.
    destination: Vec<String>,
    #[serde(default)]
    tags: Tags,
}

#[derive(Default, Deserialize)]
struct Tags {
    /// The id of the recipient; none in an email that another program has sent.
    #[serde(default)]
    user: Vec<Uuid>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    bounce_type: String,
}

/// Counts the problems of emails, by its log lines, and sends nothing more to addresses that refuse emails.
///
/// Lambda retries all failures. A repeat is harmless: it saves the same.
pub(crate) async fn record(recipients: &Recipients, invocation: Invocation<TopicMessages>) -> Result<(), JobError> {
    for record in invocation.input.records {
        if record.sns.message.starts_with(VALIDATION) {
            info!("SES has tried the topic");
            continue;
        }
        let event = serde_json::from_str(&record.sns.message);
        record_event(recipients, event.map_err(|error| JobError::EmailEventUnreadable(broken_rule(&error)))?).await?;
    }
    Ok(())
}

async fn record_event(recipients: &Recipients, event: EmailEvent) -> Result<(), JobError> {
    match event {
        EmailEvent::Bounce { mail, bounce } => {
            info!(mail.id = mail.message_id, mail.bounce = bounce.bounce_type, "SES reported a bounce");
            // A full mailbox, for example, may take the next email.
            if bounce.bounce_type == "Permanent" {
                stop(recipients, mail, EmailProblem::Bounce).await?;
            }
        }
        EmailEvent::Complaint { mail } => {
            info!(mail.id = mail.message_id, "SES reported a complaint");
            stop(recipients, mail, EmailProblem::Complaint).await?;
        }
        // SES found malware in the email; that is no fault of the address.
        EmailEvent::Reject { mail } => info!(mail.id = mail.message_id, "SES reported a rejection"),
    }
    Ok(())
}

async fn stop(recipients: &Recipients, mail: SentEmail, problem: EmailProblem) -> Result<(), JobError> {
    // Each email has one recipient.
    if let Some((user, recipient)) = mail.tags.user.into_iter().zip(mail.destination).next() {
        recipients.stop_emails(user, recipient, problem).await?;
    }
    Ok(())
}
