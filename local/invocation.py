"""Invoke one function with an event file."""

import base64
import json
import sys
from pathlib import Path

from local.errors import LocalError
from local.paths import ROOT
from local.stack import Stack


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
    answer = stack.client("lambda").invoke(
        FunctionName=stack.outputs[_output(name)], Payload=json.dumps(event).encode(), LogType="Tail"
    )
    sys.stderr.write(base64.b64decode(answer.get("LogResult", "")).decode(errors="replace"))
    print(json.dumps(json.loads(answer["Payload"].read() or b"null"), indent=2))
    return 1 if "FunctionError" in answer else 0


def _output(name: str) -> str:
    """Give the template's output that holds the function's name: `oci_pull` → `OciPullFunctionName`."""
    return "".join(word.capitalize() for word in name.split("_")) + "FunctionName"
