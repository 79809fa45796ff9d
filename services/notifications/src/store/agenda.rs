//! Agenda items: this service's copy of the to-do items for the digest, from the events about them.
//!
//! A row's `pk` is `USER#<owner>`, its `sk` is `AGENDA#<item>`. Events may arrive late, repeatedly and in any order,
//! and none has all attributes: title and due time have one sequence number, whether the day as a whole is meant has
//! another, and the state has a third. Each is only replaced by newer values.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use lambda_kit::table::TableError;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::agenda::{AgendaChange, AgendaItem, AgendaKey, ItemState};
use crate::store::{Store, WriteOutcome, keys};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AgendaRow {
    title: Option<String>,
    due_at: Option<Timestamp>,
    all_day: Option<bool>,
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
    /// Applies a change to an item, unless the row has the same or a newer one.
    pub(crate) async fn apply_agenda_change(
        &self,
        key: AgendaKey,
        change: AgendaChange,
        sequence: u64,
        now: Timestamp,
    ) -> Result<WriteOutcome, TableError> {
        let request = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(row_key(key)))
            .expression_attribute_values(":sequence", AttributeValue::N(sequence.to_string()));
        let request = match change {
            AgendaChange::Details { title, due_at } => set_details(request, title, due_at)?,
            AgendaChange::AllDay { is_all_day } => set_all_day(request, is_all_day),
            AgendaChange::Opened => set_state(request, State::Open, None, None)?,
            AgendaChange::Completed { at } => set_state(request, State::Completed, Some(at), Some(now))?,
            AgendaChange::Deleted => set_state(request, State::Deleted, None, Some(now))?,
        };
        outcome(request.send().await)
    }

    /// Whether an item is due on a day as a whole, as far as events have told.
    pub(crate) async fn is_all_day(&self, key: AgendaKey) -> Result<bool, TableError> {
        let request = self.client.get_item().table_name(&self.table).set_key(Some(row_key(key)));
        let answer = request.projection_expression("allDay").send().await.map_err(TableError::call)?;
        let all_day = answer.item.as_ref().and_then(|row| row.get("allDay"));
        Ok(all_day.and_then(|value| value.as_bool().ok()).is_some_and(|is_all_day| *is_all_day))
    }

    /// A user's items that a digest may list. Reads one row for each open item and each item closed in the last 60
    /// days.
    pub(crate) async fn agenda(&self, owner: Uuid) -> Result<Vec<AgendaItem>, TableError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :agenda)")
            .expression_attribute_values(":pk", AttributeValue::S(keys::partition(owner)))
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

fn row_key(key: AgendaKey) -> HashMap<String, AttributeValue> {
    keys::user_row(key.owner, format!("AGENDA#{}", key.todo))
}

fn set_all_day(request: UpdateItemFluentBuilder, is_all_day: bool) -> UpdateItemFluentBuilder {
    request
        .condition_expression("attribute_not_exists(allDaySequence) OR allDaySequence < :sequence")
        .update_expression("SET allDay = :allDay, allDaySequence = :sequence")
        .expression_attribute_values(":allDay", AttributeValue::Bool(is_all_day))
}

fn set_details(
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
            .expression_attribute_values(":dueAt", keys::timestamp(due_at)?),
        None => request.update_expression("SET title = :title, detailsSequence = :sequence REMOVE dueAt"),
    })
}

/// The row of a closed item is kept as long as a copy of an older event may arrive.
fn set_state(
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
            serde_dynamo::to_attribute_value(state).map_err(TableError::serialization)?,
        );
    match completed_at {
        Some(at) => {
            set.push("completedAt = :completedAt");
            request = request.expression_attribute_values(":completedAt", keys::timestamp(at)?);
        }
        None => remove.push("completedAt"),
    }
    match closed {
        Some(now) => {
            set.push("expiresAt = :expiresAt");
            request = request.expression_attribute_values(":expiresAt", keys::claim_expiry(now));
        }
        None => remove.push("expiresAt"),
    }
    let remove = if remove.is_empty() { String::new() } else { format!(" REMOVE {}", remove.join(", ")) };
    Ok(request.update_expression(format!("SET {}{remove}", set.join(", "))))
}

fn outcome<T, R>(result: Result<T, SdkError<UpdateItemError, R>>) -> Result<WriteOutcome, TableError>
where
    SdkError<UpdateItemError, R>: Into<lambda_runtime::Error>,
{
    match result {
        Ok(_) => Ok(WriteOutcome::Applied),
        Err(error) if error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) => {
            Ok(WriteOutcome::Duplicate)
        }
        Err(error) => Err(TableError::call(error)),
    }
}

/// The item of a row; `None` before the event of its creation has arrived, and after its deletion.
fn parse(row: HashMap<String, AttributeValue>) -> Result<Option<AgendaItem>, TableError> {
    let row: AgendaRow = serde_dynamo::from_item(row).map_err(TableError::corrupt)?;
    let state = match (row.state, row.completed_at) {
        (Some(State::Open), _) => ItemState::Open,
        (Some(State::Completed), Some(at)) => ItemState::Completed { at },
        _ => return Ok(None),
    };
    Ok(row.title.map(|title| AgendaItem {
        title,
        due_at: row.due_at,
        is_all_day: row.all_day.unwrap_or_default(),
        state,
    }))
}
