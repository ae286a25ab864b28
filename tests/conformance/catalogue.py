"""Which suites there are, where their cases lie, and who runs them."""

import importlib
import json
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.conformance import suites
from tests.conformance.model import Suite

#: Every suite that the cases' README names. One without an adapter is run all the same: each of its cases fails.
SUITE_NAMES: Final = (
    "command_parse",
    "commands_legal",
    "command_validation",
    "commands_hostile",
    "hosts",
    "oci_reference",
    "hook_types",
    "registry_auth",
    "public_keys",
    "api_requests",
    "api_bad",
    "events_bad",
    "registry_faults",
    "tar_cases",
    "signatures",
)
DEFAULT_CASES: Final = Path(__file__).parent / "cases"
#: The signature vectors are data of other projects: a folder of its own, with an index.
_SIGNATURES: Final = Path("signatures") / "index.json"


@dataclass(frozen=True, slots=True)
class CaseFile:
    """The cases of one file.

    Attributes:
        suite: the suite that they belong to.
        path: the file.
        cases: as they are in it.
    """

    suite: str
    path: Path
    cases: Sequence[Mapping[str, Any]]


def load_suites() -> dict[str, Suite]:
    """Import every adapter module and collect its `SUITES` by name."""
    found: dict[str, Suite] = {}
    for module in pkgutil.iter_modules(suites.__path__):
        exported = getattr(importlib.import_module(f"{suites.__name__}.{module.name}"), "SUITES", {})
        # Adapters export a mapping or a plain sequence; the suite's own name counts.
        for suite in exported.values() if isinstance(exported, Mapping) else exported:
            found[suite.name] = suite
    return found


def case_files(folder: Path) -> Iterator[CaseFile]:
    """Give every file of cases in the folder, in the order of `SUITE_NAMES`.

    A file belongs to the suite that it is named after, else to the one that its `suite` field names: further files
    of a known kind are run like the first. Files without cases are none of ours.
    """
    candidates = [*sorted(folder.glob("*.json")), folder / _SIGNATURES]
    files = [file for path in candidates if path.is_file() and (file := _case_file(path)) is not None]
    order = {name: number for number, name in enumerate(SUITE_NAMES)}
    yield from sorted(files, key=lambda file: (order.get(file.suite, len(order)), file.path.name))


def _case_file(path: Path) -> CaseFile | None:
    document = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(document, Mapping):
        return None
    cases = document.get("cases", document.get("vectors"))
    if not isinstance(cases, list) or not all(isinstance(case, Mapping) and "id" in case for case in cases):
        return None
    if path.name == _SIGNATURES.name:
        return CaseFile("signatures", path, cases)
    named = path.stem if path.stem in SUITE_NAMES else str(document.get("suite") or path.stem)
    return CaseFile(named, path, cases)
