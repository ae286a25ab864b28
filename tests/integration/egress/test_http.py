"""HTTP through judged sockets, against real servers on loopback."""

import socket
import struct
from pathlib import Path

import pytest
import requests

from shared.egress import EgressAdapter, build_session, mapped_errors
from shared.errors import PlugportError, Reason, Refused, Transient
from tests.integration.egress.servers import Answer, http_server, raw_server
from tests.unit.egress.fakes import FakePolicy, FakeResolver

pytestmark = pytest.mark.enable_socket

NAME = "registry.example"
LOOPBACK = FakeResolver({NAME: ["127.0.0.1"], "other.example": ["127.0.0.1"], "six.example": ["::1"]})
INSECURE = [f"{NAME}:*", "other.example:*", "six.example:*", "127.0.0.1:*"]


def plain(
    resolver: FakeResolver = LOOPBACK, policy: FakePolicy | None = None, read_timeout_seconds: float = 2
) -> requests.Session:
    """Make a session that may use plain HTTP for the names here."""
    return build_session(
        policy=policy or FakePolicy(),
        resolver=resolver,
        insecure_registries=INSECURE,
        read_timeout_seconds=read_timeout_seconds,
    )


def refused(session: requests.Session, url: str) -> PlugportError:
    """Give the error of a GET."""
    with pytest.raises(PlugportError) as caught:
        session.get(url)
    return caught.value


def test_host_keeps_the_name() -> None:
    """The socket goes to the judged address, `Host` says the name of the URL."""
    with http_server() as server:
        response = plain().get(f"http://{NAME}:{server.port}/v2/?a=b")
    assert response.content == b"hello"
    assert server.seen[0].path == "/v2/?a=b"
    assert server.seen[0].headers["Host"] == f"{NAME}:{server.port}"
    assert server.seen[0].headers["Accept-Encoding"] == "identity"


def test_rebinding_finds_nothing_to_rebind() -> None:
    """The name is looked up once for a connection, and the first answer is the one that is dialled."""
    resolver = FakeResolver({NAME: [["127.0.0.1"], ["169.254.169.254"]]})
    policy = FakePolicy({"169.254.169.254"})
    session = plain(resolver, policy)
    with http_server() as server:
        for _ in range(3):
            assert session.get(f"http://{NAME}:{server.port}/").status_code == 200
        assert len(resolver.asked) == 1
        session.close()
        assert refused(session, f"http://{NAME}:{server.port}/").reason.code == "internal_network_address"
    assert len(server.seen) == 3


def test_mixed_answers_connect_to_nothing() -> None:
    """One refused address among good ones, and no address is dialled."""
    resolver = FakeResolver({NAME: ["127.0.0.1", "10.0.0.1"]})
    with http_server() as server:
        error = refused(plain(resolver, FakePolicy({"10.0.0.1"})), f"http://{NAME}:{server.port}/")
        assert error.reason.code == "internal_network_address"
    assert server.seen == []


def test_redirect_is_an_answer_and_its_target_a_new_hop() -> None:
    """Nothing follows a redirect by itself, and whoever does meets the policy again."""
    policy = FakePolicy({"169.254.169.254"})
    session = plain(policy=policy)
    answers = {"/blob": Answer(307, {"Location": "http://169.254.169.254/latest/"})}
    with http_server(answers) as server:
        response = session.get(f"http://{NAME}:{server.port}/blob", allow_redirects=True)
        assert response.status_code == 307
        assert response.history == []
        assert response.next is None
    assert refused(session, response.headers["Location"]).reason.code == "plain_http_refused"
    secure = build_session(policy=policy, resolver=LOOPBACK)
    assert refused(secure, "https://169.254.169.254/latest/").reason.code == "internal_network_address"


def test_proxies_of_environment_and_caller_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy sees anything: not the environment's, not the session's, not the call's."""
    with http_server() as proxy, http_server() as server:
        address = f"http://127.0.0.1:{proxy.port}"
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, address)
        session = plain()
        session.proxies = {"http": address}
        response = session.get(f"http://{NAME}:{server.port}/", proxies={"http": address})
        assert response.status_code == 200
        assert len(server.seen) == 1
        assert proxy.seen == []


def test_netrc_is_ignored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A netrc file gives nobody a password."""
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {NAME} login user password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with http_server() as server:
        plain().get(f"http://{NAME}:{server.port}/")
    assert "Authorization" not in server.seen[0].headers


def test_cookies_are_not_kept() -> None:
    """A cookie that one answer sets goes nowhere."""
    session = plain()
    with http_server({"/set": Answer(headers={"Set-Cookie": "a=b; Path=/"})}) as server:
        session.get(f"http://{NAME}:{server.port}/set")
        session.get(f"http://{NAME}:{server.port}/")
    assert "Cookie" not in server.seen[1].headers


def test_connections_are_not_shared_between_names() -> None:
    """Two names on one address have a look-up, a judgement and a connection each."""
    resolver, policy = FakeResolver({NAME: ["127.0.0.1"], "other.example": ["127.0.0.1"]}), FakePolicy()
    session = plain(resolver, policy)
    with http_server() as server:
        session.get(f"http://{NAME}:{server.port}/")
        session.get(f"http://other.example:{server.port}/")
    assert [host for host, _, _ in resolver.asked] == [NAME, "other.example"]


def test_plain_http_only_where_it_is_listed() -> None:
    """Without an entry for host and port, plain HTTP is refused before anything is looked up."""
    resolver = FakeResolver({NAME: ["127.0.0.1"]})
    with http_server() as server:
        for entries in ([], [NAME], [f"{NAME}:1"], [f"other.example:{server.port}"]):
            session = build_session(policy=FakePolicy(), resolver=resolver, insecure_registries=entries)
            assert refused(session, f"http://{NAME}:{server.port}/").reason.code == "plain_http_refused"
        assert resolver.asked == []
        exact = build_session(
            policy=FakePolicy(), resolver=resolver, insecure_registries=[f"{NAME.upper()}:{server.port}"]
        )
        assert exact.get(f"http://{NAME}:{server.port}/").status_code == 200


def test_broken_entries_are_refused_at_the_start() -> None:
    """An entry that is no host stops the start."""
    for broken in ("http://a.example", "a b", "a.example/x"):
        with pytest.raises(Refused, match="invalid_url"):
            build_session(policy=FakePolicy(), resolver=LOOPBACK, insecure_registries=[broken])
        with pytest.raises(Refused, match="invalid_url"):
            build_session(policy=FakePolicy(), resolver=LOOPBACK, ca_bundles={broken: ""})


def test_ipv6() -> None:
    """Names with AAAA records and IPv6 literals are dialled and written as they should be."""
    with http_server(family=socket.AF_INET6) as server:
        plain().get(f"http://six.example:{server.port}/")
        session = build_session(policy=FakePolicy(), resolver=FakeResolver({}), insecure_registries=["[::1]:*"])
        session.get(f"http://[::1]:{server.port}/")
    assert server.seen[1].headers["Host"] == f"[::1]:{server.port}"


def reset(connection: socket.socket) -> None:
    """Read a little, then reset the connection."""
    connection.recv(10)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def banner(connection: socket.socket) -> None:
    """Greet as another service does."""
    connection.recv(10_000)
    connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")


def silent(connection: socket.socket) -> None:
    """Say nothing until the client goes away."""
    connection.recv(10_000)
    connection.settimeout(5)
    connection.recv(1)


def cut(connection: socket.socket) -> None:
    """End a body before its length."""
    connection.recv(10_000)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")


@pytest.mark.parametrize(
    ("behaviour", "kind", "code"),
    [
        (reset, Transient, "connection_reset"),
        (banner, Refused, "http_protocol_error"),
        (silent, Transient, "response_timed_out"),
        (cut, Transient, "response_incomplete"),
    ],
)
def test_misbehaving_servers(behaviour: object, kind: type[PlugportError], code: str) -> None:
    """Each way to misbehave has a stable reason, and nothing of what the peer sent is repeated."""
    assert callable(behaviour)
    with raw_server(behaviour) as server:
        error = refused(plain(read_timeout_seconds=0.3), f"http://{NAME}:{server.port}/")
    assert (type(error), error.reason.code) == (kind, code)
    assert "SSH" not in str(error)
    assert len(server.seen) == 1


def test_body_that_is_streamed_is_mapped_by_its_reader() -> None:
    """Who reads a streamed body uses the same table."""
    with raw_server(cut) as server:
        response = plain().get(f"http://{NAME}:{server.port}/", stream=True)
        with pytest.raises(Transient, match="response_incomplete"), mapped_errors(NAME):
            list(response.iter_content(10))


def test_nothing_listens() -> None:
    """A closed port is `connection_refused`, and transient."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        error = refused(plain(), f"http://{NAME}:{free.getsockname()[1]}/")
    assert (type(error), error.reason.code) == (Transient, "connection_refused")


def test_hanging_look_up_is_transient() -> None:
    """The resolver's own deadline comes through the HTTP stack unchanged."""
    failure = Transient(Reason("name_lookup_timed_out", "slow", "Wait."))
    error = refused(plain(FakeResolver({NAME: failure})), f"http://{NAME}:5000/")
    assert error is failure


@pytest.mark.parametrize(
    "url",
    [
        "http://1.2.3.4\\@127.0.0.1/",
        "http://user:password@registry.example/",
        "http://127.1/",
        "file:///etc/passwd",
        "registry.example",
        "http://registry.example:99999/",
    ],
)
def test_urls_with_two_readings(url: str) -> None:
    """URLs that parsers disagree about are refused before anything is looked up."""
    resolver = FakeResolver({})
    assert refused(plain(resolver), url).reason.code == "invalid_url"
    assert resolver.asked == []


def test_adapter_on_a_foreign_session() -> None:
    """Mounted on a session that another library made, the adapter judges, verifies and avoids proxies all the same."""
    session = requests.Session()
    adapter = EgressAdapter(
        policy=FakePolicy({"10.0.0.1"}),
        resolver=FakeResolver({NAME: ["127.0.0.1"], "bad.example": ["10.0.0.1"]}),
        insecure_registries=INSECURE,
    )
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    session.proxies = {"http": "http://127.0.0.1:1", "https": "http://127.0.0.1:1"}
    with http_server() as server:
        assert session.get(f"http://{NAME}:{server.port}/").status_code == 200
    with pytest.raises(Refused, match="internal_network_address"):
        session.get("https://bad.example/", verify=False)
