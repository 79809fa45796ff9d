"""An event pattern matches as EventBridge's user guide describes.

Stock compares numbers by their value and without limits, refuses no threshold
that EventBridge cannot compare, and does not know that `{"a.b": 1}` is the same
event as `{"a": {"b": 1}}`.

AWS: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern.html>:
"EventBridge uses string representation. For example, 300, 300.0, and 3.0e2 are
not considered equal", and "uses dot (.) as the joining character".
<https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>:
numeric matching "is limited to values between -5.0e9 and +5.0e9 inclusive, with
15 digits of precision, or six digits to the right of the decimal point".

Patched in the comparisons themselves, for rules, archives and TestEventPattern.
A parsed event no longer knows 300.0 from 3.0e2: these two stay equal.
"""

from functools import cached_property
from typing import Any

from ministack.services import eventbridge

_LIMIT = 5_000_000_000
_MILLIONTHS = 1_000_000
_BEYOND = "Value must be between -5.0E9 and 5.0E9, inclusive"

Tree = dict[str, Any]


def apply() -> None:
    """Compare numbers within EventBridge's limits, and join names with dots."""
    threshold, matches_view = (
        eventbridge._validate_numeric_threshold,
        eventbridge._matches_pattern_view,
    )

    def validate_threshold(name: str, value: Any) -> float:
        if _is_number(value) and _millionths(value) is None:
            raise eventbridge._InvalidPattern(_BEYOND)
        compared: float = threshold(name, value)
        return compared

    def matches_pattern_view(pattern: Any, view: Any, *arguments: Any, **options: Any) -> bool:
        return bool(matches_view(pattern, _SpreadView(view), *arguments, **options))

    eventbridge._json_equal = _equal
    eventbridge._validate_numeric_threshold = validate_threshold
    eventbridge._CONTENT_MATCHERS["numeric"] = _matches_numeric
    eventbridge._matches_pattern_view = matches_pattern_view


class _SpreadView:
    """An event as a pattern sees it: without dots in names."""

    def __init__(self, view: Any) -> None:
        self._view = view

    @cached_property
    def _envelope(self) -> Any:
        return _spread(self._view.envelope())

    @cached_property
    def _whole(self) -> Any:
        return _spread(self._view.event_with_detail())

    def envelope(self) -> Any:
        return self._envelope

    def event_with_detail(self) -> Any:
        return self._whole


def _equal(left: Any, right: Any) -> bool:
    if _is_number(left) and _is_number(right):
        return isinstance(left, float) == isinstance(right, float) and left == right
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _matches_numeric(value: Any, operand: Any) -> bool:
    conditions = eventbridge._numeric_conditions(operand)
    number = _millionths(value) if _is_number(value) else None
    if conditions is None or number is None:
        return False
    return all(eventbridge._NUMERIC_OPS[op](number, _millionths(bound)) for op, bound in conditions)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _millionths(number: float) -> int | None:
    """The number as EventBridge compares it; none when it lies beyond the limits."""
    return round(number * _MILLIONTHS) if abs(number) <= _LIMIT else None


def _spread(value: Any) -> Any:
    """Copy a value, with each dotted name spread into objects."""
    if isinstance(value, list):
        return [_spread(element) for element in value]
    if not isinstance(value, dict):
        return value
    whole: Tree = {}
    for name, inner in value.items():
        spread = _spread(inner)
        first, *steps = name.split(".")
        for step in reversed(steps):
            spread = {step: spread}
        whole[first] = _merged(whole[first], spread) if first in whole else spread
    return whole


def _merged(left: Any, right: Any) -> Any:
    """Join two values of one path: objects become one, others stand side by side."""
    if isinstance(left, dict) and isinstance(right, dict):
        return {
            name: _merged(left[name], right[name])
            if name in left and name in right
            else left.get(name, right.get(name))
            for name in [*left, *(name for name in right if name not in left)]
        }
    return [*left, right] if isinstance(left, list) else [left, right]
