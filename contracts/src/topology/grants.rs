//! What the roles of a template allow on the bus.
//!
//! A statement that may concern `events:PutEvents` and does not have the one form that is understood here grants nothing
//! and is reported.

use std::collections::BTreeSet;

use serde_json::Value;

use super::properties::{job, resource_name};
use super::{Grant, Unclear};
use crate::template::{entries, one_or_many};

/// The action that publishes, in lower case: IAM ignores the case of action names.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>
const PUT_EVENTS: &str = "events:putevents";

/// What a boundary must not take away: to publish, and to keep what failed.
const NEEDED: [&str; 3] = [PUT_EVENTS, "sns:publish", "s3:putobject"];

const KEYS: [&str; 2] = ["events:source", "events:detail-type"];

const PLAIN: &str = "one statement with Effect: Allow, Action: events:PutEvents, Resource: !Ref BusArn and Condition: {StringEquals: \
     {events:source: busline.<service>}}";

/// Where permissions are understood.
pub(super) const IN_THE_ROLE: &str =
    "Policies of an AWS::Serverless::Function or AWS::IAM::Role in this template, each with its Statement";

const BOUNDARY: &str = "!Ref of an AWS::IAM::ManagedPolicy in this template, with a statement that allows events:PutEvents on every resource \
     (Resource: '*') without a Condition, and none that denies it";

/// What a part of a template grants.
#[derive(Default)]
pub(super) struct Permissions {
    /// The statements that are understood.
    pub(super) grants: Vec<Grant>,
    /// The rest, as far as it may concern the bus.
    pub(super) unclear: Vec<Unclear>,
}

/// The permissions of a role resource.
pub(super) fn from_role(logical: &str, role: &Value, resources: &Value) -> Permissions {
    let mut permissions = Permissions::default();
    let place = format!("/Resources/{logical}/Properties");
    permissions.add_policies(logical, &jobs_with_role(logical, resources), &role["Policies"], &place);
    permissions.add_boundary(&role["PermissionsBoundary"], resources, &place);
    if !role["ManagedPolicyArns"].is_null() {
        permissions.add_unclear(format!("{place}/ManagedPolicyArns"), "ManagedPolicyArns", IN_THE_ROLE);
    }
    permissions
}

/// The permissions of a function with its own `Policies`, for which SAM generates the role `<Function>Role`.
///
/// <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html>
pub(super) fn from_function(logical: &str, function: &Value, resources: &Value) -> Permissions {
    let mut permissions = Permissions::default();
    let place = format!("/Resources/{logical}/Properties");
    let generated = format!("{logical}Role");
    let mut jobs = jobs_with_role(&generated, resources);
    jobs.extend(job(function));
    permissions.add_policies(&generated, &jobs, &function["Policies"], &place);
    permissions.add_boundary(&function["PermissionsBoundary"], resources, &place);
    let role = &function["Role"];
    if !role.is_null() && !resource_name(role).is_some_and(|name| is_role(name, resources)) {
        let write = "!GetAtt of an AWS::IAM::Role, or Policies without a Role";
        permissions.add_unclear(format!("{place}/Role"), format!("the role {role}"), write);
    }
    if !role.is_null() && !function["Policies"].is_null() {
        permissions.grants.clear();
        let what = "Policies beside a Role, which SAM ignores";
        permissions.add_unclear(format!("{place}/Policies"), what, "the statements in the role");
    }
    for outcome in ["OnSuccess", "OnFailure"] {
        let destination = &function["EventInvokeConfig"]["DestinationConfig"][outcome];
        if destination["Type"] == "EventBridge" {
            let place = format!("{place}/EventInvokeConfig/DestinationConfig/{outcome}");
            permissions.add_unclear(place, "a destination that SAM lets the function publish to", "a queue or a topic");
        }
    }
    permissions
}

/// The permissions of a resource that is no role, such as a policy that is attached to roles.
pub(super) fn from_policy_resource(logical: &str, kind: &str, policy: &Value, resources: &Value) -> Permissions {
    let mut permissions = Permissions::default();
    let statements = one_or_many(&policy["PolicyDocument"]["Statement"]);
    let concerns_the_bus = statements.is_empty() || statements.iter().any(concerns_the_bus);
    if concerns_the_bus && !is_only_boundary(logical, policy, resources) {
        permissions.add_unclear(format!("/Resources/{logical}"), format!("a permission in an {kind}"), IN_THE_ROLE);
    }
    permissions
}

/// A managed policy that no identity has grants nothing; as a permissions boundary it only limits.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>
fn is_only_boundary(logical: &str, policy: &Value, resources: &Value) -> bool {
    let is_attached = ["Roles", "Users", "Groups"].iter().any(|name| !policy[*name].is_null());
    let limits = |properties: &Value| resource_name(&properties["PermissionsBoundary"]) == Some(logical);
    !is_attached && entries(resources).any(|(_, resource)| limits(&resource["Properties"]))
}

fn is_role(name: &str, resources: &Value) -> bool {
    if resources[name]["Type"] == "AWS::IAM::Role" {
        return true;
    }
    // The role that SAM generates for another function.
    let function = name.strip_suffix("Role").map(|function| &resources[function]);
    function.is_some_and(|it| it["Type"] == "AWS::Serverless::Function" && it["Properties"]["Role"].is_null())
}

/// The jobs of the functions that name a role.
fn jobs_with_role(role: &str, resources: &Value) -> BTreeSet<String> {
    let functions = entries(resources).map(|(_, resource)| &resource["Properties"]);
    functions.filter(|function| resource_name(&function["Role"]) == Some(role)).filter_map(job).collect()
}

impl Permissions {
    fn add_unclear(&mut self, pointer: String, what: impl Into<String>, write: &str) {
        self.unclear.push(Unclear { pointer, what: what.into(), write: write.to_owned() });
    }

    /// A boundary cannot allow anything, but it could take permissions away.
    fn add_boundary(&mut self, boundary: &Value, resources: &Value, place: &str) {
        let leaves_all = |name: &str| {
            let policy = &resources[name];
            let document = &policy["Properties"]["PolicyDocument"];
            policy["Type"] == "AWS::IAM::ManagedPolicy" && NEEDED.iter().all(|action| leaves(document, action))
        };
        if !boundary.is_null() && !resource_name(boundary).is_some_and(leaves_all) {
            let what = format!(
                "the PermissionsBoundary {boundary}, which may take events:PutEvents, sns:Publish or s3:PutObject away"
            );
            self.add_unclear(format!("{place}/PermissionsBoundary"), what, BOUNDARY);
        }
    }

    fn add_policies(&mut self, role: &str, jobs: &BTreeSet<String>, policies: &Value, place: &str) {
        for (at, policy) in one_or_many(policies).iter().enumerate() {
            let place = format!("{place}/Policies/{at}");
            // A function of SAM also takes the document itself.
            let document = if policy["Statement"].is_null() { &policy["PolicyDocument"] } else { policy };
            if document["Statement"].is_null() {
                // The name of a managed policy, a policy template of SAM, or an intrinsic function.
                self.add_unclear(place, format!("the policy {policy}"), IN_THE_ROLE);
                continue;
            }
            for (at, statement) in one_or_many(&document["Statement"]).iter().enumerate() {
                if !concerns_the_bus(statement) {
                    continue;
                }
                match grant(role, jobs, statement) {
                    Ok(grant) => self.grants.push(grant),
                    Err(what) => self.add_unclear(format!("{place}/Statement/{at}"), what, PLAIN),
                }
            }
        }
    }
}

/// Whether a boundary allows an action everywhere, so that the role's own statements decide.
fn leaves(document: &Value, wanted: &str) -> bool {
    let statements = one_or_many(&document["Statement"]);
    let allows = |statement: &Value| {
        let not_actions = one_or_many(&statement["NotAction"]);
        let is_excepted = not_actions.iter().any(|action| !is_plain_text(action) || names(action, wanted));
        let has_action = !one_or_many(&statement["Action"]).is_empty() || !not_actions.is_empty();
        let is_everywhere = one_or_many(&statement["Resource"]).iter().any(|resource| resource == "*");
        let is_plain = entries(statement)
            .all(|(name, _)| matches!(name.as_str(), "Sid" | "Effect" | "Action" | "NotAction" | "Resource"));
        is_plain && has_action && is_everywhere && !is_excepted && concerns(statement, wanted)
    };
    let denies = |statement: &Value| statement["Effect"] != "Allow" && concerns(statement, wanted);
    !statements.iter().any(denies) && statements.iter().any(allows)
}

/// Whether an action of a statement is the wanted one, which is in lower case.
fn names(action: &Value, wanted: &str) -> bool {
    action.as_str().is_some_and(|action| like(&action.to_ascii_lowercase(), wanted))
}

fn concerns_the_bus(statement: &Value) -> bool {
    concerns(statement, PUT_EVENTS)
}

/// Whether a statement may concern an action; one without a plain list of actions may.
fn concerns(statement: &Value, wanted: &str) -> bool {
    let actions = one_or_many(&statement["Action"]);
    actions.is_empty() || actions.iter().any(|action| !is_plain_text(action) || names(action, wanted))
}

/// Whether a value is a text in which CloudFormation puts nothing from elsewhere.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html>
fn is_plain_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.contains("{{"))
}

/// Reads a statement of the one form that is understood; otherwise gives the part that is not understood.
fn grant(role: &str, jobs: &BTreeSet<String>, statement: &Value) -> Result<Grant, String> {
    for (name, value) in entries(statement) {
        match name.as_str() {
            "Sid" | "Action" | "Resource" | "Condition" => {}
            "Effect" if value == "Allow" => {}
            "Effect" => return Err(format!("a statement with Effect: {value}")),
            other => return Err(format!("a statement with {other}")),
        }
    }
    if statement["Effect"].is_null() || one_or_many(&statement["Action"]).iter().any(|action| !is_plain_text(action)) {
        return Err(format!("the statement {statement}"));
    }
    let [sources, detail_types] = conditions(&statement["Condition"])?;
    let (role, jobs, resource) = (role.to_owned(), jobs.clone(), statement["Resource"].clone());
    Ok(Grant { role, jobs, sources, detail_types, resource })
}

/// The values that the conditions on source and detail type allow, as patterns of `StringLike`; none without a condition.
fn conditions(conditions: &Value) -> Result<[Option<Vec<String>>; 2], String> {
    if !conditions.is_null() && !conditions.is_object() {
        return Err(format!("the condition {conditions}"));
    }
    let mut found = [None, None];
    for (operator, keys) in entries(conditions) {
        if !matches!(operator.as_str(), "StringEquals" | "StringLike") || !keys.is_object() {
            return Err(format!("the condition {operator}"));
        }
        for (key, values) in entries(keys) {
            let place = KEYS.iter().position(|known| known.eq_ignore_ascii_case(key));
            let place = place.ok_or_else(|| format!("a condition on {key}"))?;
            if found[place].is_some() {
                // IAM requires both to hold.
                return Err(format!("two conditions on {key}"));
            }
            let texts = texts(values).ok_or_else(|| format!("the condition {operator} {key} {values}"))?;
            let is_literal = operator == "StringEquals";
            found[place] = Some(texts.into_iter().map(|text| if is_literal { escaped(&text) } else { text }).collect());
        }
    }
    Ok(found)
}

/// Plain texts; none when one of them is an intrinsic function or holds a policy variable.
fn texts(value: &Value) -> Option<Vec<String>> {
    let plain =
        |value: &Value| value.as_str().filter(|text| !text.contains("${") && !text.contains("{{")).map(str::to_owned);
    one_or_many(value).iter().map(plain).collect()
}

/// A text as a pattern that matches only itself; IAM writes `${*}` and `${?}` for the characters themselves.
fn escaped(text: &str) -> String {
    text.replace('*', "${*}").replace('?', "${?}")
}

/// IAM's wildcards: `*` is any text, `?` any character.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
pub(super) fn like(pattern: &str, text: &str) -> bool {
    if let Some(rest) = pattern.strip_prefix("${*}") {
        return text.strip_prefix('*').is_some_and(|text| like(rest, text));
    }
    if let Some(rest) = pattern.strip_prefix("${?}") {
        return text.strip_prefix('?').is_some_and(|text| like(rest, text));
    }
    let mut characters = pattern.chars();
    match characters.next() {
        None => text.is_empty(),
        Some('*') => {
            (0..=text.len()).filter(|&at| text.is_char_boundary(at)).any(|at| like(characters.as_str(), &text[at..]))
        }
        Some(wanted) => {
            let mut rest = text.chars();
            rest.next().is_some_and(|found| wanted == '?' || wanted == found)
                && like(characters.as_str(), rest.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::template;
    use crate::topology::Service;

    const BOUNDARY_STATEMENT: &str = "{Effect: Allow, NotAction: ['logs:*', 'dynamodb:ListStreams'], Resource: '*'}";

    /// A service with a function `Publish` that has policies and a boundary.
    fn service(publish: &str, boundary: &str, resources: &str) -> Service {
        let template = format!(
            "Globals: {{Function: {{PermissionsBoundary: !Ref Boundary}}}}\nResources:\n  Publish: {{Type: \
             'AWS::Serverless::Function', Properties: {{Handler: publish, {publish}}}}}\n  Boundary: {{Type: \
             'AWS::IAM::ManagedPolicy', Properties: {{PolicyDocument: {{Statement: [{boundary}]}}}}}}\n{resources}"
        );
        Service::from_template("x", &template::parse(&template).unwrap())
    }

    fn policies(statement: &str) -> String {
        format!("Policies: [{{Statement: [{statement}]}}]")
    }

    const STATEMENT: &str = "{Effect: Allow, Action: 'events:PutEvents', Resource: !Ref BusArn, Condition: {StringEquals: \
                             {'events:source': busline.x}}}";

    #[test]
    fn policies_of_a_function_are_read_as_its_generated_role() {
        let service = service(&policies(STATEMENT), BOUNDARY_STATEMENT, "");
        assert!(service.unclear_permissions.is_empty(), "{:?}", service.unclear_permissions);
        let [grant] = &service.grants[..] else { panic!("{:?}", service.grants) };
        assert_eq!((&*grant.role, grant.sources.as_deref()), ("PublishRole", Some(&["busline.x".to_owned()][..])));
        assert_eq!(
            (&grant.jobs, &grant.resource),
            (&BTreeSet::from(["publish".to_owned()]), &json!({"Ref": "BusArn"}))
        );
    }

    #[test]
    fn a_function_with_the_generated_role_of_another_may_publish_too() {
        let other =
            "  Get: {Type: 'AWS::Serverless::Function', Properties: {Handler: get, Role: !GetAtt PublishRole.Arn}}\n";
        let service = service(&policies(STATEMENT), BOUNDARY_STATEMENT, other);
        assert!(service.unclear_permissions.is_empty(), "{:?}", service.unclear_permissions);
        assert_eq!(service.grants[0].jobs, BTreeSet::from(["get".to_owned(), "publish".to_owned()]));
    }

    #[test]
    fn a_boundary_that_could_forbid_publishing_is_reported() {
        for boundary in [
            "{Effect: Allow, NotAction: ['logs:*', 'events:*'], Resource: '*'}",
            "{Effect: Allow, NotAction: ['logs:*', 'Events:Put*'], Resource: '*'}",
            "{Effect: Allow, NotAction: ['logs:*', 'sns:*'], Resource: '*'}",
            "{Effect: Allow, NotAction: 'logs:*', Resource: '*'}, {Effect: Deny, Action: 's3:Put*', Resource: '*'}",
            "{Effect: Allow, NotAction: 'logs:*', Resource: 'arn:x'}",
            "{Effect: Allow, NotAction: 'logs:*', Resource: '*', Condition: {Bool: {x: true}}}",
            "{Effect: Allow, Action: 'logs:*', Resource: '*'}",
            "{Effect: Allow, NotAction: 'logs:*', Resource: '*'}, {Effect: Deny, Action: 'events:*', Resource: '*'}",
        ] {
            let unclear = service(&policies(STATEMENT), boundary, "").unclear_permissions;
            assert!(unclear.iter().any(|part| part.what.contains("PermissionsBoundary")), "{boundary}: {unclear:?}");
        }
        assert!(
            service(&policies(STATEMENT), "{Effect: Allow, Action: '*', Resource: '*'}", "")
                .unclear_permissions
                .is_empty()
        );
    }

    #[test]
    fn a_boundary_that_is_also_attached_to_a_role_is_reported() {
        let template = "Resources:\n  Boundary: {Type: 'AWS::IAM::ManagedPolicy', Properties: {Roles: [a], PolicyDocument: \
                        {Statement: [{Effect: Allow, Action: '*', Resource: '*'}]}}}\n  Publish: {Type: \
                        'AWS::Serverless::Function', Properties: {Handler: publish, PermissionsBoundary: !Ref Boundary}}\n";
        let service = Service::from_template("x", &template::parse(template).unwrap());
        assert_eq!(service.unclear_permissions[0].what, "a permission in an AWS::IAM::ManagedPolicy");
    }

    #[test]
    fn other_forms_of_a_functions_permissions_are_reported() {
        for (publish, expected) in [
            ("Policies: [{EventBridgePutEventsPolicy: {EventBusName: x}}]".to_owned(), "EventBridgePutEventsPolicy"),
            ("Policies: AmazonEventBridgeFullAccess".to_owned(), "AmazonEventBridgeFullAccess"),
            ("Policies: ['arn:aws:iam::aws:policy/Any']".to_owned(), "arn:aws:iam::aws:policy/Any"),
            (format!("Role: !GetAtt R.Arn, {}", policies(STATEMENT)), "which SAM ignores"),
            ("EventInvokeConfig: {DestinationConfig: {OnFailure: {Type: EventBridge}}}".to_owned(), "destination"),
            ("Role: !GetAtt NoFunctionRole.Arn".to_owned(), "the role"),
        ] {
            let service = service(&publish, BOUNDARY_STATEMENT, "  R: {Type: 'AWS::IAM::Role'}\n");
            let unclear = service.unclear_permissions;
            assert!(unclear.iter().any(|part| part.what.contains(expected)), "{publish}: {unclear:?}");
            assert!(service.grants.is_empty());
        }
        let connector = "  T: {Type: 'AWS::SNS::Topic', Connectors: {C: {}}}\n";
        assert!(!service("Timeout: 1", BOUNDARY_STATEMENT, connector).unclear_permissions.is_empty());
    }

    #[test]
    fn wildcards_are_those_of_iam() {
        for (pattern, text) in [("busline.*", "busline.x"), ("*", ""), ("events:Put?vents", "events:PutEvents")] {
            assert!(like(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("busline.xs", "busline.x"), ("?", ""), ("${*}", "x"), ("a*b", "acd")] {
            assert!(!like(pattern, text), "{pattern} {text}");
        }
        assert!(like(&escaped("a*?"), "a*?") && !like(&escaped("a*"), "ab"));
    }
}
