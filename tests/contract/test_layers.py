"""Every function finds what it imports in its own layers: the local emulator would hide a missing wheel."""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from samcli.yamlhelper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("dependencies", "oci", "health")
#: The Lambda runtime brings these.
RUNTIME_PACKAGES = {"boto3", "botocore"}
FUNCTIONS = sorted(path.parent.name for path in ROOT.glob("functions/*/handler.py"))


@cache
def pins(path: Path) -> dict[str, str]:
    """Give name → version of a requirements file."""
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[[a-z0-9,]+\])?==([^ ;]+)", path.read_text(), re.MULTILINE))


@cache
def layers_of(function: str) -> frozenset[str]:
    """Give the folders of a function's layers of wheels."""
    logical = "".join(word.capitalize() for word in function.split("_")) + "Function"
    resources = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]
    names = [layer["Ref"].removesuffix("Layer").lower() for layer in resources[logical]["Properties"]["Layers"]]
    assert names[0] == "shared"
    return frozenset(names[1:])


def imports(path: Path) -> Iterator[str]:
    """Give what a module imports at run time, imports inside of functions too."""
    tree = ast.parse(path.read_text())
    typing_only = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for part in node.body
        for child in ast.walk(part)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def file_of(module: str) -> Path | None:
    """Give the file of one of our modules."""
    path = ROOT.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def third_party_imports(module: str) -> set[str]:
    """Give the foreign top-level packages that a module reaches, through any of ours."""
    seen: set[str] = set()
    waiting, found = [module], set()
    while waiting:
        name = waiting.pop()
        file = file_of(name)
        if name in seen or file is None:
            continue
        seen.add(name)
        # Importing a.b.c runs a and a.b first.
        waiting.extend(".".join(name.split(".")[:length]) for length in range(1, name.count(".") + 1))
        for imported in imports(file):
            top = imported.split(".")[0]
            if top in {"shared", "functions"}:
                waiting.append(imported)
            elif top not in sys.stdlib_module_names:
                found.add(top)
    return found - RUNTIME_PACKAGES


@pytest.mark.parametrize("function", FUNCTIONS)
def test_layers_hold_what_the_function_imports(function: str) -> None:
    """Each foreign package that a function can reach is a wheel of one of its layers."""
    there = {name for layer in layers_of(function) for name in pins(ROOT / "layers" / layer / "requirements.txt")}
    distributions = packages_distributions()
    for package in sorted(third_party_imports(f"functions.{function}.handler")):
        names = {name.lower().replace("_", "-") for name in distributions[package]}
        assert names & there, f"{package} is in none of {sorted(layers_of(function))}"


@pytest.mark.parametrize("layer", LAYERS)
def test_layers_hold_the_versions_of_the_lock(layer: str) -> None:
    """What is deployed is what is tested: a layer's pins are the lock's, each with hashes."""
    requirements = ROOT / "layers" / layer / "requirements.txt"
    assert pins(requirements).items() <= pins(ROOT / "requirements.lock").items()
    assert requirements.read_text().count("--hash=sha256:") >= len(pins(requirements))


@pytest.mark.parametrize("layer", LAYERS)
def test_layers_leave_out_what_the_runtime_brings(layer: str) -> None:
    """boto3 is not in a layer: it is a third of the size and the runtime has it."""
    assert not RUNTIME_PACKAGES & set(pins(ROOT / "layers" / layer / "requirements.txt"))
