"""Who may import what: one table, and a test that reads every import statement of the product."""

import ast
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

#: module pattern → what it must not import (patterns). Later rows add to earlier ones.
FORBIDDEN: dict[str, tuple[str, ...]] = {
    # Imports point one way: functions → shared → third party → standard library.
    "shared.*": ("functions*", "cli*", "local*", "tests*"),
    "functions.*": ("cli*", "local*", "tests*"),
    "cli.*": ("functions*", "local*", "tests*"),
    # The pure core: values in, values out.
    "shared.commands.*": ("boto3*", "botocore*", "aws_lambda_powertools*", "socket", "os", "time", "requests*"),
    "shared.plugins.record": ("boto3*", "botocore*", "aws_lambda_powertools*", "socket", "os", "time"),
    "shared.plugins.transitions": ("boto3*", "botocore*", "aws_lambda_powertools*", "socket", "os", "time"),
    "shared.plugins.stages": ("boto3*", "botocore*", "aws_lambda_powertools*", "socket", "os", "time"),
    "shared.plugins.items": ("boto3*", "botocore*", "aws_lambda_powertools*", "socket", "os", "time"),
    "shared.signatures.*": ("boto3*", "botocore*", "aws_lambda_powertools*", "socket", "time", "requests*"),
}

#: third-party module → the only places that may import it.
ONLY: dict[str, tuple[str, ...]] = {
    "oras": ("shared.registry.*",),
    "grpc": ("shared.health.*",),
    "requests": ("shared.egress.*", "shared.registry.*", "cli.api"),
    "urllib3": ("shared.egress.*", "shared.registry.*"),
    "zstandard": ("shared.artifacts.*",),
    "pydantic": ("functions.registration.*",),
    "boto3": ("cli.tokens*",),
    # One place makes clients (ADR 0018); `botocore.exceptions` and `botocore.config` are for its callers' adapters.
    "botocore.session": ("shared.aws_session",),
    "botocore.loaders": ("shared.aws_session",),
}


def modules() -> Iterator[tuple[str, Path]]:
    """Give every module of the product by its import name."""
    for folder in ("shared", "functions", "cli"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield name, path


def imports(path: Path) -> set[str]:
    """Give the modules that a file imports, at any depth of nesting, but not what it imports for types only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if node in typing_only:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module)
    return found


MODULES = list(modules())


@pytest.mark.parametrize(("name", "path"), MODULES, ids=[name for name, _ in MODULES])
def test_a_module_imports_only_what_its_place_allows(name: str, path: Path) -> None:
    """Each module keeps to the table."""
    used = imports(path)
    for pattern, refused in FORBIDDEN.items():
        if fnmatch(name, pattern):
            wrong = {module for module in used if any(fnmatch(module, item) for item in refused)}
            assert not wrong, f"{name} must not import {sorted(wrong)} (rule {pattern})"
    for package, places in ONLY.items():
        if any(module == package or module.startswith(f"{package}.") for module in used):
            assert any(fnmatch(name, place) for place in places), f"only {places} may import {package}, not {name}"


@pytest.mark.parametrize(("name", "path"), [pair for pair in MODULES if pair[0].startswith("functions.")])
def test_a_function_never_imports_another(name: str, path: Path) -> None:
    """What two functions need lies in `shared`."""
    own = ".".join(name.split(".")[:2])
    others = {module for module in imports(path) if module.startswith("functions.") and not module.startswith(own)}
    assert not others, f"{name} imports {sorted(others)}"
