"""The client's promises about manifests, retries and lists."""

import json

import pytest

from shared.errors import NotFound, Refused
from shared.registry import manifests
from shared.registry.descriptors import Descriptor, digest_of
from shared.registry.limits import Limits
from tests.unit.registry.fakes import (
    Answer,
    described,
    refusal_of,
    written,
)
from tests.unit.registry.scene import (
    BASE,
    DIGEST,
    LAYER,
    MANIFEST,
    OK_MANIFEST,
    client_over,
)


def test_a_tag_is_resolved_once() -> None:
    """The digest comes from the bytes, and the manifest of that digest is not asked for again."""
    client, adapter, _ = client_over({f"{BASE}/manifests/1": [OK_MANIFEST]})
    assert client.resolve("1") == Descriptor(manifests.OCI_MANIFEST, DIGEST, len(MANIFEST))
    assert client.fetch_manifest(DIGEST).digest == DIGEST
    assert len(adapter.requests) == 1
    assert adapter.sent("Accept-Encoding") == ["identity"]
    assert "vnd.docker" in str(adapter.sent("Accept")[0])


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Answer(404), "registry_not_found"),
        (Answer(403), "registry_auth_failed"),
        (Answer(401), "registry_auth_failed"),
        (Answer(400), "registry_error"),
        (Answer(501), "registry_error"),
        (Answer(503), "registry_error"),
        (Answer(429), "registry_rate_limited"),
        (Answer(204), "registry_protocol_error"),
        (Answer(300, headers={"Location": "https://x.example/"}), "registry_protocol_error"),
        (Answer(304), "registry_protocol_error"),
        (Answer(302), "registry_protocol_error"),
        (Answer(body=b"x", headers={"Content-Encoding": "gzip"}), "registry_protocol_error"),
        (Answer(body=b"x", headers={"Content-Length": "5000000"}), "manifest_too_large"),
        (Answer(body=b"x", headers={"Content-Length": "5"}), "size_mismatch"),
        (Answer(body=MANIFEST, headers={"Docker-Content-Digest": "../x"}), "registry_protocol_error"),
        (Answer(body=MANIFEST, headers={"Docker-Content-Digest": LAYER.digest}), "digest_mismatch"),
    ],
)
def test_an_answer_that_is_no_manifest_has_its_reason(answer: Answer, code: str) -> None:
    """Statuses and headers are classified before the body is believed."""
    client, _, _ = client_over({f"{BASE}/manifests/1": [answer]})
    assert refusal_of(lambda: client.resolve("1")) == code


def test_what_is_not_there_is_a_not_found() -> None:
    """The caller can tell a missing tag from a refused one."""
    client, _, _ = client_over({f"{BASE}/manifests/1": [Answer(404)]})
    with pytest.raises(NotFound):
        client.resolve("1")


def test_transient_answers_are_tried_again_with_growing_pauses() -> None:
    """Two 503 and then success: one result, two pauses with jitter."""
    client, _, clock = client_over({f"{BASE}/manifests/1": [Answer(503), Answer(503), OK_MANIFEST]})
    assert client.resolve("1").digest == DIGEST
    assert clock.slept == [0.25, 0.5]


def test_retries_are_bounded() -> None:
    """Four attempts, then the error comes out."""
    client, adapter, _ = client_over({f"{BASE}/manifests/1": [Answer(500)]})
    assert refusal_of(lambda: client.resolve("1")) == "registry_error"
    assert len(adapter.requests) == 4


def test_terminal_answers_are_not_tried_again() -> None:
    """A 404 is asked for once."""
    client, adapter, _ = client_over({f"{BASE}/manifests/1": [Answer(404)]})
    assert refusal_of(lambda: client.resolve("1")) == "registry_not_found"
    assert len(adapter.requests) == 1


@pytest.mark.parametrize(("header", "slept"), [("7", [7.25]), ("61", []), ("9" * 40, []), ("soon", [0.25])])
def test_retry_after_is_honoured_within_its_bound(header: str, slept: list[float]) -> None:
    """Up to a minute is waited for; a longer one is left to the queue; nonsense is ignored."""
    answers = [Answer(429, headers={"Retry-After": header}), OK_MANIFEST]
    client, _, clock = client_over({f"{BASE}/manifests/1": answers})
    code = refusal_of(lambda: client.resolve("1"))
    assert clock.slept == slept
    assert code == ("" if slept else "registry_rate_limited")


def test_an_error_never_repeats_the_registrys_words() -> None:
    """Bodies of errors and queries of URLs stay out of messages."""
    client, _, _ = client_over({f"{BASE}/manifests/1": [Answer(400, b"<script>canary</script>")]})
    with pytest.raises(Refused) as refused:
        client.resolve("1")
    assert "canary" not in str(refused.value)


def test_a_descriptor_is_compared_with_what_came() -> None:
    """Size and media type of an index's entry must be those of the manifest."""
    client, _, _ = client_over({f"{BASE}/manifests/{DIGEST}": [OK_MANIFEST]})
    good = Descriptor(manifests.OCI_MANIFEST, DIGEST, len(MANIFEST))
    assert client.fetch_manifest(good).digest == DIGEST
    assert refusal_of(lambda: client.fetch_manifest(Descriptor(good.media_type, DIGEST, 5))) == "size_mismatch"
    other = Descriptor(manifests.OCI_INDEX, DIGEST, len(MANIFEST))
    assert refusal_of(lambda: client.fetch_manifest(other)) == "media_type_mismatch"
    huge = Descriptor(manifests.OCI_MANIFEST, digest_of(b"?"), 5 << 20)
    assert refusal_of(lambda: client.fetch_manifest(huge)) == "manifest_too_large"


def test_a_digest_is_parsed_before_it_is_asked_for() -> None:
    """Nothing that is no digest gets into a path."""
    client, adapter, _ = client_over({})
    assert refusal_of(lambda: client.fetch_manifest("sha256:../../x")) == "digest_invalid"
    assert refusal_of(lambda: client.resolve("sha1:" + "a" * 40)) == "digest_algorithm_unsupported"
    assert adapter.requests == []


def test_docker_hub_is_asked_where_it_serves() -> None:
    """The name that people write and the host that serves are two."""
    answers = {"https://registry-1.docker.io/v2/plugins/p/manifests/1": [OK_MANIFEST]}
    client, _, _ = client_over(answers, registry="docker.io")
    assert client.resolve("1").digest == DIGEST


def test_an_endpoint_takes_the_registrys_place() -> None:
    """A mirror or rewrite serves, with the same repository."""
    answers = {"http://mirror.internal:5000/v2/plugins/p/manifests/1": [OK_MANIFEST]}
    client, _, _ = client_over(answers, endpoint="mirror.internal:5000", plain_http=True)
    assert client.resolve("1").digest == DIGEST


def test_tags_are_listed_over_pages_of_the_same_origin() -> None:
    """Relative links are followed, others refused, loops and endless lists bounded."""

    def page(tags: list[str], link: str = "") -> Answer:
        body = json.dumps({"name": "plugins/p", "tags": tags}).encode()
        return Answer(body=body, headers={"Link": f'<{link}>; rel="next"'} if link else {})

    url = f"{BASE}/tags/list"
    client, _, _ = client_over({url: [page(["1"], "/v2/plugins/p/tags/list?last=1"), page(["2"])]})
    assert client.list_tags() == ("1", "2")
    client, _, _ = client_over({url: [page(["1"], "https://elsewhere.example.com/x")]})
    assert refusal_of(client.list_tags) == "bad_pagination_link"
    client, _, _ = client_over({url: [page(["1"], "/v2/plugins/p/tags/list?n=1")]})
    assert refusal_of(client.list_tags) == "too_many_pages"
    client, _, _ = client_over({url: [page(["1"] * 11)]}, limits=Limits(max_listed=10))
    assert refusal_of(client.list_tags) == "too_many_pages"
    client, _, _ = client_over({url: [page(["../x"])]})
    assert refusal_of(client.list_tags) == "registry_protocol_error"


def test_referrers_come_from_the_api_or_from_the_fallback_tag() -> None:
    """A registry without the API is asked for the tag; without both there are none."""
    entry = {**written(described(b"signature", manifests.OCI_MANIFEST)), "artifactType": "application/x.signature"}
    index = json.dumps({"schemaVersion": 2, "mediaType": manifests.OCI_INDEX, "manifests": [entry]}).encode()
    answer = Answer(body=index, headers={"Content-Type": manifests.OCI_INDEX})
    api, tag = f"{BASE}/referrers/{DIGEST}", f"{BASE}/manifests/{DIGEST.replace(':', '-')}"
    client, _, _ = client_over({api: [answer]})
    (found,) = client.list_referrers(DIGEST)
    assert found.artifact_type == "application/x.signature"
    client, _, _ = client_over({api: [Answer(404)], tag: [answer]})
    assert len(client.list_referrers(DIGEST)) == 1
    client, _, _ = client_over({api: [Answer(404)], tag: [Answer(404)]})
    assert client.list_referrers(DIGEST) == ()


def test_a_list_of_referrers_that_fails_is_never_an_empty_one() -> None:
    """An unreachable signature is not a missing one."""
    client, _, _ = client_over({f"{BASE}/referrers/{DIGEST}": [Answer(500)]})
    assert refusal_of(lambda: client.list_referrers(DIGEST)) == "registry_error"
