//! The delivery state of each email, so that none is sent twice. The row is written before and after the call of SES.
//!
//! | state | meaning | next |
//! |---|---|---|
//! | none, `refused`, `due` | not sent; an operator sets `due` to send an email again | `sending`, `inbox` |
//! | `sending` | being sent, or the outcome is unknown | `sent`, `refused` |
//! | `sent` | SES has accepted it | none |
//! | `inbox` | a reminder that is in the inbox only, because the user received enough on that day | none |

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use jiff::Timestamp;
use lambda_kit::table::TableError;
use serde::Deserialize;
use uuid::Uuid;

use crate::store::Store;
use crate::store::keys::claim_expiry;

/// Whether this attempt may send an email.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeliveryStart {
    /// This attempt decides; any other attempt sees [`Self::InProgress`] or [`Self::Final`].
    Started,
    /// It was sent, or left to the inbox.
    Final,
    /// Another attempt is sending it, or ended without a known outcome.
    InProgress,
}

/// The outcome of a call of SES.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeliveryOutcome {
    Sent,
    /// SES did not accept the email.
    Refused,
}

impl Store {
    /// Sets the state to `sending`, unless the email was sent or another attempt is sending it.
    pub(crate) async fn start_delivery(&self, email_id: Uuid, now: Timestamp) -> Result<DeliveryStart, TableError> {
        self.change_unsent(email_id, "sending", now).await
    }

    /// Sets the state to `inbox`: this reminder is not sent. The answer is as for [`Self::start_delivery`].
    pub(crate) async fn leave_to_inbox(&self, email_id: Uuid, now: Timestamp) -> Result<DeliveryStart, TableError> {
        self.change_unsent(email_id, "inbox", now).await
    }

    /// What [`Self::start_delivery`] would answer now.
    pub(crate) async fn delivery_start(&self, email_id: Uuid) -> Result<DeliveryStart, TableError> {
        let request = self.client.get_item().table_name(&self.table).set_key(Some(key(email_id))).consistent_read(true);
        let Some(row) = request.send().await.map_err(TableError::call)?.item else { return Ok(DeliveryStart::Started) };
        let row: DeliveryRow = serde_dynamo::from_item(row).map_err(TableError::corrupt)?;
        Ok(match row.state {
            State::Sent | State::Inbox => DeliveryStart::Final,
            State::Sending => DeliveryStart::InProgress,
            State::Due | State::Refused => DeliveryStart::Started,
        })
    }

    /// Changes the state of an email that is not sent and that no other attempt is sending.
    async fn change_unsent(&self, email_id: Uuid, state: &str, now: Timestamp) -> Result<DeliveryStart, TableError> {
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(email_id)))
            .update_expression("SET #state = :state, #expiresAt = :expiresAt")
            .condition_expression("attribute_not_exists(#state) OR #state IN (:refused, :due)")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#expiresAt", "expiresAt")
            .expression_attribute_values(":state", text(state))
            .expression_attribute_values(":refused", text("refused"))
            .expression_attribute_values(":due", text("due"))
            .expression_attribute_values(":expiresAt", claim_expiry(now))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = answer else {
            return Ok(DeliveryStart::Started);
        };
        let Some(UpdateItemError::ConditionalCheckFailedException(current)) = error.as_service_error() else {
            return Err(TableError::call(error));
        };
        let row: DeliveryRow =
            serde_dynamo::from_item(current.item().cloned().unwrap_or_default()).map_err(TableError::corrupt)?;
        // The condition allows `refused` and `due`: if it is one of them, another attempt has changed the state since.
        Ok(if row.state.is_final() { DeliveryStart::Final } else { DeliveryStart::InProgress })
    }

    /// Records the outcome of an email that this attempt has started.
    pub(crate) async fn finish_delivery(
        &self,
        email_id: Uuid,
        outcome: DeliveryOutcome,
        now: Timestamp,
    ) -> Result<(), TableError> {
        let state = match outcome {
            DeliveryOutcome::Sent => "sent",
            DeliveryOutcome::Refused => "refused",
        };
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(email_id)))
            .update_expression("SET #state = :state, #expiresAt = :expiresAt")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#expiresAt", "expiresAt")
            .expression_attribute_values(":state", text(state))
            .expression_attribute_values(":expiresAt", claim_expiry(now))
            .send()
            .await
            .map_err(TableError::call)?;
        Ok(())
    }
}

/// The row of an email: `pk` and `sk` are both `MAIL#<email id>`. It lives as long as a claim, longer than every copy
/// of its event.
#[derive(Debug, Deserialize)]
struct DeliveryRow {
    state: State,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Due,
    Sending,
    Refused,
    Sent,
    Inbox,
}

impl State {
    fn is_final(&self) -> bool {
        matches!(self, Self::Sent | Self::Inbox)
    }
}

fn key(email_id: Uuid) -> HashMap<String, AttributeValue> {
    let key = text(&format!("MAIL#{email_id}"));
    HashMap::from([("pk".to_owned(), key.clone()), ("sk".to_owned(), key)])
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}
