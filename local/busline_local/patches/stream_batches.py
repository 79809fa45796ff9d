"""DynamoDB stream batches: bounded retries, bisection, partial answers, failures kept.

Stock: a failing batch is retried for ever; `MaximumRetryAttempts`,
`BisectBatchOnFunctionError` and `ReportBatchItemFailures` are stored and
ignored (a reported failure counts as success, and the record is lost); nothing
goes to a bucket; one thread serves all mappings, so that one slow function
holds up every other; the role may read any stream.

AWS: <https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html>,
<https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>.
A function error splits the batch if the mapping defines it, which costs no retry.
A partial answer moves the checkpoint to the lowest reported record and retries
from there, without splitting. When retries or age run out, the records go to
the failure destination: a topic or a queue gets their sequence numbers, a
bucket gets the whole event.

Patched: a thread for each mapping that has records, which settles them in order
and moves the mapping's saved position behind each settled record, so that a
restart repeats at most the batch that was on its way. Ages under AWS's minimum
of 60 seconds are accepted, so that tests need not wait.
"""

import json
import logging
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from ministack.core.arn import ArnParseError, parse_arn
from ministack.core.concurrency import spawn_background
from ministack.core.responses import error_response_json, new_uuid, request_scope
from ministack.services import dynamodb, dynamodb_streams, lambda_svc

from busline_local import invocation, lifecycle, role_client
from busline_local.invocation import Function, Outcome
from busline_local.patches.async_invocation import put_object, queue_url
from busline_local.permission import role_allows

_LOG = logging.getLogger("busline.streams")

_KEPT_RECORDS = 10_000
"""How many records a stream keeps behind its slowest reader. AWS keeps 24 hours;
a load test of a hundred thousand changes would fill the memory."""

_LONGEST_DELAY_SECONDS = 10.0
_PAUSE_SECONDS = 1.0
"""How long a mapping rests that cannot run at all: no function, no permission."""

_READ_ACTIONS = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")

Record = dict[str, Any]
Mapping = dict[str, Any]


@dataclass
class _Readers:
    """Which mappings are being read now, and which rest until when."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    active: set[str] = field(default_factory=set)
    resting: dict[str, float] = field(default_factory=dict)


_readers = _Readers()


@dataclass
class _Batch:
    """Records that go to the function together, with their positions in the stream."""

    records: list[tuple[int, Record]]
    retries: int = 0
    invocations: int = 0

    @property
    def event(self) -> dict[str, list[Record]]:
        return {"Records": [record for _position, record in self.records]}

    @property
    def oldest(self) -> float:
        return min(
            float(record["dynamodb"]["ApproximateCreationDateTime"])
            for _position, record in self.records
        )

    def index_of(self, sequence_number: str) -> int | None:
        for index, (_position, record) in enumerate(self.records):
            if record["dynamodb"]["SequenceNumber"] == sequence_number:
                return index
        return None


def apply() -> None:
    """Read streams by mapping, and ask the role when a mapping is created."""
    lambda_svc._poll_dynamodb_streams = _start_readers
    lambda_svc._create_esm = _with_a_permitted_role(lambda_svc._create_esm)
    lambda_svc._ensure_poller = _looking_at_once(lambda_svc._ensure_poller)
    lifecycle.wait_at_stop(lambda: len(_readers.active))
    lifecycle.when_serving(lambda_svc._esm_wake.set)


def _start_readers() -> bool:
    """Start a reader for each mapping that has records and none. True if any was started."""
    if not lifecycle.may_run():
        return False
    started = False
    for account, region, mapping in lambda_svc._iter_all_esms():
        uuid = mapping["UUID"]
        with request_scope(account, region), _readers.lock:
            rests = _readers.resting.get(uuid, 0.0) > time.monotonic()
            if uuid in _readers.active or rests or _next(mapping) is None:
                continue
            _readers.active.add(uuid)
        spawn_background(_read, account, region, mapping, thread_name="busline-stream")
        started = True
    return started


def _next(mapping: Mapping) -> tuple[int, list[Record]] | None:
    """The position of the mapping and the records behind it; None if there are none."""
    if not mapping.get("Enabled", True):
        return None
    table_name = _table_name(mapping)
    if table_name is None:
        return None
    uuid = mapping["UUID"]
    with lambda_svc._dynamodb_stream_positions_lock:
        position = lambda_svc._dynamodb_stream_positions.get(uuid)
    if position is None:
        lambda_svc._init_stream_position(
            uuid, mapping["EventSourceArn"], mapping.get("StartingPosition", "LATEST")
        )
        position = lambda_svc._dynamodb_stream_positions[uuid]
    # Records that expired in the meantime are deleted.
    position = max(position, dynamodb.stream_start_position(table_name))
    records = dynamodb.stream_records_since(table_name, position, mapping.get("BatchSize", 100))
    return (position, list(records)) if records else None


def _table_name(mapping: Mapping) -> str | None:
    arn = mapping.get("EventSourceArn", "")
    try:
        spec = parse_arn(arn)
    except ArnParseError:
        return None
    if spec.service != "dynamodb":
        return None
    found = lambda_svc._dynamodb_stream_table_from_arn_spec(spec)
    if found is None:
        return None
    table = dynamodb._tables.get(found[0])
    return found[0] if table and table.get("LatestStreamArn") == arn else None


def _read(account: str, region: str, mapping: Mapping) -> None:
    uuid = mapping["UUID"]
    with request_scope(account, region):
        try:
            while True:
                with _readers.lock:
                    # Under the lock, so that a record that comes now is seen
                    # here or by the next look of the poller.
                    found = _next(mapping) if lifecycle.may_run() else None
                    if found is None or not _exists(mapping):
                        _readers.active.discard(uuid)
                        return
                if not _deliver(mapping, *found):
                    with _readers.lock:
                        _readers.resting[uuid] = time.monotonic() + _PAUSE_SECONDS
                        _readers.active.discard(uuid)
                    return
        except BaseException:
            with _readers.lock:
                _readers.active.discard(uuid)
            raise


def _exists(mapping: Mapping) -> bool:
    return lambda_svc._esms.get(mapping["UUID"]) is mapping


def _deliver(mapping: Mapping, position: int, records: list[Record]) -> bool:
    """Settle a batch of records; False if the mapping has to rest."""
    function = invocation.find(mapping["FunctionArn"])
    if function is None:
        return False
    if not _may_read(function, mapping["EventSourceArn"]):
        mapping["LastProcessingResult"] = _no_access(mapping["EventSourceArn"])
        return False
    numbered = [(position + offset, record) for offset, record in enumerate(records)]
    wanted = {id(record) for record in lambda_svc._apply_filter_criteria(records, mapping)}
    kept = [(place, record) for place, record in numbered if id(record) in wanted]
    waiting = [_Batch(kept)] if kept else []
    while waiting:
        batch = waiting.pop()
        rest = _attempt(mapping, function, batch)
        if rest is None:
            return False
        waiting.extend(reversed(rest))
    _settle(mapping, position + len(records))
    return True


def _attempt(mapping: Mapping, function: Function, batch: _Batch) -> list[_Batch] | None:
    """Run the function once; what is left to do, in order. None if the mapping has to stop."""
    if not _exists(mapping) or not mapping.get("Enabled", True) or lifecycle.stopping.is_set():
        return None
    oldest_allowed = mapping.get("MaximumRecordAgeInSeconds", -1)
    if 0 <= oldest_allowed < time.time() - batch.oldest:
        _discard(mapping, function, batch, None, "RecordAgeExceeded")
        return []
    request_id = new_uuid()
    # The code may have been updated since the last attempt.
    current = invocation.find(mapping["FunctionArn"])
    if current is None:
        return None
    outcome = invocation.attempt(current, batch.event, request_id)
    if outcome.throttled:
        lifecycle.stopping.wait(lambda_svc._LAMBDA_ASYNC_RETRY_BASE_SECONDS)
        return [batch]
    if outcome.error and lifecycle.stopping.is_set():
        return None
    batch.invocations += 1
    if outcome.error:
        mapping["LastProcessingResult"] = "PROBLEM: Function call failed"
        return _after_an_error(mapping, current, batch, outcome)
    failed = _first_reported(mapping, batch, outcome.body)
    if failed is None:
        mapping["LastProcessingResult"] = "OK"
        _settle(mapping, batch.records[-1][0] + 1)
        return []
    if failed > 0:
        _settle(mapping, batch.records[failed][0])
        batch = _Batch(batch.records[failed:])
        batch.invocations = 1
    return _retry(mapping, current, batch, outcome)


def _after_an_error(
    mapping: Mapping, function: Function, batch: _Batch, outcome: Outcome
) -> list[_Batch]:
    if mapping.get("BisectBatchOnFunctionError") and len(batch.records) > 1:
        middle = len(batch.records) // 2
        return [
            _Batch(half, batch.retries, batch.invocations)
            for half in (batch.records[:middle], batch.records[middle:])
        ]
    return _retry(mapping, function, batch, outcome)


def _retry(mapping: Mapping, function: Function, batch: _Batch, outcome: Outcome) -> list[_Batch]:
    allowed = mapping.get("MaximumRetryAttempts", -1)
    if 0 <= allowed <= batch.retries:
        _discard(mapping, function, batch, outcome, "RetryAttemptsExhausted")
        return []
    base = lambda_svc._LAMBDA_ASYNC_RETRY_BASE_SECONDS
    lifecycle.stopping.wait(min(base * 2 ** min(batch.retries, 10), _LONGEST_DELAY_SECONDS))
    batch.retries += 1
    return [batch]


def _first_reported(mapping: Mapping, batch: _Batch, answer: Any) -> int | None:
    """The index of the lowest failure in the answer; 0 for an answer that makes no sense."""
    if "ReportBatchItemFailures" not in (mapping.get("FunctionResponseTypes") or []):
        return None
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else None
    if not failures:
        return None
    if not isinstance(failures, list):
        return 0
    indexes = [
        batch.index_of(failure.get("itemIdentifier") or "") if isinstance(failure, dict) else None
        for failure in failures
    ]
    known = [index for index in indexes if index is not None]
    return min(known) if len(known) == len(indexes) else 0


def _settle(mapping: Mapping, position: int) -> None:
    if not _exists(mapping):
        # Deleted in the meantime: its position must not come back.
        return
    with lambda_svc._dynamodb_stream_positions_lock:
        lambda_svc._dynamodb_stream_positions[mapping["UUID"]] = position
        _forget_long_read(mapping)


def _forget_long_read(mapping: Mapping) -> None:
    name = _table_name(mapping)
    if name is None:
        return
    positions = [
        lambda_svc._dynamodb_stream_positions.get(other["UUID"], 0)
        for other in lambda_svc._esms.values()
        if other["EventSourceArn"] == mapping["EventSourceArn"]
    ]
    surplus = min(positions) - _KEPT_RECORDS - dynamodb._trimmed_count(name)
    if surplus > _KEPT_RECORDS:
        del dynamodb._stream_records[name][:surplus]
        dynamodb._stream_trimmed[name] = dynamodb._trimmed_count(name) + surplus


def _discard(
    mapping: Mapping, function: Function, batch: _Batch, outcome: Outcome | None, condition: str
) -> None:
    first, last = batch.records[0][1]["dynamodb"], batch.records[-1][1]["dynamodb"]
    _LOG.warning(
        "%s gave up on %d records of %s after %d attempts (%s)",
        function.arn,
        len(batch.records),
        mapping["EventSourceArn"],
        batch.invocations,
        condition,
    )
    record: dict[str, Any] = {
        "requestContext": {
            "requestId": new_uuid(),
            "functionArn": function.arn,
            "condition": condition,
            "approximateInvokeCount": batch.invocations,
        }
    }
    if outcome is not None:
        record["responseContext"] = {"statusCode": 200, "executedVersion": function.version}
        if outcome.error:
            record["responseContext"]["functionError"] = outcome.error
    record |= {
        "version": "1.0",
        "timestamp": _timestamp(time.time()),
        "DDBStreamBatchInfo": {
            "shardId": dynamodb_streams._DEFAULT_SHARD_ID,
            "startSequenceNumber": first["SequenceNumber"],
            "endSequenceNumber": last["SequenceNumber"],
            "approximateArrivalOfFirstRecord": _timestamp(first["ApproximateCreationDateTime"]),
            "approximateArrivalOfLastRecord": _timestamp(last["ApproximateCreationDateTime"]),
            "batchSize": len(batch.records),
            "streamArn": mapping["EventSourceArn"],
        },
    }
    destination = ((mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get(
        "Destination"
    )
    if destination:
        _send(mapping, function, destination, record, batch)
    _settle(mapping, batch.records[-1][0] + 1)


def _send(
    mapping: Mapping, function: Function, arn: str, record: dict[str, Any], batch: _Batch
) -> None:
    target = parse_arn(arn)
    try:
        client = role_client.client(function.config, target.service)
        match target.service:
            case "sqs":
                queue = queue_url(target)
                client.send_message(QueueUrl=queue, MessageBody=json.dumps(record))
            case "sns":
                client.publish(TopicArn=arn, Message=json.dumps(record))
            case "s3":
                whole = {**record, "payload": json.dumps(batch.event)}
                prefix = f"aws/lambda/{mapping['UUID']}/{dynamodb_streams._DEFAULT_SHARD_ID}"
                put_object(client, arn, prefix, json.dumps(whole))
            case other:
                _LOG.error("%s: %s is no failure destination of a stream", function.arn, other)
    except (BotoCoreError, ClientError) as error:
        _LOG.error("lost a failure record of %s: %s refused it: %s", function.arn, arn, error)


def _timestamp(seconds: float) -> str:
    moment = datetime.fromtimestamp(float(seconds), UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _may_read(function: Function, stream_arn: str) -> bool:
    return all(
        role_allows(function.config, f"dynamodb:{action}", stream_arn) for action in _READ_ACTIONS
    )


def _no_access(stream_arn: str) -> str:
    return (
        f"Cannot access stream {stream_arn}. Please ensure the role can perform the GetRecords, "
        "GetShardIterator, DescribeStream, and ListStreams Actions on your stream in IAM."
    )


def _looking_at_once(stock: Any) -> Any:
    def ensure_poller() -> None:
        # A new mapping may have records to read already.
        stock()
        lambda_svc._esm_wake.set()

    return ensure_poller


def _with_a_permitted_role(stock: Any) -> Any:
    def create(data: dict[str, Any]) -> Any:
        arn = str(data.get("EventSourceArn", ""))
        name, qualifier, refused = lambda_svc._resolve_existing_esm_function(
            data.get("FunctionName", "")
        )
        if refused is None and ":dynamodb:" in arn:
            function = invocation.find(
                lambda_svc._func_arn(name) + (f":{qualifier}" if qualifier else "")
            )
            if function is not None and not _may_read(function, arn):
                return error_response_json("InvalidParameterValueException", _no_access(arn), 400)
        return stock(data)

    return create
