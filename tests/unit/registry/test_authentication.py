"""What is sent to whom: challenges, tokens, realms."""

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from shared.credentials.model import Credential
from shared.credentials.secret import Secret
from shared.egress.origins import parse_authority
from shared.registry import manifests
from shared.registry.client import RegistryClient
from shared.registry.descriptors import digest_of
from tests.unit.registry.fakes import (
    Answer,
    FakeClock,
    ScriptedAdapter,
    described,
    image_document,
    refusal_of,
    scripted_session,
)

_URL = "https://registry.example.com/v2/plugins/p/manifests/1"
_REALM = "https://auth.example.com/token"
_MANIFEST = json.dumps(image_document(described(b"{}"))).encode()
_OK = Answer(body=_MANIFEST, headers={"Content-Type": manifests.OCI_MANIFEST})
_ORIGIN = parse_authority("registry.example.com")
_PAIR = Credential(_ORIGIN, "basic", "me", Secret("s3cret"))
_ENTITLEMENT = Credential(_ORIGIN, "entitlement", "me", Secret("s3cret"))
_BASIC = "Basic " + base64.b64encode(b"me:s3cret").decode()


def _challenge(text: str) -> Answer:
    return Answer(401, headers={"WWW-Authenticate": text})


def _bearer(realm: str = _REALM) -> Answer:
    return _challenge(f'Bearer realm="{realm}",service="registry",scope="repository:plugins/p:pull,push"')


def _token(**document: Any) -> Answer:
    return Answer(body=json.dumps(document).encode())


def _resolved(answers: dict[str, list[Answer]], **options: Any) -> tuple[str, ScriptedAdapter]:
    client, adapter, _ = _client(answers, **options)
    return refusal_of(lambda: client.resolve("1")), adapter


def _client(answers: dict[str, list[Answer]], **options: Any) -> tuple[RegistryClient, ScriptedAdapter, FakeClock]:
    session, adapter = scripted_session(answers)
    clock = FakeClock()
    client = RegistryClient(
        "registry.example.com",
        "plugins/p",
        session=session,
        judge=lambda _host, _port: None,
        clock=clock,
        sleep=clock.sleep,
        **options,
    )
    return client, adapter, clock


def test_a_credential_is_exchanged_for_a_token_of_our_scope() -> None:
    """Pull on the one repository is asked for, whatever the challenge says; the registry gets the token only."""
    code, adapter = _resolved({_URL: [_bearer(), _OK], _REALM: [_token(token="t0k")]}, credential=_PAIR)
    assert code == ""
    assert adapter.sent("Authorization") == [None, _BASIC, "Bearer t0k"]
    query = parse_qs(urlsplit(str(adapter.requests[1].url)).query)
    assert query == {"service": ["registry"], "scope": ["repository:plugins/p:pull"]}


def test_a_token_is_used_until_it_expires() -> None:
    """No second exchange within its lifetime, one after it."""
    layer = described(b"x")
    blob = f"https://registry.example.com/v2/plugins/p/blobs/{layer.digest}"
    answers = {
        _URL: [_bearer(), _OK],
        _REALM: [_token(token="one", expires_in=100), _token(token="two")],
        blob: [Answer(body=b"x"), _bearer(), Answer(body=b"x")],
    }
    client, adapter, clock = _client(answers, credential=_PAIR)
    client.resolve("1")
    client.fetch_blob(layer, max_bytes=1)
    assert adapter.sent("Authorization")[2:] == ["Bearer one", "Bearer one"]
    clock.now += 101
    client.fetch_blob(layer, max_bytes=1)
    assert adapter.sent("Authorization")[4:] == [None, _BASIC, "Bearer two"]


@pytest.mark.parametrize(
    ("expires_in", "seconds"), [(-1, 60), (10**30, 900), (True, 60), ("x", 60), (None, 60), (300, 300), (0.5, 60)]
)
def test_a_lifetime_is_clamped(expires_in: object, seconds: int) -> None:
    """Nonsense is the default, and no token is kept longer than the longest pull."""
    client, _, clock = _client({_URL: [_bearer(), _OK], _REALM: [_token(token="t", expires_in=expires_in)]})
    client.resolve("1")
    auth = client._transport.auth
    clock.now += seconds - 1
    assert auth.get_auth_header() == {"Authorization": "Bearer t"}
    clock.now += 2
    assert auth.get_auth_header() == {}


def test_an_anonymous_client_gets_an_anonymous_token() -> None:
    """Without a credential the token service is asked without one, wherever it is: there is nothing to lose."""
    realm = "https://tokens.elsewhere.org/token"
    code, adapter = _resolved({_URL: [_bearer(realm), _OK], realm: [_token(access_token="t")]})
    assert code == ""
    assert adapter.sent("Authorization") == [None, None, "Bearer t"]


@pytest.mark.parametrize(
    "realm",
    [
        "http://auth.example.com/token",
        "https://evil.example.org/token",
        "https://example.com.evil.org/token",
        "https://a:b@auth.example.com/token",
        "//auth.example.com/token",
        "/token",
        "",
        "ftp://auth.example.com/",
        "https://auth.example.com\\@evil.example.org/",
    ],
)
def test_a_credential_goes_to_no_other_realm(realm: str) -> None:
    """The token service of strangers, or in clear, is refused before anything is sent there."""
    code, adapter = _resolved({_URL: [_bearer(realm)]}, credential=_PAIR)
    assert code == "auth_realm_invalid"
    assert adapter.sent("Authorization") == [None]


def test_a_listed_realm_gets_the_credential() -> None:
    """The operator may name the token service of another organisation."""
    realm = "https://login.idp.org/token"
    answers = {_URL: [_bearer(realm), _OK], realm: [_token(token="t")]}
    code, adapter = _resolved(answers, credential=_PAIR, token_realms=["login.idp.org"])
    assert code == ""
    assert adapter.sent("Authorization")[1] == _BASIC


def test_the_realm_may_not_change() -> None:
    """A second challenge that names another service is refused."""
    layer = described(b"x")
    blob = f"https://registry.example.com/v2/plugins/p/blobs/{layer.digest}"
    answers = {
        _URL: [_bearer(), _OK],
        _REALM: [_token(token="t")],
        blob: [_bearer("https://other.example.com/token")],
    }
    client, _, _ = _client(answers, credential=_PAIR)
    client.resolve("1")
    assert refusal_of(lambda: client.fetch_blob(layer, max_bytes=1)) == "auth_realm_invalid"


def test_one_challenge_is_answered_per_request() -> None:
    """A registry that never accepts its token ends the request."""
    code, adapter = _resolved({_URL: [_bearer()], _REALM: [_token(token="t")]}, credential=_PAIR)
    assert code == "registry_auth_failed"
    assert len(adapter.requests) == 3


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (_token(token=12345), "registry_auth_failed"),
        (_token(token=""), "registry_auth_failed"),
        (_token(token="a\r\nX-Evil: 1"), "registry_auth_failed"),
        (_token(token="a b"), "registry_auth_failed"),
        (_token(token="x" * 16385), "registry_auth_failed"),
        (_token(), "registry_auth_failed"),
        (Answer(body=b"[]"), "registry_auth_failed"),
        (Answer(body=b"<html>canary</html>"), "registry_auth_failed"),
        (Answer(body=b" " * 70_000), "registry_auth_failed"),
        (Answer(401), "registry_auth_failed"),
        (Answer(404), "registry_auth_failed"),
        (Answer(500), "registry_error"),
        (Answer(429), "registry_rate_limited"),
        (Answer(302, headers={"Location": "https://auth.example.com/other"}), "bad_redirect"),
        (Answer(302, headers={"Location": "http://auth.example.com/other"}), "insecure_redirect"),
        (Answer(body=b"{}", headers={"Content-Encoding": "gzip"}), "registry_protocol_error"),
    ],
)
def test_a_token_answer_is_read_strictly(answer: Answer, code: str) -> None:
    """Only 1 to 16384 visible characters are a token; no redirects, no encodings, bounded."""
    found, _ = _resolved({_URL: [_bearer()], _REALM: [answer]}, credential=_PAIR)
    assert found == code


def test_basic_is_sent_on_challenge_and_from_then_on() -> None:
    """The registry itself asked for it; it is refused once, not again and again."""
    layer = described(b"x")
    blob = f"https://registry.example.com/v2/plugins/p/blobs/{layer.digest}"
    answers = {_URL: [_challenge('Basic realm="x\x00\x1b[31m"'), _OK], blob: [Answer(body=b"x")]}
    client, adapter, _ = _client(answers, credential=_PAIR)
    client.resolve("1")
    client.fetch_blob(layer, max_bytes=1)
    assert adapter.sent("Authorization") == [None, _BASIC, _BASIC]
    code, adapter = _resolved({_URL: [_challenge('Basic realm="x"')]}, credential=_PAIR)
    assert code == "registry_auth_failed"
    assert len(adapter.requests) == 2


def test_an_entitlement_goes_with_every_request_and_is_never_exchanged() -> None:
    """Basic from the first request on; a challenge means that it was not accepted."""
    code, adapter = _resolved({_URL: [_OK]}, credential=_ENTITLEMENT)
    assert code == ""
    assert adapter.sent("Authorization") == [_BASIC]
    code, adapter = _resolved({_URL: [_bearer()]}, credential=_ENTITLEMENT)
    assert code == "registry_auth_failed"
    assert len(adapter.requests) == 1


def test_an_access_token_is_sent_and_exchanged_where_asked() -> None:
    """Directly to the registry, and as `oauth2accesstoken` to a token service that it names."""
    answers = {_URL: [_bearer(), _OK], _REALM: [_token(token="t")]}
    code, adapter = _resolved(answers, credential=Credential(_ORIGIN, "bearer", secret=Secret("ya29.token")))
    assert code == ""
    exchanged = "Basic " + base64.b64encode(b"oauth2accesstoken:ya29.token").decode()
    assert adapter.sent("Authorization") == ["Bearer ya29.token", exchanged, "Bearer t"]


def test_an_identity_token_is_exchanged_by_post() -> None:
    """OAuth2's refresh grant, in the body and not in the URL."""
    credential = Credential(_ORIGIN, "identity_token", secret=Secret("refresh-canary"))
    answers = {_URL: [_bearer(), _OK], _REALM: [_token(access_token="t")]}
    code, adapter = _resolved(answers, credential=credential)
    assert code == ""
    posted = adapter.requests[1]
    assert (posted.method, posted.url) == ("POST", _REALM)
    assert parse_qs(str(posted.body))["refresh_token"] == ["refresh-canary"]
    assert adapter.sent("Authorization") == [None, None, "Bearer t"]


@pytest.mark.parametrize("origin", ["other.example.com", "registry.example.com:5000"])
def test_a_credential_of_another_origin_is_refused(origin: str) -> None:
    """It is bound to scheme, host and port; nothing is requested."""
    credential = Credential(parse_authority(origin), "basic", "me", Secret("s3cret"))
    assert refusal_of(lambda: _client({}, credential=credential)) == "registry_auth_failed"


def test_docker_hubs_credential_goes_where_docker_hub_serves() -> None:
    """It is configured under the name that people write, and never goes to a mirror."""
    credential = Credential(parse_authority("docker.io"), "entitlement", "me", Secret("s3cret"))
    session, adapter = scripted_session({"https://registry-1.docker.io/v2/library/p/manifests/1": [_OK]})

    def client(**options: Any) -> RegistryClient:
        judge = lambda _host, _port: None  # noqa: E731 - allows everything
        return RegistryClient("docker.io", "p", session=session, judge=judge, credential=credential, **options)

    client().resolve("1")
    assert adapter.sent("Authorization") == [_BASIC]
    assert refusal_of(lambda: client(endpoint="mirror.example.com")) == "registry_auth_failed"


@pytest.mark.parametrize("header", ["Negotiate", "", "Digest realm=x, nonce=y", "Basic", "\x00", "realm=x"])
def test_a_challenge_that_can_not_be_answered_is_refused(header: str) -> None:
    """Unknown schemes, and Basic without a credential."""
    code, _ = _resolved({_URL: [_challenge(header)]})
    assert code == "registry_auth_failed"


def test_the_challenge_of_another_host_is_not_answered() -> None:
    """A redirect target's 401 gets nothing."""
    blob = described(b"x")
    answers = {
        f"https://registry.example.com/v2/plugins/p/blobs/{blob.digest}": [
            Answer(307, headers={"Location": "https://evil.example.org/b"})
        ],
        "https://evil.example.org/b": [_challenge('Basic realm="x"')],
    }
    client, adapter, _ = _client(answers, credential=_PAIR)
    assert refusal_of(lambda: client.fetch_blob(blob, max_bytes=1)) == "registry_auth_failed"
    assert adapter.sent("Authorization") == [None, None]


def test_the_digest_is_the_one_asked_for_after_authentication() -> None:
    """Authentication changes nothing about what is verified."""
    client, _, _ = _client({_URL: [_bearer(), _OK], _REALM: [_token(token="t")]}, credential=_PAIR)
    assert client.resolve("1").digest == digest_of(_MANIFEST)
