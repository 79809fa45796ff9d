"""The patches, in the order in which they are applied: the table of contents.

Each patch replaces private functions of the pinned MiniStack version so that
one behaviour is as AWS documents it, and is needed by conformance cases, which
fail without it. A patch goes when its cases pass without it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from busline_local.patches import (
    async_invocation,
    cloudformation_conditions,
    cloudformation_imports,
    cloudformation_name_conflicts,
    cloudformation_properties,
    cloudfront_api_origins,
    cloudfront_compression,
    cloudfront_error_caching,
    cloudfront_local_names,
    cognito_authentication_time,
    cognito_case_sensitivity,
    cognito_concurrent_sign_ups,
    cognito_confirmation_codes,
    cognito_refresh_tokens,
    cognito_writable_attributes,
    dynamodb_query_cost,
    event_archive,
    event_patterns,
    foreign_authorization,
    function_environment,
    http_api_body,
    iam_condition_keys,
    invocation_latency,
    invocation_metrics,
    lambda_logging_config,
    log_pages,
    mail_headers,
    object_persistence,
    post_confirmation,
    put_events,
    queue_depth,
    rule_target_failures,
    schedules,
    ses_deleted_identities,
    ses_events,
    ses_sending_rate,
    sqs_batch_permissions,
    ssm_parameter_paths,
    state_persistence,
    stream_batches,
    time_to_live,
    topic_message_size,
    transaction_conflicts,
    websocket_routes,
)


@dataclass(frozen=True)
class Patch:
    """One patched behaviour."""

    name: str
    """The module's name, and `test_<name>.py` among the conformance tests."""

    stock: str
    """What MiniStack does without the patch, in one sentence."""

    aws_docs: str
    """The AWS documentation page of the right behaviour."""

    apply: Callable[[], None]
    """Patches the running process. Called once, before the server starts."""


_AWS = "https://docs.aws.amazon.com"
_CLOUDFRONT = f"{_AWS}/AmazonCloudFront/latest/DeveloperGuide"
_RESOURCES = f"{_AWS}/AWSCloudFormation/latest/TemplateReference"

PATCHES: tuple[Patch, ...] = (
    Patch(
        "async_invocation",
        "retries half of the asynchronous invocations, and loses most failure records",
        f"{_AWS}/lambda/latest/dg/invocation-async-retain-records.html",
        async_invocation.apply,
    ),
    Patch(
        "rule_target_failures",
        "drops an event for a missing target, and delivers to targets that do not allow it",
        f"{_AWS}/eventbridge/latest/userguide/eb-rule-dlq.html",
        rule_target_failures.apply,
    ),
    # After the rules: it takes what they would deliver for a schedule.
    Patch(
        "schedules",
        "fires schedules late and without a role, drops failed deliveries, "
        "and lists only the first hundred",
        f"{_AWS}/scheduler/latest/UserGuide/configuring-schedule-dlq.html",
        schedules.apply,
    ),
    Patch(
        "put_events",
        "accepts entries without source, type or detail, and of any size",
        f"{_AWS}/eventbridge/latest/APIReference/API_PutEvents.html",
        put_events.apply,
    ),
    Patch(
        "stream_batches",
        "retries a failing stream batch without end, and loses a record that is reported as failed",
        f"{_AWS}/lambda/latest/dg/services-dynamodb-errors.html",
        stream_batches.apply,
    ),
    Patch(
        "topic_message_size",
        "refuses messages over 256 KiB on a topic that accepts 1 MiB",
        f"{_AWS}/sns/latest/api/API_SetTopicAttributes.html",
        topic_message_size.apply,
    ),
    Patch(
        "invocation_latency",
        "adds 50 to 100 ms of fixed waits to a warm invocation",
        f"{_AWS}/lambda/latest/dg/lambda-runtime-environment.html",
        invocation_latency.apply,
    ),
    Patch(
        "invocation_metrics",
        "counts no attempt of an asynchronous invocation, and keeps every other one in memory",
        f"{_AWS}/lambda/latest/dg/monitoring-metrics-types.html",
        invocation_metrics.apply,
    ),
    Patch(
        "function_environment",
        "passes the server's whole environment to every function",
        f"{_AWS}/lambda/latest/dg/configuration-envvars.html",
        function_environment.apply,
    ),
    Patch(
        "lambda_logging_config",
        "opens a log stream for every invocation, checks no permission, has no JSON format",
        f"{_AWS}/lambda/latest/dg/monitoring-cloudwatchlogs.html",
        lambda_logging_config.apply,
    ),
    Patch(
        "queue_depth",
        "needs more time for a call the more messages a queue holds",
        f"{_AWS}/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues.html",
        queue_depth.apply,
    ),
    Patch(
        "log_pages",
        "returns no token for the next page of a log",
        f"{_AWS}/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html",
        log_pages.apply,
    ),
    Patch(
        "state_persistence",
        "loses unread stream records at a restart, and as many new ones",
        f"{_AWS}/amazondynamodb/latest/developerguide/Streams.html",
        state_persistence.apply,
    ),
    Patch(
        "event_archive",
        "refuses templates with an event archive, and keeps events without end",
        f"{_RESOURCES}/aws-resource-events-archive.html",
        event_archive.apply,
    ),
    Patch(
        "event_patterns",
        "compares numbers in patterns without limits, and does not match names with dots",
        f"{_AWS}/eventbridge/latest/userguide/eb-create-pattern.html",
        event_patterns.apply,
    ),
    Patch(
        "http_api_body",
        "ignores the OpenAPI body of an HTTP API, which SAM generates from routes",
        f"{_RESOURCES}/aws-resource-apigatewayv2-api.html",
        http_api_body.apply,
    ),
    Patch(
        "cloudformation_conditions",
        "lists resources in change sets that a condition excludes",
        f"{_AWS}/AWSCloudFormation/latest/UserGuide/conditions-section-structure.html",
        cloudformation_conditions.apply,
    ),
    Patch(
        "cloudformation_imports",
        "imports no secret into a stack",
        f"{_AWS}/AWSCloudFormation/latest/UserGuide/resource-import-supported-resources.html",
        cloudformation_imports.apply,
    ),
    Patch(
        "cloudformation_name_conflicts",
        "creates an empty table or queue in place of a retained one with the same name",
        f"{_AWS}/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html",
        cloudformation_name_conflicts.apply,
    ),
    Patch(
        "cloudformation_properties",
        "drops properties: a table's TTL, a function's dead-letter queue and concurrency, ...",
        f"{_RESOURCES}/aws-template-resource-type-ref.html",
        cloudformation_properties.apply,
    ),
    Patch(
        "cloudfront_api_origins",
        "answers 502 where a distribution's origin is an API",
        f"{_CLOUDFRONT}/RequestAndResponseBehaviorCustomOrigin.html",
        cloudfront_api_origins.apply,
    ),
    Patch(
        "cloudfront_compression",
        "compresses nothing that a distribution serves",
        f"{_CLOUDFRONT}/ServingCompressedFiles.html",
        cloudfront_compression.apply,
    ),
    Patch(
        "cloudfront_error_caching",
        "keeps no error of an origin",
        f"{_CLOUDFRONT}/HTTPStatusCodes.html",
        cloudfront_error_caching.apply,
    ),
    Patch(
        "cloudfront_local_names",
        "serves a distribution under no name that a browser can resolve locally",
        f"{_CLOUDFRONT}/LinkFormat.html",
        cloudfront_local_names.apply,
    ),
    Patch(
        "iam_condition_keys",
        "has no condition keys for PutEvents and SendEmail, and no identity to send with",
        f"{_AWS}/eventbridge/latest/userguide/eb-use-conditions.html",
        iam_condition_keys.apply,
    ),
    Patch(
        "mail_headers",
        "drops the headers of an email",
        f"{_AWS}/ses/latest/APIReference-V2/API_MessageHeader.html",
        mail_headers.apply,
    ),
    Patch(
        "ses_deleted_identities",
        "sends for an identity that is deleted, if a template made it",
        f"{_AWS}/ses/latest/APIReference-V2/API_DeleteEmailIdentity.html",
        ses_deleted_identities.apply,
    ),
    Patch(
        "ses_events",
        "publishes no event of an email",
        f"{_AWS}/ses/latest/dg/event-publishing-retrieving-sns-contents.html",
        ses_events.apply,
    ),
    Patch(
        "ses_sending_rate",
        "sends any number of emails in a second",
        f"{_AWS}/ses/latest/dg/manage-sending-quotas.html",
        ses_sending_rate.apply,
    ),
    Patch(
        "object_persistence",
        "accepts an object that it could not write to its file",
        f"{_AWS}/AmazonS3/latest/API/API_PutObject.html",
        object_persistence.apply,
    ),
    Patch(
        "sqs_batch_permissions",
        "requires permissions for batch calls, which IAM does not have",
        f"{_AWS}/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html",
        sqs_batch_permissions.apply,
    ),
    Patch(
        "ssm_parameter_paths",
        "checks `ssm:GetParametersByPath` against the resource `*`",
        f"{_AWS}/systems-manager/latest/userguide/sysman-paramstore-access.html",
        ssm_parameter_paths.apply,
    ),
    Patch(
        "foreign_authorization",
        "treats a call with a foreign `Authorization` header as the root user's",
        f"{_AWS}/amazondynamodb/latest/APIReference/CommonErrors.html",
        foreign_authorization.apply,
    ),
    Patch(
        "cognito_confirmation_codes",
        "sends the code 123456 to every new user",
        f"{_AWS}/cognito/latest/developerguide/signing-up-users-in-your-app.html",
        cognito_confirmation_codes.apply,
    ),
    Patch(
        "cognito_refresh_tokens",
        "rotates no refresh token and accepts expired ones",
        f"{_AWS}/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html",
        cognito_refresh_tokens.apply,
    ),
    Patch(
        "cognito_authentication_time",
        "sets a new authentication time in refreshed tokens",
        f"{_AWS}/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html",
        cognito_authentication_time.apply,
    ),
    Patch(
        "cognito_case_sensitivity",
        "treats user names as case-sensitive in case-insensitive pools",
        f"{_RESOURCES}/aws-properties-cognito-userpool-usernameconfiguration.html",
        cognito_case_sensitivity.apply,
    ),
    Patch(
        "cognito_concurrent_sign_ups",
        "fails to find a user while another one signs up",
        f"{_AWS}/cognito/latest/developerguide/quotas.html",
        cognito_concurrent_sign_ups.apply,
    ),
    Patch(
        "cognito_writable_attributes",
        "lets users write any of their attributes, even `sub`",
        f"{_AWS}/cognito/latest/developerguide/user-pool-settings-attributes.html",
        cognito_writable_attributes.apply,
    ),
    # After the codes: the trigger sees the address that the code has verified.
    Patch(
        "post_confirmation",
        "never invokes the PostConfirmation trigger",
        f"{_AWS}/cognito/latest/developerguide/user-pool-lambda-post-confirmation.html",
        post_confirmation.apply,
    ),
    Patch(
        "dynamodb_query_cost",
        "sorts and tests a whole partition for every page of a Query",
        f"{_AWS}/amazondynamodb/latest/developerguide/Query.html",
        dynamodb_query_cost.apply,
    ),
    Patch(
        "time_to_live",
        "deletes expired items without a record in the table's stream",
        f"{_AWS}/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html",
        time_to_live.apply,
    ),
    Patch(
        "transaction_conflicts",
        "never cancels conflicting transactions",
        f"{_AWS}/amazondynamodb/latest/developerguide/transaction-apis.html",
        transaction_conflicts.apply,
    ),
    Patch(
        "websocket_routes",
        "accepts WebSockets without a subprotocol, and sends clients what one-way routes return",
        f"{_AWS}/apigateway/latest/developerguide/websocket-connect-route-subprotocol.html",
        websocket_routes.apply,
    ),
)
