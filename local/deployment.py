"""Build and deploy: SAM's own commands, run when something changed."""

import hashlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from local.direct import update_code
from local.errors import LocalError
from local.fixups import apply_fixups
from local.paths import BUILD, BUILD_CACHE, BUILD_LOG, BUILT_TEMPLATE, DEPLOY_LOG, PLUGINS, ROOT
from local.stack import STACK_NAME, aws_environment, client, parameters
from local.state import State

#: Where `sam deploy` puts code (samconfig.toml, environment `local`).
_DEPLOYMENTS_BUCKET: Final = "plugport-deployments"
#: What is deployed is made from these.
_SOURCES: Final = ("template.yaml", "samconfig.toml", "layers", "shared", "functions")
_TEMPLATE: Final = ("template.yaml", "samconfig.toml")
#: What builds depend on beside the sources that SAM's cache looks at.
_BUILD_RULES: Final = ("layers/build.mk", "layers/targets")

Say = Callable[[str], None]


def fingerprint(names: Iterable[str], extra: Mapping[str, str] | None = None) -> str:
    """Hash paths and contents of files and folders of the checkout, and further values."""
    digest = hashlib.sha256(json.dumps(extra or {}, sort_keys=True).encode())
    for name in names:
        for path in _files(ROOT / name):
            digest.update(f"{path.relative_to(ROOT)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def is_deployed(state: State) -> bool:
    """Say whether what is deployed was made from the checkout as it is now."""
    return state.fingerprint == _wanted(state)


def deploy(state: State, *, say: Say) -> State:
    """Bring the checkout to the running emulator, the fastest way that is right.

    Nothing is built when the sources are those of the last build. When only code changed it is put into the functions
    and layers directly (about a second against nine); otherwise `sam deploy` does it, and what the emulator drops from
    the template is set by API.

    Raises:
        LocalError: SAM refused; names the log.
    """
    wanted = _wanted(state)
    if state.built != wanted or not BUILT_TEMPLATE.is_file():
        state = _build(state, wanted, say=say)
    artifacts = {folder.name: fingerprint([str(folder)]) for folder in sorted(BUILD.iterdir()) if folder.is_dir()}
    template = fingerprint(_TEMPLATE, parameters(state))
    begun = time.monotonic()
    if state.template == template and state.artifacts.keys() == artifacts.keys():
        changed = [name for name in artifacts if artifacts[name] != state.artifacts[name]]
        update_code(state, changed)
        say(f"updated {', '.join(changed) or 'nothing'} in {time.monotonic() - begun:.1f} s")
        return replace(state, fingerprint=wanted, artifacts=artifacts, updated_directly=True)
    state = _deploy_stack(state)
    if state.updated_directly:
        # CloudFormation compares with what it deployed itself, not with what runs.
        update_code(state, list(artifacts))
    say(f"deployed in {time.monotonic() - begun:.1f} s")
    return replace(state, fingerprint=wanted, template=template, artifacts=artifacts)


def _build(state: State, wanted: str, *, say: Say) -> State:
    rules = fingerprint(_BUILD_RULES, _target(state))
    if rules != state.build_rules:
        # SAM's cache knows the folders that are built, not how they are built.
        shutil.rmtree(BUILD_CACHE, ignore_errors=True)
    begun = time.monotonic()
    _sam(state, "build", BUILD_LOG)
    say(f"built in {time.monotonic() - begun:.1f} s")
    state = replace(state, build_rules=rules, built=wanted)
    state.save()
    return state


def _deploy_stack(state: State) -> State:
    PLUGINS.mkdir(parents=True, exist_ok=True)
    _make_bucket(state)
    _sam(state, "deploy", DEPLOY_LOG)
    apply_fixups(state)
    return replace(state, outputs=_outputs(state))


def _wanted(state: State) -> str:
    return fingerprint(_SOURCES, parameters(state))


def _target(state: State) -> dict[str, str]:
    return {name: parameters(state)[name] for name in ("PythonRuntime", "Architecture")}


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    # Bytecode follows from the sources.
    found = (file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return sorted(found)


def _sam(state: State, command: str, log: Path) -> None:
    """Run one SAM command with the local environment of samconfig.toml; its output goes to the log."""
    folder = Path(sys.executable).parent
    environment = aws_environment(state) | {
        "PATH": f"{folder}:{aws_environment(state)['PATH']}",
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.2",
    }
    overrides = [f"{name}={value}" for name, value in parameters(state).items()]
    with log.open("w") as output:
        code = subprocess.run(
            [sys.executable, "-m", "local.sam", command, "--config-env", "local", "--parameter-overrides", *overrides],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    if code:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise LocalError(f"sam {command} failed:\n{tail}", f"Read {log}.")


def _make_bucket(state: State) -> None:
    s3 = client(state, "s3")
    if _DEPLOYMENTS_BUCKET not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=_DEPLOYMENTS_BUCKET)


def _outputs(state: State) -> dict[str, str]:
    stack = client(state, "cloudformation").describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
