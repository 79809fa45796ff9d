//! The schedules of reminders, as an operator sees them.

use aws_sdk_scheduler::operation::get_schedule::GetScheduleError;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::disruption::invoke;
use crate::product::Product;

impl Product {
    /// When the schedule of an item fires, as its expression; none without a schedule.
    pub async fn schedule_of(&self, todo: &str) -> Option<String> {
        let client = aws_sdk_scheduler::Client::new(self.sdk());
        let group = format!("busline-{}-todos-reminders", self.env());
        match client.get_schedule().group_name(group).name(todo).send().await {
            Ok(schedule) => schedule.schedule_expression,
            Err(error) if error.as_service_error().is_some_and(GetScheduleError::is_resource_not_found_exception) => {
                None
            }
            Err(error) => panic!("a schedule that can be looked at: {error:?}"),
        }
    }

    /// Invokes what an item's schedule invokes, with the input that it would have for this due time.
    pub async fn remind(&self, owner: Uuid, todo: &Value, due_at: &Value) {
        let function = format!("busline-{}-todos-remind", self.env());
        invoke(self, &function, &json!({"todoId": todo, "ownerId": owner, "dueAt": due_at})).await;
    }
}
