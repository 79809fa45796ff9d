"""Resource properties that a template sets and a stack must honour.

Stock's CloudFormation drops without a word:

- `AWS::DynamoDB::Table`: `TimeToLiveSpecification`,
  `PointInTimeRecoverySpecification`, `SSESpecification`;
- `AWS::Lambda::Function`: `DeadLetterConfig`, `ReservedConcurrentExecutions`;
- `AWS::Events::EventBus`: `LogConfig`, `DeadLetterConfig`;
- `AWS::IAM::Role`: `PermissionsBoundary`;
- `AWS::S3::Bucket`: `LifecycleConfiguration`;
- `AWS::SNS::Topic`: `MaximumMessageSize`;

refuses `Metrics` of `AWS::CloudWatch::Alarm`, an alarm of an expression; and
knows no attribute `ProviderURL` of `AWS::Cognito::UserPool` and none of the DKIM
records of `AWS::SES::EmailIdentity`.

AWS documents each of them in the resource's page under
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html.
Patched by setting the dropped properties through the service's own calls, once
the resource is there. A property that an update takes away returns to its
default. An alarm of an expression is described, and never evaluated: no metric
of the local cloud is in one.
"""

import json
from collections.abc import Callable
from typing import Any

from ministack.services import dynamodb, eventbridge, iam, lambda_svc, s3, ses_v2, sns
from ministack.services.cloudformation import provisioners

Properties = dict[str, Any]
Complete = Callable[[str, Properties, Properties], None]
"""Sets what stock drops: physical id, properties before (none on create), properties now."""


def apply() -> None:
    """Complete the handlers of the resource types above."""
    _complete("AWS::DynamoDB::Table", _complete_table)
    _complete("AWS::Lambda::Function", _complete_function)
    _complete("AWS::Events::EventBus", _complete_bus)
    _complete("AWS::IAM::Role", _complete_role)
    _complete("AWS::S3::Bucket", _complete_bucket)
    _complete("AWS::SNS::Topic", _complete_topic)
    _add_provider_url()
    _add_dkim_records()
    _allow_alarms_of_expressions()


def _complete(resource_type: str, complete: Complete) -> None:
    handler = provisioners._RESOURCE_HANDLERS[resource_type]
    create, update, delete = handler["create"], handler["update"], handler["delete"]

    def create_completely(logical_id: str, properties: Properties, stack_name: str) -> Any:
        created = create(logical_id, properties, stack_name)
        try:
            complete(created[0], {}, properties)
        except ValueError:
            # The engine rolls back what was created, and takes a failed
            # create for none.
            delete(created[0], properties)
            raise
        return created

    def update_completely(physical_id: str, old: Properties, new: Properties, *rest: Any) -> Any:
        updated = update(physical_id, old, new, *rest)
        replaced = updated[0] != physical_id
        complete(updated[0], {} if replaced else old, new)
        return updated

    handler["create"] = create_completely
    handler["update"] = update_completely


def _complete_table(name: str, old: Properties, new: Properties) -> None:
    if _changed(old, new, "TimeToLiveSpecification"):
        # To switch it off, the API wants to know for which attribute.
        before = old.get("TimeToLiveSpecification", {})
        off = {"AttributeName": before.get("AttributeName"), "Enabled": False}
        specification = new.get("TimeToLiveSpecification", off)
        _call(dynamodb._update_ttl, {"TableName": name, "TimeToLiveSpecification": specification})
    if _changed(old, new, "PointInTimeRecoverySpecification"):
        specification = new.get(
            "PointInTimeRecoverySpecification", {"PointInTimeRecoveryEnabled": False}
        )
        _call(
            dynamodb._update_continuous_backups,
            {"TableName": name, "PointInTimeRecoverySpecification": specification},
        )
    if _changed(old, new, "SSESpecification") and "SSESpecification" in new:
        # The template's SSEEnabled is the API's Enabled.
        sse = new["SSESpecification"]
        _call(
            dynamodb._update_table,
            {"TableName": name, "SSESpecification": {**sse, "Enabled": sse["SSEEnabled"]}},
        )


def _complete_function(name: str, old: Properties, new: Properties) -> None:
    if _changed(old, new, "DeadLetterConfig"):
        config = new.get("DeadLetterConfig", {})
        _call(lambda_svc._update_config, name, {"DeadLetterConfig": config})
    if "ReservedConcurrentExecutions" in new:
        reserved = int(new["ReservedConcurrentExecutions"])
        _call(
            lambda_svc._put_function_concurrency, name, {"ReservedConcurrentExecutions": reserved}
        )
    elif "ReservedConcurrentExecutions" in old:
        _call(lambda_svc._delete_function_concurrency, name)


def _complete_bus(name: str, old: Properties, new: Properties) -> None:
    bus = eventbridge._event_buses[name]
    for key in ("LogConfig", "DeadLetterConfig"):
        if key in new:
            bus[key] = new[key]
        elif key in old:
            bus.pop(key, None)


def _complete_role(name: str, old: Properties, new: Properties) -> None:
    if not _changed(old, new, "PermissionsBoundary"):
        return
    boundary = new.get("PermissionsBoundary")
    if boundary is not None and not iam.policy_known(boundary):
        raise ValueError(f"Scope ARN: {boundary} does not exist or is not attachable.")
    iam._roles[name]["PermissionsBoundary"] = boundary


def _complete_bucket(name: str, old: Properties, new: Properties) -> None:
    if "LifecycleConfiguration" in new:
        rules = new["LifecycleConfiguration"]["Rules"]
        s3._bucket_lifecycle[name] = [_lifecycle_rule(name, rule) for rule in rules]
    elif "LifecycleConfiguration" in old:
        s3._bucket_lifecycle.pop(name, None)


def _lifecycle_rule(bucket: str, rule: Properties) -> Properties:
    """A rule as the S3 API spells it."""
    rest = dict(rule)
    spelled: Properties = {
        "Status": rest.pop("Status"),
        "Filter": {"Prefix": rest.pop("Prefix", "")},
    }
    if "Id" in rest:
        spelled["ID"] = rest.pop("Id")
    if "ExpirationInDays" in rest:
        spelled["Expiration"] = {"Days": int(rest.pop("ExpirationInDays"))}
    for key in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
        if key in rest:
            spelled[key] = {name: int(value) for name, value in rest.pop(key).items()}
    if rest:
        raise ValueError(
            f"AWS::S3::Bucket {bucket} LifecycleConfiguration: "
            f"the local cloud does not know {', '.join(rest)}"
        )
    return spelled


def _complete_topic(arn: str, old: Properties, new: Properties) -> None:
    attributes = sns._topics[arn]["attributes"]
    if "MaximumMessageSize" in new:
        attributes["MaximumMessageSize"] = str(new["MaximumMessageSize"])
    elif "MaximumMessageSize" in old:
        attributes.pop("MaximumMessageSize", None)


def _add_provider_url() -> None:
    attributes_of = provisioners._cognito_user_pool_attributes

    def with_provider_url(pool_id: str) -> dict[str, str]:
        attributes: dict[str, str] = attributes_of(pool_id)
        return {**attributes, "ProviderURL": f"https://{attributes['ProviderName']}"}

    provisioners._cognito_user_pool_attributes = with_provider_url


def _add_dkim_records() -> None:
    handler = provisioners._RESOURCE_HANDLERS["AWS::SES::EmailIdentity"]
    create, update = handler["create"], handler["update"]

    def create_with_records(logical_id: str, properties: Properties, stack_name: str) -> Any:
        identity, attributes = create(logical_id, properties, stack_name)
        return identity, {**attributes, **_dkim_records(identity)}

    def update_with_records(*arguments: Any, **settings: Any) -> Any:
        identity, attributes = update(*arguments, **settings)
        return identity, {**attributes, **_dkim_records(identity)}

    handler["create"] = create_with_records
    handler["update"] = update_with_records


def _dkim_records(identity: str) -> dict[str, str]:
    # https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim-easy.html
    records = {}
    for number, token in enumerate(ses_v2._dkim_tokens(identity), start=1):
        records[f"DkimDNSTokenName{number}"] = f"{token}._domainkey.{identity}"
        records[f"DkimDNSTokenValue{number}"] = f"{token}.dkim.amazonses.com"
    return records


def _allow_alarms_of_expressions() -> None:
    stock = provisioners._cw_metric_alarm_record

    def record(name: str, properties: Properties) -> Properties:
        metrics = properties.get("Metrics")
        if not metrics:
            return dict(stock(name, properties))
        one = {"MetricName": "-", "Namespace": "-", "Dimensions": []}
        rest = {key: value for key, value in properties.items() if key != "Metrics"}
        alarm = stock(name, {**rest, **one})
        for of_one_metric in (*one, "Statistic", "Period"):
            del alarm[of_one_metric]
        return {**alarm, "Metrics": metrics}

    provisioners._cw_metric_alarm_record = record


def _changed(old: Properties, new: Properties, key: str) -> bool:
    return bool(old.get(key) != new.get(key))


def _call(operation: Callable[..., Any], *arguments: Any) -> None:
    status, _, body = operation(*arguments)
    if status >= 400:
        answer = json.loads(body)
        raise ValueError(answer.get("message") or answer.get("Message"))
