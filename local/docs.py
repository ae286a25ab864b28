"""Write docs/reasons.md and docs/settings.md from the code; `--check` compares them instead (CI does)."""

import argparse
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from types import ModuleType

import functions
import shared
from shared.commands import Setting
from shared.errors import Reason
from shared.settings import EnvironmentSettings

ROOT = Path(__file__).resolve().parents[1]
MADE = "<!-- Made by `make docs` from the code: edit it there. -->"


def modules() -> Iterator[ModuleType]:
    """Import every module of the functions and the shared package."""
    for package in (shared, functions):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield importlib.import_module(found.name)


def reasons() -> list[Reason]:
    """Give every declared reason once, sorted by code; where the hint depends on the place, one code has two rows."""
    found = {reason for module in modules() for reason in getattr(module, "REASONS", ())}
    return sorted(found, key=lambda reason: (reason.code, reason.title, reason.hint))


def reasons_page() -> str:
    """Give docs/reasons.md."""
    rows = [f"| `{reason.code}` | {reason.title} | {reason.hint} |" for reason in reasons()]
    return "\n".join(
        [
            "# Reasons",
            "",
            MADE,
            "",
            "Every error, condition and event carries one of these stable codes, and a hint that says what to do.",
            "",
            "| code | what happened | what to do |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def settings_page() -> str:
    """Give docs/settings.md: what each function reads, and the product's own variables."""
    lines = [
        "# Settings",
        "",
        MADE,
        "",
        "The template sets the functions' own and the policy's variables; on AWS they are parameters of the stack.",
        "What is about one registry (`OCI_PLUGINS_…`) may also lie in the secret that `REGISTRY_CREDENTIALS_SECRET`",
        "names.",
        "",
        "## The product's variables",
        "",
        "| variable | default | runtime | meaning |",
        "|---|---|---|---|",
        *sorted({f"| `{row.name}` | {row.default} | {row.runtime} | {row.meaning} |" for row in product_settings()}),
    ]
    for name, kind in settings_classes().items():
        lines += ["", f"## {name}", "", "| variable | default | meaning |", "|---|---|---|"]
        meanings = attribute_meanings(kind)
        for field in sorted(fields(kind), key=lambda field: field.name):
            default = "required" if field.default is MISSING else field.default or "empty"
            lines.append(f"| `{field.name.upper()}` | {default} | {meanings[field.name]} |")
        if kind.also_reads:
            lines += ["", "And the product's variables above."]
    return "\n".join([*lines, ""])


def attribute_meanings(kind: type[EnvironmentSettings]) -> dict[str, str]:
    """Read the `Attributes:` section of a settings class: field → meaning."""
    found: dict[str, str] = {}
    names: list[str] = []
    for line in (inspect.getdoc(kind) or "").partition("Attributes:")[2].splitlines():
        head, colon, text = line.strip().partition(": ")
        if line.startswith("    ") and not line.startswith("     ") and colon:
            names = head.split(", ")
            found |= dict.fromkeys(names, text)
        elif line.strip():
            found |= {name: f"{found[name]} {line.strip()}" for name in names}
    return found


def product_settings() -> Iterator[Setting]:
    """Give every row of the `SETTINGS` tuples."""
    for module in modules():
        yield from getattr(module, "SETTINGS", ())


def settings_classes() -> dict[str, type[EnvironmentSettings]]:
    """Give the settings class of each function by the function's name."""
    found = {name.name: f"functions.{name.name}.settings" for name in pkgutil.iter_modules(functions.__path__)}
    return {name: importlib.import_module(module).Settings for name, module in sorted(found.items())}


def main() -> int:
    """Write or compare; 1 when a page is out of date."""
    parser = argparse.ArgumentParser(prog="python -m local.docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check = parser.parse_args().check
    stale = []
    for name, text in {"reasons.md": reasons_page(), "settings.md": settings_page()}.items():
        path = ROOT / "docs" / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not check:
                path.write_text(text, encoding="utf-8")
    if check and stale:
        print(f"out of date: {', '.join(stale)} (run `make docs`)", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
