//! Transactions that DynamoDB cancels for reasons that pass.

use testkit::aws::{cancelled, done};
use testkit::function::Ran;

use crate::FUNCTIONS;
use crate::quota::request;

/// Runs a creation while DynamoDB cancels its first transactions for this reason.
fn create_after(cancellations: usize, code: &'static str) -> Ran {
    let mut left = cancellations;
    FUNCTIONS.run("create-todo", &request(), move |call| {
        if call.operation != "TransactWriteItems" || left == 0 {
            return done();
        }
        left -= 1;
        cancelled(&["None", code])
    })
}

fn status_and_attempts(ran: &Ran) -> (u64, usize) {
    let status = ran.outcome.as_ref().unwrap()["statusCode"].as_u64().unwrap();
    (status, ran.bodies("TransactWriteItems").len())
}

#[test]
fn a_transaction_is_tried_again_while_its_items_are_held_or_throttled() {
    for code in ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"] {
        let ran = create_after(2, code);
        assert_eq!(status_and_attempts(&ran), (201, 3), "{code}: {ran:?}");
    }
}

#[test]
fn a_transaction_that_is_refused_for_good_is_not_tried_again() {
    for code in ["ValidationError", "ItemCollectionSizeLimitExceeded"] {
        let ran = create_after(2, code);
        assert_eq!(status_and_attempts(&ran), (500, 1), "{code}: {ran:?}");
    }
}
