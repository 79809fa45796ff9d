//! The fake AWS of a test: the calls of a job, and the responses that the test gives.

use serde_json::{Value, json};

/// An API call of a job.
#[derive(Debug)]
pub struct Call {
    pub method: String,
    /// The path with the query.
    pub path: String,
    /// The operation, such as `TransactWriteItems`; method and path for services that do not send its name.
    pub operation: String,
    /// `null` if the body is not JSON.
    pub body: Value,
}

/// A response of AWS.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A status and a JSON body.
    Json(u16, Value),
    /// A status and a text body.
    Text(u16, &'static str),
    /// The connection is closed without a response.
    HangUp,
}

/// A success with an empty JSON object.
#[must_use]
pub fn done() -> Answer {
    Answer::Json(200, json!({}))
}

/// An error for a call that the test does not expect.
#[must_use]
pub fn not_in_the_script() -> Answer {
    Answer::Json(400, json!({"__type": "NotInTheScript"}))
}

/// DynamoDB's error for a cancelled transaction, with the reason of each write.
#[must_use]
pub fn cancelled(codes: &[&str]) -> Answer {
    let reasons: Vec<Value> = codes.iter().map(|code| json!({"Code": code})).collect();
    Answer::Json(
        400,
        json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": "Transaction cancelled, please refer cancellation reasons for specific reasons",
            "CancellationReasons": reasons,
        }),
    )
}

/// DynamoDB's error for a failed condition, with the existing item.
#[must_use]
pub fn condition_failed(item: &Value) -> Answer {
    Answer::Json(
        400,
        json!({
            "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
            "message": "The conditional request failed",
            "Item": item,
        }),
    )
}
