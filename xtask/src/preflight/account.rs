//! The account itself: whether it is the right one, its values, how many functions and roles it may have.

use anyhow::{Context, Result};
use serde_json::Value;

use super::iam::Iam;
use super::names::Deployed;
use super::{Finding, Subject};
use crate::aws;
use crate::environments;
use crate::planned::Plan;

const ACCOUNT: &str = "account";
const VALUES: &str = "parameters";
const CONCURRENCY: &str = "functions at a time";
const ROLES: &str = "roles";

/// Lambda keeps so many executions for functions without a reservation; in a smaller account all of them.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html>
const UNRESERVED: i64 = 100;

pub(super) fn environment(subject: &Subject<'_>) -> Result<Finding> {
    let env = &subject.target.env;
    let expected = environments::account(&subject.home.repo, env)?;
    Ok(judge_account(&format!("infra/environments/{env}.yaml"), expected.as_deref(), &subject.caller.account))
}

fn judge_account(file: &str, expected: Option<&str>, actual: &str) -> Finding {
    match expected {
        Some(expected) if expected == actual => Finding::ready(ACCOUNT, format!("{actual}, as {file} tells")),
        Some(expected) => Finding::stops(
            ACCOUNT,
            [
                format!("the credentials are of account {actual}, and {file} names {expected}"),
                "every command for this environment is refused".to_owned(),
                "use credentials of that account, such as another AWS_PROFILE".to_owned(),
            ],
        ),
        None => Finding::warning(
            ACCOUNT,
            [
                format!("{file} names no account"),
                "with credentials of another account, a command begins a second environment of this name there"
                    .to_owned(),
                format!("add the line `account: \"{actual}\"` to it"),
            ],
        ),
    }
}

pub(super) fn values(plan: &Plan) -> Finding {
    if plan.refused.is_empty() {
        return Finding::ready(VALUES, "every parameter of the templates has a value");
    }
    Finding::stops(
        VALUES,
        [
            plan.refused.join("; "),
            "these stacks are not deployed".to_owned(),
            "correct the environment's file".to_owned(),
        ],
    )
}

pub(super) async fn concurrency(subject: &Subject<'_>) -> Finding {
    match limit(subject).await {
        Err(error) => Finding::unknown(CONCURRENCY, &error, "lambda:GetAccountSettings"),
        Ok(limit) => judge_concurrency(limit, reserved(subject.plan)),
    }
}

async fn limit(subject: &Subject<'_>) -> Result<i64> {
    let settings = aws_sdk_lambda::Client::new(&subject.target.sdk).get_account_settings().send().await;
    let settings = settings.map_err(aws::failed("read the limits of Lambda"))?;
    Ok(settings.account_limit.context("Lambda returned no limits")?.concurrent_executions.into())
}

/// How many executions the templates reserve for single functions.
fn reserved(plan: &Plan) -> i64 {
    let functions = ["AWS::Serverless::Function", "AWS::Lambda::Function"].map(|kind| plan.of_kind(kind));
    let reservations =
        functions.into_iter().flatten().map(|function| &function.properties["ReservedConcurrentExecutions"]);
    reservations.filter_map(number).sum()
}

fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn judge_concurrency(limit: i64, reserved: i64) -> Finding {
    let todo = || {
        "ask for more, which takes a day or two: `aws service-quotas request-service-quota-increase --service-code lambda \
         --quota-code L-B99A9384 --desired-value 1000`; until then, set the parameter that reserves them to 0 in the \
         environment's file"
            .to_owned()
    };
    let found = format!("the account runs {limit} functions at a time, of which the templates reserve {reserved}");
    if reserved > 0 && limit - reserved < limit.min(UNRESERVED) {
        let breaks = "Lambda refuses the reservations, and the stacks with them".to_owned();
        return Finding::stops(CONCURRENCY, [found, breaks, todo()]);
    }
    if limit < UNRESERVED {
        let breaks = "one change of a user runs some six functions, so that a few at a time get 503".to_owned();
        return Finding::warning(CONCURRENCY, [found, breaks, todo()]);
    }
    Finding::ready(CONCURRENCY, found)
}

pub(super) async fn roles(subject: &Subject<'_>, deployed: &Deployed) -> Finding {
    let needed = subject.plan.resources.iter().filter(|resource| !deployed.has_stack(&resource.stack));
    let needed = needed.filter(|resource| {
        let generates_role = resource.kind == "AWS::Serverless::Function" && resource.properties["Role"].is_null();
        generates_role || resource.kind == "AWS::IAM::Role"
    });
    let needed = needed.count();
    match Iam::new(subject.target).summary().await {
        Err(error) => Finding::unknown(ROLES, &error, "iam:GetAccountSummary"),
        Ok(summary) => judge_roles(needed, summary.roles, summary.roles_quota),
    }
}

fn judge_roles(needed: usize, present: usize, quota: usize) -> Finding {
    let found = format!("{needed} roles will be created; the account has {present} of {quota}");
    if present + needed <= quota {
        return Finding::ready(ROLES, found);
    }
    let todo = "delete roles, or ask for more: `aws service-quotas request-service-quota-increase --region us-east-1 \
                --service-code iam --quota-code L-FE177D64 --desired-value 2000`";
    Finding::stops(ROLES, [found, "stacks fail at the first role above the quota".to_owned(), todo.to_owned()])
}

#[cfg(test)]
mod tests {
    use super::super::Level;
    use super::*;

    #[test]
    fn another_account_than_the_files_stops_the_deployment() {
        assert_eq!(judge_account("prod.yaml", Some("123456789012"), "123456789012").level, Level::Ready);
        assert_eq!(judge_account("prod.yaml", Some("123456789012"), "999999999999").level, Level::Stops);
        let unnamed = judge_account("prod.yaml", None, "123456789012");
        assert!(unnamed.level == Level::Warning && unnamed.todo.contains("account: \"123456789012\""), "{unnamed:?}");
    }

    #[test]
    fn a_new_account_of_ten_is_a_warning_and_stops_reservations() {
        assert_eq!(judge_concurrency(10, 0).level, Level::Warning);
        assert_eq!(judge_concurrency(10, 1).level, Level::Stops);
        assert_eq!(judge_concurrency(1000, 900).level, Level::Ready);
        assert_eq!(judge_concurrency(1000, 901).level, Level::Stops);
    }

    #[test]
    fn roles_above_the_quota_stop_the_deployment() {
        assert_eq!(judge_roles(60, 940, 1000).level, Level::Ready);
        assert_eq!(judge_roles(60, 941, 1000).level, Level::Stops);
    }
}
