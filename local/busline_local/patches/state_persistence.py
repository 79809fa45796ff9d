"""What is stored outlives a restart, a stream's records too.

Stock: event source mappings keep their positions in a table's stream over a
restart, but the stream itself starts empty. Records that were not yet read are
lost, and so are as many new ones as the old stream had: they lie before the
saved position. A service that changes while its state is copied is not saved at
all.

AWS: a stream keeps its records for 24 hours,
<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html>.

Patched: streams are saved and restored with their tables, and a copy that was
disturbed is made again.
"""

import contextlib
import copy
from collections.abc import Callable
from typing import Any

from ministack import app
from ministack.services import dynamodb

_ATTEMPTS = 10

_STORES = {
    "stream_records": dynamodb._stream_records,
    "stream_trimmed": dynamodb._stream_trimmed,
    "closed_streams": dynamodb._closed_streams,
}


def apply() -> None:
    """Save and restore what stock forgets."""
    save, restore = dynamodb.get_state, dynamodb.load_persisted_state

    def get_state() -> dict[str, Any]:
        return {**save(), **{name: copy.deepcopy(store) for name, store in _STORES.items()}}

    def load_persisted_state(data: dict[str, Any]) -> None:
        restore(data)
        for name, store in _STORES.items():
            if name in data:
                store.update(data[name])

    dynamodb.get_state = get_state
    dynamodb.load_persisted_state = load_persisted_state
    stock = app._build_persistence_save_dict

    def save_functions() -> dict[str, Callable[[], Any]]:
        return {service: _undisturbed(save) for service, save in stock().items()}

    app._build_persistence_save_dict = save_functions


def _undisturbed(save: Callable[[], Any]) -> Callable[[], Any]:
    def again() -> Any:
        for _attempt in range(_ATTEMPTS - 1):
            # RuntimeError: a dictionary changed its size under the copy.
            with contextlib.suppress(RuntimeError):
                return save()
        return save()

    return again
