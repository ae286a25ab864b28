"""Credentials and public keys: the cases' words for the project's answers."""

from collections.abc import Mapping
from typing import Any, Final

from shared.commands.reasons import OCI_DISABLED
from shared.credentials import Credential, resolve_credential
from shared.errors import Refused
from shared.signatures import resolve_public_keys
from tests.conformance.model import Suite


class CaseFiles:
    """The files that a case has."""

    def __init__(self, files: Mapping[str, str]) -> None:
        """Keep path → text."""
        self._files = files

    def read(self, path: str, max_bytes: int) -> bytes | None:
        """Give the file, or None."""
        text = self._files.get(path)
        return None if text is None else text.encode()[: max_bytes + 1]


def run_registry_auth(case: Mapping[str, Any]) -> dict[str, Any]:
    """Resolve the credential of one case."""
    given = case["input"]
    try:
        credential = resolve_credential(
            given["registry"],
            environment=given["env"],
            runtime="studio" if given["runtime"] == "ai_studio" else "edge",
            auth_parameter=given.get("auth_param"),
            secrets=None,
        )
    except Refused as error:
        if error.reason is OCI_DISABLED:
            return {"kind": "disabled"}
        return {"kind": "error", "reason": error.reason.code}
    return _told(credential)


def _told(credential: Credential) -> dict[str, Any]:
    answer: dict[str, Any] = {"kind": credential.kind, "preemptive": credential.preemptive}
    if credential.secret is not None:
        answer["token" if credential.kind == "bearer" else "password"] = credential.secret.reveal()
    return answer | ({"username": credential.username} if credential.username else {})


def run_public_keys(case: Mapping[str, Any]) -> dict[str, Any]:
    """Resolve the public keys of one case."""
    given = case["input"]
    try:
        keys = resolve_public_keys(
            given["env"],
            pubkey_parameter=given["pubkey_param"],
            required=given["require_signature"],
            files=CaseFiles(given["files"]),
        )
    except Refused as error:
        return {"ok": False, "reason": error.reason.code}
    told = [
        {"kind": "file", "path": key.path} if key.source == "file" else {"kind": "pem", "env": key.variable}
        for key in keys
    ]
    # Signatures are fetched with the credential of the pull (ADR: one credential a registry).
    return {"ok": True, "keys": told, "verifier_registry_auth": "pull_credential"}


def check(case: Mapping[str, Any], answer: Mapping[str, Any]) -> bool:
    """Compare what the case lists; `X_any_of` names every right value of X."""
    for field, expected in case["expected"].items():
        name = field.removesuffix("_any_of")
        actual = answer.get(name)
        if actual not in expected if name != field else actual != expected:
            return False
    return True


SUITES: Final = (
    Suite("registry_auth", ("registry_auth.json",), run_registry_auth, check),
    Suite("public_keys", ("public_keys.json",), run_public_keys, check),
)
