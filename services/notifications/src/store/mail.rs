//! How far each mail got, so that none is sent twice: one row a mail, written before and after it is given to SES.
//!
//! | state | meaning | next |
//! |---|---|---|
//! | none, `refused`, `due` | surely not sent; a person sets `due` to have a mail sent again | `sending` |
//! | `sending` | being sent, or sent with an outcome that nobody knows | `sent`, `refused` |
//! | `sent` | SES has it | none |

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use jiff::Timestamp;
use lambda_kit::claim::CLAIM_LIFE;
use lambda_kit::table::TableError;
use serde::Deserialize;
use uuid::Uuid;

use crate::store::Store;

/// Whether a mail may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    /// It is ours to send, and nobody else's.
    Now,
    /// It was sent before.
    SentBefore,
    /// Somebody is sending it, or did and never said how it went.
    Unsettled,
}

/// How a mail went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    Sent,
    /// Surely not sent.
    Refused,
}

impl Store {
    /// Takes the mail of an event in hand, unless it was sent or is in other hands.
    pub(crate) async fn begin_mail(&self, event_id: Uuid, now: Timestamp) -> Result<Begun, TableError> {
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(event_id)))
            .update_expression("SET #state = :sending, #expiresAt = :expiresAt")
            .condition_expression("attribute_not_exists(#state) OR #state IN (:refused, :due)")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#expiresAt", "expiresAt")
            .expression_attribute_values(":sending", text("sending"))
            .expression_attribute_values(":refused", text("refused"))
            .expression_attribute_values(":due", text("due"))
            .expression_attribute_values(":expiresAt", expiry(now))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = answer else {
            return Ok(Begun::Now);
        };
        let Some(UpdateItemError::ConditionalCheckFailedException(held)) = error.as_service_error() else {
            return Err(TableError::call(error));
        };
        let row: MailRow =
            serde_dynamo::from_item(held.item().cloned().unwrap_or_default()).map_err(TableError::corrupt)?;
        Ok(match row.state {
            State::Sent => Begun::SentBefore,
            // The condition let the others pass; whatever it is now, it is not ours.
            State::Sending | State::Refused | State::Due => Begun::Unsettled,
        })
    }

    /// Writes down how the mail that we had in hand went.
    pub(crate) async fn settle_mail(&self, event_id: Uuid, how: Settled, now: Timestamp) -> Result<(), TableError> {
        let state = match how {
            Settled::Sent => "sent",
            Settled::Refused => "refused",
        };
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(event_id)))
            .update_expression("SET #state = :state, #expiresAt = :expiresAt")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#expiresAt", "expiresAt")
            .expression_attribute_values(":state", text(state))
            .expression_attribute_values(":expiresAt", expiry(now))
            .send()
            .await
            .map_err(TableError::call)?;
        Ok(())
    }
}

/// A mail's row: `pk` and `sk` are both `MAIL#<event id>`. It lives as long as a claim, past every copy of its event.
#[derive(Debug, Deserialize)]
struct MailRow {
    state: State,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Due,
    Sending,
    Refused,
    Sent,
}

fn key(event_id: Uuid) -> HashMap<String, AttributeValue> {
    let key = text(&format!("MAIL#{event_id}"));
    HashMap::from([("pk".to_owned(), key.clone()), ("sk".to_owned(), key)])
}

fn expiry(now: Timestamp) -> AttributeValue {
    let at = now.saturating_add(CLAIM_LIFE).map_or(0, Timestamp::as_second);
    AttributeValue::N(at.to_string())
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}
