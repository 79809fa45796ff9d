//! EventBridge Scheduler: one one-time schedule for each item with a reminder, and for each deleted item, in the
//! service's group, named by the item's id.
//!
//! Source: <https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#one-time>

use aws_config::SdkConfig;
use aws_sdk_scheduler::Client;
use aws_sdk_scheduler::error::BuildError;
use aws_sdk_scheduler::operation::create_schedule::CreateScheduleError;
use aws_sdk_scheduler::operation::delete_schedule::DeleteScheduleError;
use aws_sdk_scheduler::operation::get_schedule::GetScheduleError;
use aws_sdk_scheduler::operation::update_schedule::UpdateScheduleError;
use aws_sdk_scheduler::types::{
    ActionAfterCompletion, DeadLetterConfig, FlexibleTimeWindow, FlexibleTimeWindowMode, RetryPolicy, Target,
};
use jiff::Timestamp;
use lambda_kit::settings::{MissingSettings, Settings};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::purge::Purge;
use crate::domain::reminder::Reminder;

/// A schedule starts at least this many seconds from now: AWS rejects one with a time in the past.
const MARGIN_SECONDS: i64 = 2;
/// How long Scheduler retries the function before the reminder goes to the dead-letter queue.
const MAX_EVENT_AGE_SECONDS: i32 = 6 * 60 * 60;
const MAX_RETRIES: i32 = 185;
/// How often writing a schedule is tried while others create and delete it.
const WRITE_ATTEMPTS: usize = 3;

/// The schedules of items.
#[derive(Clone, Debug)]
pub(crate) struct Scheduler {
    client: Client,
    config: Config,
}

#[derive(Clone, Debug)]
struct Config {
    /// The group's name, `REMINDER_GROUP`.
    group: String,
    /// The ARN of the function that a reminder invokes, `REMIND_FUNCTION`.
    remind_function: String,
    /// The ARN of the function that a purge invokes, `PURGE_FUNCTION`.
    purge_function: String,
    /// The ARN of the role by which Scheduler invokes them, `REMINDER_ROLE`.
    role: String,
    /// The ARN of the dead-letter queue, `REMINDER_DLQ`.
    dead_letter_queue: String,
}

impl Scheduler {
    /// Reads group, functions, role and queue from the settings.
    pub(crate) fn from_env(aws: &SdkConfig) -> Result<Self, MissingSettings> {
        let config = Settings::read(|settings| Config {
            group: settings.text("REMINDER_GROUP"),
            remind_function: settings.text("REMIND_FUNCTION"),
            purge_function: settings.text("PURGE_FUNCTION"),
            role: settings.text("REMINDER_ROLE"),
            dead_letter_queue: settings.text("REMINDER_DLQ"),
        })?;
        Ok(Self { client: Client::new(aws), config })
    }

    /// Makes the item's schedule one for its reminder. A repeat is harmless.
    pub(crate) async fn put(&self, reminder: &Reminder, now: Timestamp) -> Result<(), SchedulerError> {
        let input = serde_json::to_string(&ScheduleInput::from(reminder))?;
        let at = schedule_expression(reminder.due_at, now);
        self.write(Plan { todo: reminder.todo_id, at, function: &self.config.remind_function, input }).await
    }

    /// Makes the item's schedule one for its purge. A repeat is harmless.
    pub(crate) async fn put_purge(&self, purge: &Purge, now: Timestamp) -> Result<(), SchedulerError> {
        let input = serde_json::to_string(&PurgeInput::from(purge))?;
        let at = schedule_expression(purge.at(), now);
        self.write(Plan { todo: purge.todo_id, at, function: &self.config.purge_function, input }).await
    }

    async fn write(&self, plan: Plan<'_>) -> Result<(), SchedulerError> {
        for _ in 0..WRITE_ATTEMPTS {
            if self.create(&plan).await? || self.update(&plan).await? {
                return Ok(());
            }
        }
        // Between each two calls, it fired or another job removed it.
        Err(SchedulerError::Contended)
    }

    /// Removes the item's schedule, if it has one.
    pub(crate) async fn remove(&self, todo: Uuid) -> Result<(), SchedulerError> {
        let request = self.client.delete_schedule().group_name(&self.config.group).name(todo.to_string());
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error)
                if error.as_service_error().is_some_and(DeleteScheduleError::is_resource_not_found_exception) =>
            {
                Ok(())
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Removes the item's schedule, if it has one for another due time.
    pub(crate) async fn remove_other(&self, reminder: &Reminder) -> Result<(), SchedulerError> {
        let name = reminder.todo_id.to_string();
        let schedule = match self.client.get_schedule().group_name(&self.config.group).name(name).send().await {
            Ok(schedule) => schedule,
            Err(error) if error.as_service_error().is_some_and(GetScheduleError::is_resource_not_found_exception) => {
                return Ok(());
            }
            Err(error) => return Err(failed(error)),
        };
        let planned = schedule.target().and_then(|target| ScheduleInput::parse(target.input()?));
        if planned == Some(ScheduleInput::from(reminder)) { Ok(()) } else { self.remove(reminder.todo_id).await }
    }

    /// False when there is one already.
    async fn create(&self, plan: &Plan<'_>) -> Result<bool, SchedulerError> {
        let request = self
            .client
            .create_schedule()
            .group_name(&self.config.group)
            .name(plan.todo.to_string())
            .schedule_expression(&plan.at)
            .flexible_time_window(no_time_window().map_err(failed)?)
            .action_after_completion(ActionAfterCompletion::Delete)
            .target(self.target(plan)?);
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(CreateScheduleError::is_conflict_exception) => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }

    /// False when there is none.
    async fn update(&self, plan: &Plan<'_>) -> Result<bool, SchedulerError> {
        let request = self
            .client
            .update_schedule()
            .group_name(&self.config.group)
            .name(plan.todo.to_string())
            .schedule_expression(&plan.at)
            .flexible_time_window(no_time_window().map_err(failed)?)
            .action_after_completion(ActionAfterCompletion::Delete)
            .target(self.target(plan)?);
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error)
                if error.as_service_error().is_some_and(UpdateScheduleError::is_resource_not_found_exception) =>
            {
                Ok(false)
            }
            Err(error) => Err(failed(error)),
        }
    }

    fn target(&self, plan: &Plan<'_>) -> Result<Target, SchedulerError> {
        let retries = RetryPolicy::builder()
            .maximum_event_age_in_seconds(MAX_EVENT_AGE_SECONDS)
            .maximum_retry_attempts(MAX_RETRIES);
        let target = Target::builder()
            .arn(plan.function)
            .role_arn(&self.config.role)
            .input(&plan.input)
            .retry_policy(retries.build())
            .dead_letter_config(DeadLetterConfig::builder().arn(&self.config.dead_letter_queue).build());
        target.build().map_err(failed)
    }
}

fn no_time_window() -> Result<FlexibleTimeWindow, BuildError> {
    FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build()
}

/// The first whole second in UTC that is neither before the due time nor before AWS has the schedule.
fn schedule_expression(due_at: Timestamp, now: Timestamp) -> String {
    let (due, now) = (ceil_second(due_at), ceil_second(now));
    let second = due.max(now + MARGIN_SECONDS);
    // After the last time of the calendar, the due time itself is used, less than a second earlier.
    let at = Timestamp::from_second(second).unwrap_or(due_at);
    format!("at({})", at.strftime("%Y-%m-%dT%H:%M:%S"))
}

/// The first whole second that is not before `at`.
fn ceil_second(at: Timestamp) -> i64 {
    at.as_second() + i64::from(at.subsec_nanosecond() > 0)
}

fn failed(error: impl Into<lambda_runtime::Error>) -> SchedulerError {
    SchedulerError::Call(error.into())
}

/// A schedule to write.
struct Plan<'a> {
    todo: Uuid,
    /// When it fires, as an expression of Scheduler.
    at: String,
    /// The ARN of the function that it invokes.
    function: &'a str,
    input: String,
}

/// The input of a purge's schedule, which the job `purge-expired` gets.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PurgeInput {
    todo_id: Uuid,
    owner_id: Uuid,
    deleted_at: Timestamp,
}

impl From<&Purge> for PurgeInput {
    fn from(purge: &Purge) -> Self {
        Self { todo_id: purge.todo_id, owner_id: purge.owner_id, deleted_at: purge.deleted_at }
    }
}

/// The input of a reminder's schedule, which the job `remind` gets.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ScheduleInput {
    todo_id: Uuid,
    owner_id: Uuid,
    due_at: Timestamp,
}

impl ScheduleInput {
    /// None for an input that this version did not write.
    fn parse(input: &str) -> Option<Self> {
        serde_json::from_str(input).ok()
    }
}

impl From<&Reminder> for ScheduleInput {
    fn from(reminder: &Reminder) -> Self {
        Self { todo_id: reminder.todo_id, owner_id: reminder.owner_id, due_at: reminder.due_at }
    }
}

/// A failure of EventBridge Scheduler.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SchedulerError {
    #[error("the call to EventBridge Scheduler failed")]
    Call(#[source] lambda_runtime::Error),
    #[error("the schedule's input cannot be serialized")]
    Serialization(#[from] serde_json::Error),
    #[error("the schedule was created and deleted by others in each of several attempts")]
    Contended,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_schedule_is_at_the_first_whole_second_from_the_due_time() {
        let now = at("2026-11-21T09:00:00Z");
        assert_eq!(schedule_expression(at("2026-12-24T18:00:00Z"), now), "at(2026-12-24T18:00:00)");
        assert_eq!(schedule_expression(at("2026-12-24T18:00:00.001Z"), now), "at(2026-12-24T18:00:01)");
        assert_eq!(schedule_expression(at("9999-12-30T21:59:59.999Z"), now), "at(9999-12-30T22:00:00)");
    }

    #[test]
    fn an_overdue_reminder_is_scheduled_for_a_time_that_aws_accepts() {
        assert_eq!(
            schedule_expression(at("2026-11-21T08:00:00Z"), at("2026-11-21T09:00:00.4Z")),
            "at(2026-11-21T09:00:03)"
        );
        assert_eq!(
            schedule_expression(at("2026-11-21T09:00:01Z"), at("2026-11-21T09:00:00Z")),
            "at(2026-11-21T09:00:02)"
        );
    }
}
