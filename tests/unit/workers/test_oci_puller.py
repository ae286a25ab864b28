"""The real puller over scripted HTTP: credential, steps, and which condition a failure is about."""

import pytest

from functions.oci_pull.puller import OciPuller
from functions.oci_pull.use_case import PullError
from shared.commands import OciCommand, PolicySettings
from shared.credentials import Secret
from shared.credentials.references import Store
from shared.pulling import RegistryAccess
from tests.unit.artifacts.fakes import FakeRegistry, FakeStore, digest_of
from tests.unit.artifacts.images import add_artifact, elf
from tests.unit.credentials.fakes import FakeSecrets
from tests.unit.registry.fakes import Answer, ScriptedAdapter, scripted_session
from tests.unit.workers.builders import PUBLIC, plugin

BASE = "https://registry.example.com/v2/plugins/my-plugin"
COMMAND = OciCommand("registry.example.com", "plugins/my-plugin", "v1.0.0", None)
ASKS = Answer(401, headers={"WWW-Authenticate": 'Basic realm="r"'})
NAME = "OCI_PLUGINS_REGISTRY_REGISTRY_EXAMPLE_COM"
ENVIRONMENT = {
    "AI_STUDIO_OCI_CACHE_DIR": "/c",
    f"{NAME}_USERNAME": "me",
    f"{NAME}_PASSWORD": "secretsmanager:registry",
}


class RotatedSecrets(FakeSecrets):
    """Remembers one password; the store has another."""

    def fetch(self, store: Store, name: str, *, refresh: bool = False) -> Secret:
        """Give the current one only when it is asked to refresh."""
        remembered = super().fetch(store, name, refresh=refresh)
        return Secret("new") if refresh else remembered


def puller(store: FakeStore, blob_answers: list[Answer], first: list[Answer]) -> tuple[OciPuller, ScriptedAdapter]:
    """Give a puller of one artifact whose registry begins with these answers."""
    content = FakeRegistry()
    digest = add_artifact(content, [elf()])
    found = Answer(body=content.blobs[digest], headers={"Content-Type": content.types[digest]})
    answers = {f"{BASE}/blobs/{name}": [Answer(body=data)] for name, data in content.blobs.items()}
    answers[f"{BASE}/blobs/{digest_of(elf())}"] = blob_answers
    answers[f"{BASE}/manifests/v1.0.0"] = [*first, found]
    session, adapter = scripted_session(answers)
    access = RegistryAccess(
        policy=PolicySettings.from_environment(ENVIRONMENT),
        environment=ENVIRONMENT,
        resolver=PUBLIC,
        secrets=RotatedSecrets({("secretsmanager", "registry"): "old"}),
        make_session=lambda **_: session,
    )
    return OciPuller(access=access, store=store, platforms=["linux/amd64"]), adapter


@pytest.mark.parametrize(
    ("first", "blob_answers"),
    [
        ([], [Answer(body=elf())]),
        ([ASKS, ASKS], [Answer(body=elf())]),
        ([], [ASKS, ASKS, Answer(body=elf())]),
    ],
)
def test_a_secret_that_was_rotated_costs_no_pull(first: list[Answer], blob_answers: list[Answer]) -> None:
    """Before the manifest or in the middle: the fresh secret is used and the artifact is stored once."""
    store = FakeStore()
    pulling, _ = puller(store, blob_answers, first)
    pulled = pulling.pull(COMMAND, plugin("oci"), remaining_seconds=lambda: 900.0)
    assert list(pulled.platforms) == ["linux/amd64"]
    assert list(store.objects.values()) == [elf()]


@pytest.mark.parametrize(
    ("first", "blob_answers", "condition", "reason"),
    [
        ([Answer(404)], [Answer(body=elf())], "ReferenceResolved", "registry_not_found"),
        ([ASKS] * 4, [Answer(body=elf())], "ReferenceResolved", "registry_auth_failed"),
        ([], [Answer(body=elf("arm64"))], "ArtifactStored", "digest_mismatch"),
        ([], [ASKS], "ArtifactStored", "registry_auth_failed"),
    ],
)
def test_a_failure_names_its_condition(
    first: list[Answer], blob_answers: list[Answer], condition: str, reason: str
) -> None:
    """The step that failed decides which condition says so, and nothing is reachable."""
    store = FakeStore()
    pulling, _ = puller(store, blob_answers, first)
    with pytest.raises(PullError) as caught:
        pulling.pull(COMMAND, plugin("oci"), remaining_seconds=lambda: 900.0)
    assert (caught.value.condition, caught.value.cause.reason.code) == (condition, reason)
    assert store.objects == {}
