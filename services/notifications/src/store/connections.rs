//! Open WebSocket connections.
//!
//! A row's `pk` is `USER#<sub>`, its `sk` is `CONNECTION#<slot>`. A user has a fixed number of slots, so that connections
//! which are made at the same time cannot exceed the limit. A row is deleted when the connection ends, when a message
//! cannot be delivered because the connection is gone, or by its time to live.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use lambda_kit::table::TableError;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::live::Connection;
use crate::store::{Store, keys};

const PREFIX: &str = "CONNECTION#";
/// A row is kept this long after its connection should have ended, so that the next message finds it and ends it.
const RETENTION: SignedDuration = SignedDuration::from_hours(1);

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct ConnectionRow {
    pk: String,
    sk: String,
    id: String,
    connected_at: Timestamp,
    ends_at: Timestamp,
    /// The time to live, in seconds since 1970.
    expires_at: i64,
}

impl Store {
    /// Adds a connection that is about to open to a slot that is free or has `replaced`. Returns whether it has the slot
    /// now; another connection may have got it first.
    pub(crate) async fn add_connection(
        &self,
        connection: &Connection,
        replaced: Option<&Connection>,
    ) -> Result<bool, TableError> {
        let row = ConnectionRow {
            pk: keys::partition(connection.user),
            sk: sort_key(&connection.slot),
            id: connection.id.clone(),
            connected_at: connection.connected_at,
            ends_at: connection.ends_at,
            expires_at: connection.ends_at.as_second() + RETENTION.as_secs(),
        };
        let item = serde_dynamo::to_item(row).map_err(TableError::serialization)?;
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        // The row may be there already: the SDK repeats a request that was not answered.
        let put = put.expression_attribute_values(":id", AttributeValue::S(connection.id.clone()));
        let put = match replaced {
            None => put.condition_expression("attribute_not_exists(pk) OR id = :id"),
            Some(replaced) => put
                .condition_expression("id = :replaced OR id = :id")
                .expression_attribute_values(":replaced", AttributeValue::S(replaced.id.clone())),
        };
        match put.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) => {
                Ok(false)
            }
            Err(error) => Err(TableError::call(error)),
        }
    }

    /// A user's connections, including expired ones. They are few enough for one page of the query.
    pub(crate) async fn connections(&self, user: Uuid) -> Result<Vec<Connection>, TableError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", AttributeValue::S(keys::partition(user)))
            .expression_attribute_values(":prefix", AttributeValue::S(PREFIX.to_owned()))
            .consistent_read(true);
        let answer = query.send().await.map_err(TableError::call)?;
        answer.items.unwrap_or_default().into_iter().map(|item| parse(user, item)).collect()
    }

    /// Removes a connection; it is no error if there is none. Another connection that has its slot by now stays.
    pub(crate) async fn remove_connection(&self, connection: &Connection) -> Result<(), TableError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(keys::user_row(connection.user, sort_key(&connection.slot))))
            .condition_expression("id = :id")
            .expression_attribute_values(":id", AttributeValue::S(connection.id.clone()));
        match delete.send().await {
            Ok(_) => Ok(()),
            Err(error)
                if error.as_service_error().is_some_and(DeleteItemError::is_conditional_check_failed_exception) =>
            {
                Ok(())
            }
            Err(error) => Err(TableError::call(error)),
        }
    }
}

fn parse(user: Uuid, item: HashMap<String, AttributeValue>) -> Result<Connection, TableError> {
    let row: ConnectionRow = serde_dynamo::from_item(item).map_err(TableError::corrupt)?;
    let slot = row.sk.strip_prefix(PREFIX).unwrap_or_default().to_owned();
    Ok(Connection { user, slot, id: row.id, connected_at: row.connected_at, ends_at: row.ends_at })
}

fn sort_key(slot: &str) -> String {
    format!("{PREFIX}{slot}")
}
