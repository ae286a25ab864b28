"""Which public keys count, and that a command can only narrow them."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from shared.errors import Refused
from shared.signatures import PublicKey, resolve_public_keys
from shared.signatures.key_files import SystemKeyFiles
from shared.signatures.keys import MAX_KEY_BYTES

PEM = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n"


class FakeKeyFiles:
    """Files in memory."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        """Keep path → bytes."""
        self._files = files
        self.asked: list[str] = []

    def read(self, path: str, max_bytes: int) -> bytes | None:
        """Give a file, or None."""
        self.asked.append(path)
        data = self._files.get(path)
        return None if data is None else data[: max_bytes + 1]


def keys(
    environment: Mapping[str, str],
    parameter: str | None = None,
    *,
    required: bool = True,
    files: Mapping[str, bytes] | None = None,
) -> tuple[PublicKey, ...]:
    """Resolve with variables written without OCI_PLUGINS_."""
    prefixed = {f"OCI_PLUGINS_{name}": value for name, value in environment.items()}
    return resolve_public_keys(
        prefixed, pubkey_parameter=parameter, required=required, files=FakeKeyFiles(files or {"/k.pub": PEM.encode()})
    )


def refusal(environment: Mapping[str, str], parameter: str | None = None, *, required: bool = True) -> str:
    """Give the reason of a refusal."""
    with pytest.raises(Refused) as caught:
        keys(environment, parameter, required=required)
    assert "MFkw" not in str(caught.value)
    return caught.value.reason.code


def test_every_form_is_read_in_a_stable_order() -> None:
    """The documented form first, then named files, then texts; numbers by value, names after them."""
    environment = {
        "PUBKEY_CI": PEM,
        "PUBKEY_2": PEM,
        "PUBKEY_FILE_PROD": "/k.pub",
        "PUBLIC_KEY_10": "/k.pub",
        "PUBLIC_KEY_9": "/k.pub",
        "PUBKEY_": PEM,
        "PUBKEY_lower": PEM,
        "DEFAULT_PUBKEYS": PEM,
    }
    assert [(key.variable.removeprefix("OCI_PLUGINS_"), key.key_id, key.source) for key in keys(environment)] == [
        ("PUBLIC_KEY_9", "9", "file"),
        ("PUBLIC_KEY_10", "10", "file"),
        ("PUBKEY_FILE_PROD", "PROD", "file"),
        ("PUBKEY_2", "2", "pem"),
        ("PUBKEY_CI", "CI", "pem"),
    ]
    assert all(key.pem == PEM for key in keys(environment))


@pytest.mark.parametrize("parameter", ["ci", "CI", "env:OCI_PLUGINS_PUBKEY_CI"])
def test_command_narrows_to_a_configured_key(parameter: str) -> None:
    """A number, a name in any letter case, or the key's own variable chooses among the configured keys."""
    chosen = keys({"PUBKEY_CI": PEM, "PUBKEY_PROD": PEM}, parameter)
    assert [key.key_id for key in chosen] == ["CI"]


def test_narrowing_reads_no_other_file() -> None:
    """A broken key that a command does not ask for does not stand in its way."""
    environment = {"PUBLIC_KEY_1": "/missing.pub", "PUBLIC_KEY_2": "/k.pub"}
    assert [key.path for key in keys(environment, "2")] == ["/k.pub"]
    assert refusal(environment) == "public_key_not_found"


@pytest.mark.parametrize(
    ("parameter", "code"),
    [
        ("PROD", "public_key_not_found"),
        ("PROD_E", "public_key_not_found"),
        ("01", "public_key_not_found"),
        ("-1", "public_key_not_found"),
        ("prod-eu", "public_key_not_found"),
        ("default", "public_key_not_found"),
        ("env:DATABASE_URL", "pubkey_reference_not_allowed"),
        ("env:", "pubkey_reference_not_allowed"),
        ("file:/k.pub", "pubkey_reference_not_allowed"),
        ("/k.pub", "pubkey_path_not_allowed"),
        ("k.pub", "pubkey_path_not_allowed"),
        ("../k", "pubkey_path_not_allowed"),
    ],
)
def test_command_adds_no_key(parameter: str, code: str) -> None:
    """Nothing that is not configured can be named: no part of a name, no variable, no file."""
    assert refusal({"PUBKEY_PROD_EU": PEM, "PUBKEY_1": PEM, "PUBLIC_KEY_2": "/k.pub"}, parameter) == code
    assert refusal({"PUBKEY_PROD_EU": PEM, "PUBKEY_1": PEM}, parameter, required=False) == code


def test_required_and_nothing_configured() -> None:
    """A required signature without any key is refused; one that is not required gives no keys."""
    for environment in ({}, {"PUBLIC_KEY_1": "", "PUBKEY_1": " \n"}):
        assert refusal(environment) == "no_public_key"
        assert keys(environment, required=False) == ()
        assert keys(environment, "", required=False) == ()


@pytest.mark.parametrize(
    "text",
    [
        "not a key",
        PEM.replace("PUBLIC", "PRIVATE"),
        PEM.replace("\n", "\\n"),
        PEM + PEM,
        PEM.replace("END", "FIN"),
        "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        PEM.replace("-----END PUBLIC", "-----END RSA PUBLIC"),
        PEM.replace("MFkw", "MFkw" * 5000),
    ],
)
def test_what_is_no_public_key(text: str) -> None:
    """Private keys, certificates, several blocks, broken frames and oversized texts are refused, wherever they are."""
    assert refusal({"PUBKEY_1": text}) == "invalid_public_key"
    with pytest.raises(Refused, match="invalid_public_key"):
        keys({"PUBLIC_KEY_1": "/k.pub"}, files={"/k.pub": text.encode()})


def test_path_that_is_none() -> None:
    """A relative path and a file that is not ASCII are refused."""
    assert refusal({"PUBLIC_KEY_1": "k.pub"}) == "invalid_public_key"
    with pytest.raises(Refused, match="invalid_public_key"):
        keys({"PUBLIC_KEY_1": "/k.pub"}, files={"/k.pub": b"\xff"})


def test_texts_that_are_one() -> None:
    """CRLF line ends, surrounding blanks and RSA's own frame are fine."""
    for text in (PEM.replace("\n", "\r\n"), f"\n{PEM}\n", PEM.replace("PUBLIC", "RSA PUBLIC"), PEM.strip()):
        assert keys({"PUBKEY_1": text})[0].pem == text
    assert keys({"PUBLIC_KEY_1": PEM})[0].source == "pem"


def test_key_files_of_the_system(tmp_path: Path) -> None:
    """Regular files are read to the bound; what is missing, a folder or a pipe is none."""
    files = SystemKeyFiles()
    path = tmp_path / "k.pub"
    path.write_text(PEM)
    assert files.read(str(path), MAX_KEY_BYTES) == PEM.encode()
    assert files.read(str(path), 3) == b"----"
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for other in (tmp_path, pipe, tmp_path / "missing"):
        assert files.read(str(other), MAX_KEY_BYTES) is None
