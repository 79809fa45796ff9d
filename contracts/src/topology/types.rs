//! The types of resources that templates may have: those that the analysis reads, and those that concern no event.
//!
//! Any other could hold rules, permissions or functions that are read nowhere, so that it is reported.

use serde_json::Value;

use super::Unclear;
use super::grants;
use crate::template::entries;

/// What [`super::Service::add_resource`] reads, or reports with what to write instead.
const OF_SERVICES: [&str; 24] = [
    "AWS::CloudFormation::CustomResource",
    "AWS::CloudFormation::Stack",
    "AWS::Events::Endpoint",
    "AWS::Events::EventBus",
    "AWS::Events::EventBusPolicy",
    "AWS::Events::Rule",
    "AWS::IAM::GroupPolicy",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::IAM::RolePolicy",
    "AWS::IAM::UserPolicy",
    "AWS::Lambda::Alias",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Function",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
    "AWS::Pipes::Pipe",
    "AWS::Scheduler::Schedule",
    "AWS::Serverless::Application",
    "AWS::Serverless::Connector",
    "AWS::Serverless::Function",
    "AWS::Serverless::HttpApi",
];

/// What the templates beside the services have of the bus.
const OF_THE_BUS: [&str; 2] = ["AWS::Events::Archive", "AWS::Events::EventBus"];

/// What can neither publish nor receive an event by itself: each needs a role, a policy or a function for that.
const WITHOUT_EVENTS: [&str; 48] = [
    "AWS::ApiGatewayV2::ApiMapping",
    "AWS::ApiGatewayV2::DomainName",
    "AWS::ApiGatewayV2::RouteResponse",
    "AWS::Budgets::Budget",
    "AWS::CertificateManager::Certificate",
    "AWS::CloudFront::CachePolicy",
    "AWS::CloudFront::Distribution",
    "AWS::CloudFront::Function",
    "AWS::CloudFront::KeyGroup",
    "AWS::CloudFront::OriginAccessControl",
    "AWS::CloudFront::OriginRequestPolicy",
    "AWS::CloudFront::PublicKey",
    "AWS::CloudFront::ResponseHeadersPolicy",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::CompositeAlarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::Cognito::UserPool",
    "AWS::Cognito::UserPoolClient",
    "AWS::Cognito::UserPoolDomain",
    "AWS::Cognito::UserPoolGroup",
    "AWS::Cognito::UserPoolResourceServer",
    "AWS::DynamoDB::Table",
    "AWS::KMS::Alias",
    "AWS::KMS::Key",
    "AWS::Logs::Delivery",
    "AWS::Logs::DeliveryDestination",
    "AWS::Logs::DeliverySource",
    "AWS::Logs::LogGroup",
    "AWS::Logs::MetricFilter",
    "AWS::Logs::QueryDefinition",
    "AWS::Route53::RecordSet",
    "AWS::S3::Bucket",
    "AWS::S3::BucketPolicy",
    "AWS::SES::ConfigurationSet",
    "AWS::SES::ConfigurationSetEventDestination",
    "AWS::SES::EmailIdentity",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicInlinePolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::Queue",
    "AWS::SQS::QueueInlinePolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::SSM::Parameter",
    "AWS::Scheduler::ScheduleGroup",
    "AWS::SecretsManager::Secret",
    "AWS::Serverless::WebSocketApi",
    "AWS::WAFv2::WebACL",
];

const WRITE: &str = "the resources that it stands for, of types that are understood; or add its type to \
                     contracts/src/topology/types.rs once the analysis reads what it holds, or it is sure to hold no \
                     rule, no permission and no code";

/// A resource in a service's template that the analysis does not know.
pub(super) fn unknown(logical: &str, kind: &str) -> Option<Unclear> {
    let is_known = OF_SERVICES.contains(&kind) || WITHOUT_EVENTS.contains(&kind) || kind.starts_with("Custom::");
    (!is_known).then(|| unclear(logical, kind))
}

/// What a resource in a template beside the services may do with events: one of a type that is not known there, or a
/// role that may publish.
pub(crate) fn beside_services(logical: &str, resource: &Value, resources: &Value) -> Vec<Unclear> {
    let kind = resource["Type"].as_str().unwrap_or("resource without a plain Type");
    let properties = &resource["Properties"];
    if kind == "AWS::IAM::Role" {
        let grants::Permissions { grants, mut unclear } = grants::from_role(logical, properties, resources);
        let write = "the job `publish` of a service, which alone sends events";
        let what = |role: &str| format!("{role}, which may publish events");
        unclear.extend(grants.into_iter().map(|grant| Unclear::resource(logical, what(&grant.role), write)));
        return unclear;
    }
    let is_decided = entries(properties).any(|(name, _)| name == "Ref" || name.starts_with("Fn::"));
    let is_known = OF_THE_BUS.contains(&kind) || WITHOUT_EVENTS.contains(&kind);
    if is_known && !is_decided && resource["Connectors"].is_null() { Vec::new() } else { vec![unclear(logical, kind)] }
}

fn unclear(logical: &str, kind: &str) -> Unclear {
    Unclear::resource(logical, format!("{logical}, an {kind}, which may hold rules, permissions or code"), WRITE)
}
