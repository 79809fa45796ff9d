//! EventBridge Scheduler: one one-time schedule an item, in the service's own group, under the item's id.
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
use uuid::Uuid;

use crate::reminders::{Reminder, ReminderError};

/// A schedule starts this many seconds after now at the earliest: one whose time has come before AWS gets it is refused.
const MARGIN_SECONDS: i64 = 2;
/// How long Scheduler tries to reach the function before the reminder goes to the dead-letter queue.
const PATIENCE_SECONDS: i32 = 6 * 60 * 60;
const ATTEMPTS: i32 = 185;
/// Writing a schedule is tried this often while it comes and goes at the same time.
const TURNS: usize = 3;

/// Makes and removes schedules in one group.
#[derive(Clone, Debug)]
pub(crate) struct Scheduler {
    client: Client,
    config: Config,
}

#[derive(Clone, Debug)]
struct Config {
    /// The group's name, `REMINDER_GROUP`.
    group: String,
    /// The ARN of the function that a schedule invokes, `REMIND_FUNCTION`.
    function: String,
    /// The ARN of the role by which Scheduler invokes it, `REMINDER_ROLE`.
    role: String,
    /// The ARN of the queue for what could not be delivered, `REMINDER_DLQ`.
    dead_letters: String,
}

impl Scheduler {
    /// A scheduler for the group, function, role and queue that the settings name.
    pub(crate) fn connect(aws: &SdkConfig) -> Result<Self, MissingSettings> {
        let config = Settings::read(|settings| Config {
            group: settings.text("REMINDER_GROUP"),
            function: settings.text("REMIND_FUNCTION"),
            role: settings.text("REMINDER_ROLE"),
            dead_letters: settings.text("REMINDER_DLQ"),
        })?;
        Ok(Self { client: Client::new(aws), config })
    }

    /// Makes the item's schedule, or moves it; again is harmless.
    pub(crate) async fn put(&self, reminder: &Reminder, now: Timestamp) -> Result<(), ReminderError> {
        for _ in 0..TURNS {
            if self.create(reminder, now).await? || self.update(reminder, now).await? {
                return Ok(());
            }
        }
        // It fired and went, or another job removed it, between each two calls.
        Err(ReminderError::Contended)
    }

    /// Removes the item's schedule, if it has one.
    pub(crate) async fn remove(&self, todo: Uuid) -> Result<(), ReminderError> {
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
    pub(crate) async fn remove_other(&self, reminder: &Reminder) -> Result<(), ReminderError> {
        let name = reminder.todo_id.to_string();
        let schedule = match self.client.get_schedule().group_name(&self.config.group).name(name).send().await {
            Ok(schedule) => schedule,
            Err(error) if error.as_service_error().is_some_and(GetScheduleError::is_resource_not_found_exception) => {
                return Ok(());
            }
            Err(error) => return Err(failed(error)),
        };
        let planned = schedule.target().and_then(|target| Reminder::parse(target.input()?));
        if planned == Some(*reminder) { Ok(()) } else { self.remove(reminder.todo_id).await }
    }

    /// Whether there was none.
    async fn create(&self, reminder: &Reminder, now: Timestamp) -> Result<bool, ReminderError> {
        let request = self
            .client
            .create_schedule()
            .group_name(&self.config.group)
            .name(reminder.todo_id.to_string())
            .schedule_expression(expression(reminder.due_at, now))
            .flexible_time_window(exact().map_err(failed)?)
            .action_after_completion(ActionAfterCompletion::Delete)
            .target(self.target(reminder)?);
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(CreateScheduleError::is_conflict_exception) => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }

    /// Whether there was one.
    async fn update(&self, reminder: &Reminder, now: Timestamp) -> Result<bool, ReminderError> {
        let request = self
            .client
            .update_schedule()
            .group_name(&self.config.group)
            .name(reminder.todo_id.to_string())
            .schedule_expression(expression(reminder.due_at, now))
            .flexible_time_window(exact().map_err(failed)?)
            .action_after_completion(ActionAfterCompletion::Delete)
            .target(self.target(reminder)?);
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

    fn target(&self, reminder: &Reminder) -> Result<Target, ReminderError> {
        let retries =
            RetryPolicy::builder().maximum_event_age_in_seconds(PATIENCE_SECONDS).maximum_retry_attempts(ATTEMPTS);
        let target = Target::builder()
            .arn(&self.config.function)
            .role_arn(&self.config.role)
            .input(serde_json::to_string(reminder)?)
            .retry_policy(retries.build())
            .dead_letter_config(DeadLetterConfig::builder().arn(&self.config.dead_letters).build());
        target.build().map_err(failed)
    }
}

fn exact() -> Result<FlexibleTimeWindow, BuildError> {
    FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off).build()
}

/// The whole second at which an item is due, in UTC; never before it is, nor before AWS has the schedule.
fn expression(due_at: Timestamp, now: Timestamp) -> String {
    let (due, now) = (second_from(due_at), second_from(now));
    let second = due.max(now + MARGIN_SECONDS);
    // Over the end of the calendar there is nothing; an item that is due there is due a millisecond earlier.
    let at = Timestamp::from_second(second).unwrap_or(due_at);
    format!("at({})", at.strftime("%Y-%m-%dT%H:%M:%S"))
}

/// The first whole second that is not before `at`.
fn second_from(at: Timestamp) -> i64 {
    at.as_second() + i64::from(at.subsec_nanosecond() > 0)
}

fn failed(error: impl Into<lambda_runtime::Error>) -> ReminderError {
    ReminderError::Scheduler(error.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_schedule_is_at_the_first_whole_second_that_is_not_early() {
        let now = at("2026-11-21T09:00:00Z");
        assert_eq!(expression(at("2026-12-24T18:00:00Z"), now), "at(2026-12-24T18:00:00)");
        assert_eq!(expression(at("2026-12-24T18:00:00.001Z"), now), "at(2026-12-24T18:00:01)");
        assert_eq!(expression(at("9999-12-30T21:59:59.999Z"), now), "at(9999-12-30T22:00:00)");
    }

    #[test]
    fn what_is_due_already_is_scheduled_for_a_moment_that_aws_still_takes() {
        assert_eq!(expression(at("2026-11-21T08:00:00Z"), at("2026-11-21T09:00:00.4Z")), "at(2026-11-21T09:00:03)");
        assert_eq!(expression(at("2026-11-21T09:00:01Z"), at("2026-11-21T09:00:00Z")), "at(2026-11-21T09:00:02)");
    }
}
