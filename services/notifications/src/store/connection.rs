//! Open WebSockets, under their users, so that whatever finds a user's rows finds these.
//!
//! A row's `pk` is `USER#<sub>`, its `sk` is `CONNECTION#<id>`. It goes when the connection ends, when a push finds
//! nobody there, or by its time to live.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use lambda_kit::table::TableError;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::Connection;
use crate::store::{Store, entry};

const PREFIX: &str = "CONNECTION#";
/// A row outlives its connection, so that the next push finds it and ends it.
const OUTLIVES: SignedDuration = SignedDuration::from_hours(1);

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct ConnectionItem {
    pk: String,
    sk: String,
    id: String,
    connected_at: Timestamp,
    ends_at: Timestamp,
    /// Seconds since 1970, when DynamoDB deletes the row, or some time later.
    expires_at: i64,
}

impl Store {
    /// Keeps a connection that is about to open.
    pub(crate) async fn keep_connection(&self, connection: &Connection) -> Result<(), TableError> {
        let item = ConnectionItem {
            pk: entry::partition(connection.user),
            sk: sort_key(&connection.id),
            id: connection.id.clone(),
            connected_at: connection.connected_at,
            ends_at: connection.ends_at,
            expires_at: connection.ends_at.as_second() + OUTLIVES.as_secs(),
        };
        let item = serde_dynamo::to_item(item).map_err(TableError::unstorable)?;
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        put.send().await.map_err(TableError::call)?;
        Ok(())
    }

    /// A user's connections, those too whose time is over. They are few enough for one page.
    pub(crate) async fn connections_of(&self, user: Uuid) -> Result<Vec<Connection>, TableError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", AttributeValue::S(entry::partition(user)))
            .expression_attribute_values(":prefix", AttributeValue::S(PREFIX.to_owned()))
            .consistent_read(true);
        let answer = query.send().await.map_err(TableError::call)?;
        answer.items.unwrap_or_default().into_iter().map(|item| parse(user, item)).collect()
    }

    /// Forgets a connection; one that is not known is forgotten already.
    pub(crate) async fn forget_connection(&self, user: Uuid, id: &str) -> Result<(), TableError> {
        let key = entry::row(user, sort_key(id));
        let delete = self.client.delete_item().table_name(&self.table).set_key(Some(key));
        delete.send().await.map_err(TableError::call)?;
        Ok(())
    }
}

fn parse(user: Uuid, item: HashMap<String, AttributeValue>) -> Result<Connection, TableError> {
    let item: ConnectionItem = serde_dynamo::from_item(item).map_err(TableError::corrupt)?;
    Ok(Connection { user, id: item.id, connected_at: item.connected_at, ends_at: item.ends_at })
}

fn sort_key(id: &str) -> String {
    format!("{PREFIX}{id}")
}
