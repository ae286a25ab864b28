"""Write docs/reasons.md and docs/settings.md from the code; `--check` compares them instead (CI does)."""

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Iterator
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
    return sorted(found, key=lambda reason: (reason.code, reason.title))


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
        "The template sets all of these; on AWS they are parameters of the stack.",
        "",
        "## The product's variables",
        "",
        "| variable | default | runtime | meaning |",
        "|---|---|---|---|",
        *sorted({f"| `{row.name}` | {row.default} | {row.runtime} | {row.meaning} |" for row in product_settings()}),
    ]
    for kind in sorted(settings_classes(), key=lambda kind: kind.__module__):
        lines += ["", f"## {kind.__module__.split('.')[1]}", "", "| variable |", "|---|"]
        lines += [f"| `{name}` |" for name in sorted(kind.environment_names() - kind.also_reads)]
        if kind.also_reads:
            lines.append("| the policy's variables above |")
    return "\n".join([*lines, ""])


def product_settings() -> Iterator[Setting]:
    """Give every row of the `SETTINGS` tuples."""
    for module in modules():
        yield from getattr(module, "SETTINGS", ())


def settings_classes() -> set[type[EnvironmentSettings]]:
    """Give the settings class of each function."""
    list(modules())
    return set(EnvironmentSettings.__subclasses__())


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
