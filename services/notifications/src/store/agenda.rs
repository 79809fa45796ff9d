//! Users' items as far as the digest looks at them: the service's own copy, made from the events that it hears.
//!
//! A row's `pk` is `USER#<owner>`, its `sk` is `AGENDA#<item>`. Events come late, twice and in any order, and none says
//! all: title and due time on the one hand, the state on the other, each give way only to what is newer than they are.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use lambda_kit::claim::CLAIM_LIFE;
use lambda_kit::table::TableError;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::digest::{AgendaItem, ItemState};
use crate::store::{Applied, Store, entry};

/// Whose item a row is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AgendaKey {
    pub(crate) owner: Uuid,
    pub(crate) todo: Uuid,
}

/// What one event says of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// Its title and due time.
    Details {
        title: String,
        due_at: Option<Timestamp>,
    },
    Open,
    Completed {
        at: Timestamp,
    },
    Deleted,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AgendaRow {
    title: Option<String>,
    due_at: Option<Timestamp>,
    state: Option<State>,
    completed_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Open,
    Completed,
    Deleted,
}

impl Store {
    /// Keeps what an event says of an item, unless something newer is known.
    pub(crate) async fn keep_item(
        &self,
        key: AgendaKey,
        said: Said,
        sequence: u64,
        now: Timestamp,
    ) -> Result<Applied, TableError> {
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(entry::row(key.owner, format!("AGENDA#{}", key.todo))))
            .expression_attribute_values(":sequence", AttributeValue::N(sequence.to_string()));
        let request = match said {
            Said::Details { title, due_at } => details(request, title, due_at)?,
            Said::Open => state(request, State::Open, None, None)?,
            Said::Completed { at } => state(request, State::Completed, Some(at), Some(now))?,
            Said::Deleted => state(request, State::Deleted, None, Some(now))?,
        };
        applied(request.send().await)
    }

    /// A user's items that a digest may name. Reads a row for each open item, and for each that was closed lately.
    pub(crate) async fn agenda(&self, owner: Uuid) -> Result<Vec<AgendaItem>, TableError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :agenda)")
            .expression_attribute_values(":pk", AttributeValue::S(entry::partition(owner)))
            .expression_attribute_values(":agenda", AttributeValue::S("AGENDA#".to_owned()))
            .into_paginator()
            .items()
            .send();
        let mut items = Vec::new();
        while let Some(item) = pages.next().await {
            items.extend(parse(item.map_err(TableError::call)?)?);
        }
        Ok(items)
    }
}

fn details(
    request: UpdateItemFluentBuilder,
    title: String,
    due_at: Option<Timestamp>,
) -> Result<UpdateItemFluentBuilder, TableError> {
    let request = request
        .condition_expression("attribute_not_exists(detailsSequence) OR detailsSequence < :sequence")
        .expression_attribute_values(":title", AttributeValue::S(title));
    Ok(match due_at {
        Some(due_at) => request
            .update_expression("SET title = :title, dueAt = :dueAt, detailsSequence = :sequence")
            .expression_attribute_values(":dueAt", entry::time(Some(due_at))?),
        None => request.update_expression("SET title = :title, detailsSequence = :sequence REMOVE dueAt"),
    })
}

/// A closed item's row is kept as long as a copy of an older event may come.
fn state(
    request: UpdateItemFluentBuilder,
    state: State,
    completed_at: Option<Timestamp>,
    closed: Option<Timestamp>,
) -> Result<UpdateItemFluentBuilder, TableError> {
    let mut set = vec!["#state = :state", "stateSequence = :sequence"];
    let mut remove = Vec::new();
    let mut request = request
        .condition_expression("attribute_not_exists(stateSequence) OR stateSequence < :sequence")
        .expression_attribute_names("#state", "state")
        .expression_attribute_values(
            ":state",
            serde_dynamo::to_attribute_value(state).map_err(TableError::unstorable)?,
        );
    match completed_at {
        Some(at) => {
            set.push("completedAt = :completedAt");
            request = request.expression_attribute_values(":completedAt", entry::time(Some(at))?);
        }
        None => remove.push("completedAt"),
    }
    match closed {
        Some(now) => {
            set.push("expiresAt = :expiresAt");
            let at = now.saturating_add(CLAIM_LIFE).map_or(0, Timestamp::as_second);
            request = request.expression_attribute_values(":expiresAt", AttributeValue::N(at.to_string()));
        }
        None => remove.push("expiresAt"),
    }
    let remove = if remove.is_empty() { String::new() } else { format!(" REMOVE {}", remove.join(", ")) };
    Ok(request.update_expression(format!("SET {}{remove}", set.join(", "))))
}

fn applied<T, R>(answer: Result<T, SdkError<UpdateItemError, R>>) -> Result<Applied, TableError>
where
    SdkError<UpdateItemError, R>: Into<lambda_runtime::Error>,
{
    match answer {
        Ok(_) => Ok(Applied::Now),
        Err(error) if error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) => {
            Ok(Applied::Before)
        }
        Err(error) => Err(TableError::call(error)),
    }
}

/// The item of a row; `None` as long as its creation was not heard of, and once it is deleted.
fn parse(row: HashMap<String, AttributeValue>) -> Result<Option<AgendaItem>, TableError> {
    let row: AgendaRow = serde_dynamo::from_item(row).map_err(TableError::corrupt)?;
    let state = match (row.state, row.completed_at) {
        (Some(State::Open), _) => ItemState::Open,
        (Some(State::Completed), Some(at)) => ItemState::Completed { at },
        _ => return Ok(None),
    };
    Ok(row.title.map(|title| AgendaItem { title, due_at: row.due_at, state }))
}
