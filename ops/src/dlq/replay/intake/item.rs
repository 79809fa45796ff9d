//! Messages that came, and what is to be done with them.

use uuid::Uuid;

use crate::dlq::journal::state::short_id;
use crate::dlq::message::Message;
use crate::dlq::roads::Parcel;

/// A message and what is to be done with it.
#[derive(Debug)]
pub(in crate::dlq::replay) struct Item {
    pub(in crate::dlq::replay) message: Message,
    pub(in crate::dlq::replay) attempt: u32,
    pub(in crate::dlq::replay) is_parked: bool,
}

impl Item {
    pub(in crate::dlq::replay) fn id(&self) -> Uuid {
        short_id(&self.message.message_id)
    }

    pub(in crate::dlq::replay) fn parcel<'a>(&'a self, replay_id: &'a str) -> Parcel<'a> {
        Parcel { message: &self.message, replay_id, attempt: self.attempt }
    }
}

/// What came with one call.
#[derive(Debug, Default)]
pub(in crate::dlq::replay) struct Batch {
    /// To be done.
    pub(in crate::dlq::replay) items: Vec<Item>,
    /// To be left, and why.
    pub(in crate::dlq::replay) left: Vec<(Message, String)>,
    /// Sent to the queue after the plan was made.
    pub(in crate::dlq::replay) late: Vec<Message>,
    /// Brought by this replay, and failed again.
    pub(in crate::dlq::replay) came_back: Vec<Message>,
    /// Accepted before, and still here.
    pub(in crate::dlq::replay) to_delete: Vec<Uuid>,
}
