"""The settings: their defaults, the runtime switch, broken values, and the tables that documentation is made from."""

import re
from pathlib import Path

import pytest

from shared.commands import POLICY_VARIABLES, REASONS, SETTINGS, PolicySettings, SettingsError
from shared.commands.settings import EDGE_CACHE_DIRECTORY

REPOSITORY = Path(__file__).parents[3]
FOREIGN_REASONS = frozenset({"setting_invalid"})


def settings(**env: str) -> PolicySettings:
    """Read an environment."""
    return PolicySettings.from_environment(env)


def test_defaults() -> None:
    """An empty environment gives the defaults of the type: a studio with oci:// off, no list, no internal access."""
    assert settings() == PolicySettings()
    assert not settings().oci_enabled


def test_edge() -> None:
    """At the edge oci:// is on with its default directory, and signatures are required."""
    for name in ("edge", "gateway"):
        edge = settings(PLUGIN_RUNTIME=name, OCI_PLUGINS_CACHE_DIR="")
        assert (edge.runtime, edge.oci_cache_directory) == ("edge", EDGE_CACHE_DIRECTORY)
        assert edge.oci_enabled
        assert edge.require_signature
    assert not settings(PLUGIN_RUNTIME="edge", OCI_PLUGINS_REQUIRE_SIGNATURE="false").require_signature


def test_each_runtime_reads_its_own_variables() -> None:
    """A studio ignores the edge's cache directory and signature switch, and the edge the studio's."""
    studio = settings(OCI_PLUGINS_CACHE_DIR="/c", OCI_PLUGINS_REQUIRE_SIGNATURE="true")
    assert (studio.oci_enabled, studio.require_signature) == (False, False)
    assert settings(AI_STUDIO_OCI_CACHE_DIR="/c", AI_STUDIO_OCI_REQUIRE_SIGNATURE="1").require_signature


def test_restrictions_hold_under_either_name() -> None:
    """A digest is required by either variable; the other runtime's registry list holds where there is no own one."""
    assert settings(OCI_PLUGINS_REQUIRE_DIGEST="true").require_digest
    assert settings(AI_STUDIO_OCI_REQUIRE_DIGEST="t").require_digest
    assert settings(OCI_PLUGINS_ALLOWED_REGISTRIES="a.example.com").allowed_registries == {"a.example.com"}
    both = settings(OCI_PLUGINS_ALLOWED_REGISTRIES="a", AI_STUDIO_OCI_ALLOWED_REGISTRIES="B:5000,[::1]")
    assert both.allowed_registries == {"b:5000", "[::1]"}


@pytest.mark.parametrize("value", ["TRUE", "1", " true", "yes", ""])
def test_only_the_exact_text_opens_internal_networks(value: str) -> None:
    """ALLOW_INTERNAL_NETWORK_ACCESS is on for `true` only."""
    assert not settings(ALLOW_INTERNAL_NETWORK_ACCESS=value).allow_internal
    assert settings(ALLOW_INTERNAL_NETWORK_ACCESS="true", PLUGIN_BLOCK_INTERNAL_URLS=value).allow_internal


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PLUGIN_RUNTIME", "cloud"),
        ("AI_STUDIO_OCI_REQUIRE_DIGEST", "yes"),
        ("OCI_PLUGINS_ALLOWED_REGISTRIES", "ghcr.io,https://x"),
        ("AI_STUDIO_OCI_INSECURE_REGISTRIES", "localhost:*"),
        ("PLUGIN_COMMAND_ALLOWLIST", "grpc://10.0.0.0/33"),
    ],
)
def test_broken_values_are_named(name: str, value: str) -> None:
    """A value that can't be read stops the start and names its variable."""
    with pytest.raises(SettingsError, match=name):
        settings(**{name: value})


def test_every_variable_that_is_read_is_in_the_table() -> None:
    """The settings table is complete and has no name twice."""

    class Recorder(dict[str, str]):
        def get(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override] # one signature is enough here
            asked.add(key)
            return super().get(key, default)

    asked: set[str] = set()
    for runtime in ("studio", "edge"):
        PolicySettings.from_environment(Recorder(PLUGIN_RUNTIME=runtime))
    assert asked == POLICY_VARIABLES
    assert len(SETTINGS) == len(POLICY_VARIABLES)


def test_reasons_are_complete() -> None:
    """Each reason is listed once, in words: code, title and a hint that is a sentence."""
    codes = [reason.code for reason in REASONS]
    assert len(codes) == len(set(codes))
    for reason in REASONS:
        assert re.fullmatch(r"[a-z0-9_]+", reason.code)
        assert reason.title
        assert reason.hint.endswith(".")


def test_no_reason_is_unused() -> None:
    """Every reason that is declared is raised or reported somewhere in the package."""
    sources = [path for path in (REPOSITORY / "shared" / "commands").glob("*.py") if path.name != "__init__.py"]
    code = "".join(path.read_text() for path in sources if not path.name.endswith("reasons.py"))
    unused = [reason.code for reason in REASONS if not re.search(rf"\b{reason.code.upper()}\b", code)]
    assert unused == []
