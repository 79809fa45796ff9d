"""On a busy machine everything takes longer than on AWS, where a function has its own CPU.

MiniStack's fixed waits and the timeouts of functions would then end what AWS
lets finish: users would get errors that they never get there.
"""

import os
from typing import Any

from ministack.core import cloudfront_js, lambda_runtime

_MINUTE = 60.0


def install() -> None:
    """Let waits and timeouts be as long as the load of the machine makes the work."""
    # Node.js and functions take longer to start than MiniStack waits.
    cloudfront_js._EVAL_TIMEOUT = _MINUTE
    lambda_runtime._PROVIDED_INIT_TIMEOUT = _MINUTE
    lambda_runtime.ProvidedWorker.invoke = _with_stretched_timeout(
        lambda_runtime.ProvidedWorker.invoke
    )


def slowness() -> float:
    """How many processes share a core: 1 on a machine that is not overloaded."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def _with_stretched_timeout(stock: Any) -> Any:
    def invoke(worker: Any, *arguments: Any, **named: Any) -> Any:
        # A worker keeps its configuration for life; the first call sees what was declared.
        declared = vars(worker).setdefault("declared_config", worker.config)
        stretched = round(declared.get("Timeout", 30) * slowness())
        worker.config = {**declared, "Timeout": stretched}
        return stock(worker, *arguments, **named)

    return invoke
