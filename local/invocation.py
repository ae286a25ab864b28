"""Invoke one function with an event file."""

import base64
import json
import sys
from pathlib import Path
from typing import Final

from local.errors import LocalError
from local.paths import ROOT
from local.stack import Stack

#: How the files of events/ name the queues, and which one is whose.
_FICTIONAL_QUEUES: Final = "arn:aws:sqs:us-east-1:123456789012:plugport-"
_QUEUE_OF: Final = {
    "command_validation": "validation",
    "oci_pull": "pull",
    "health_check": "health",
    "push_trigger": "push",
}


def invoke(stack: Stack, path: Path, *, function: str | None) -> int:
    """Invoke a function, print its log to standard error and its answer to standard output.

    Args:
        stack: the running stack.
        path: a JSON file; `events/<function>/<variant>.json` names the function by its folder.
        function: the function's folder name, where the path doesn't say it.

    Returns:
        0, or 1 when the function failed.

    Raises:
        LocalError: no such file, no JSON in it, or no such function.
    """
    name = function or path.resolve().parent.name
    if not (ROOT / "functions" / name / "handler.py").is_file():
        known = ", ".join(sorted(handler.parent.name for handler in ROOT.glob("functions/*/handler.py")))
        raise LocalError(f"there is no function {name}", f"Name one with --function: {known}.")
    try:
        event = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise LocalError(f"{path}: {error}", "Give a JSON file, e.g. one of events/.") from error
    aws, deployed = stack.client("lambda"), stack.outputs[_output(name)]
    settings = aws.get_function_configuration(FunctionName=deployed)["Environment"]["Variables"]
    payload = _with_own_queue(json.dumps(event), name, settings.get("QUEUE_ARN", ""))
    answer = aws.invoke(FunctionName=deployed, Payload=payload.encode(), LogType="Tail")
    sys.stderr.write(base64.b64decode(answer.get("LogResult", "")).decode(errors="replace"))
    print(json.dumps(json.loads(answer["Payload"].read() or b"null"), indent=2))
    return 1 if "FunctionError" in answer else 0


def _with_own_queue(payload: str, name: str, queue_arn: str) -> str:
    """Put the stack's own queue where the files of events/ name the function's queue; other queues stay foreign."""
    return payload.replace(f'{_FICTIONAL_QUEUES}{_QUEUE_OF[name]}"', f'{queue_arn}"') if name in _QUEUE_OF else payload


def _output(name: str) -> str:
    """Give the template's output that holds the function's name: `oci_pull` → `OciPullFunctionName`."""
    return "".join(word.capitalize() for word in name.split("_")) + "FunctionName"
