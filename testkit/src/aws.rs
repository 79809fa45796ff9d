//! AWS as a test wants it to answer.

use serde_json::{Value, json};

/// A call that a job made.
#[derive(Debug)]
pub struct Call {
    /// Such as `GET`.
    pub method: String,
    /// With its query.
    pub path: String,
    /// Such as `TransactWriteItems`; method and path for a service that does not name its operations.
    pub operation: String,
    /// `null` for a body that is no JSON.
    pub body: Value,
}

/// What AWS answers to one call.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A status and a JSON body.
    Json(u16, Value),
    /// A status and a body of any other kind.
    Text(u16, &'static str),
    /// The connection ends without an answer.
    HangUp,
}

/// The answer of a call that has nothing to say.
#[must_use]
pub fn done() -> Answer {
    Answer::Json(200, json!({}))
}

/// The refusal of a call that no test has thought of.
#[must_use]
pub fn not_in_the_script() -> Answer {
    Answer::Json(400, json!({"__type": "NotInTheScript"}))
}

/// DynamoDB's refusal of a transaction, with the code of each write.
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

/// DynamoDB's refusal of a conditional write, with the item that it found.
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
