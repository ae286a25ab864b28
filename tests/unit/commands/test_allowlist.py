"""The allow list: what its entries match, what they open, and how a broken one is named."""

import pytest

from shared.commands import AllowList, SettingsError, parse_command

LIST = AllowList(
    " /usr/local/plugins/* , file:///opt/exact, /srv/*/bin/p-*.run, grpc://plugins.prod.svc/*,grpc://one:50051,"
    "grpc://two:6379/*,grpc://10.0.0.0/8,grpc://[fd00::]/8,grpc://::ffff:192.168.0.0/112,"
    "oci://registry.example.com/plugins/*,oci://mirror:5000/*,oci://ghcr.io/a/b:v1,oci://ghcr.io/c:1?pubkey=CI,python,"
)


@pytest.mark.parametrize(
    "text",
    [
        "file:///usr/local/plugins/a/b",
        "file:///opt/exact",
        "file:///srv/x/bin/p-1.run",
        "grpc://Plugins.Prod.Svc:9443",
        "grpc://one:50051",
        "grpc://two:6379",
        "grpc://10.255.255.255:1",
        "grpc://[::ffff:10.0.0.5]:1",
        "grpc://[fd00::1]:1",
        "grpc://192.168.7.7:1",
        "oci://REGISTRY.example.com/plugins/a/b@sha256:" + "0" * 64,
        "oci://mirror:5000/anything",
        "oci://ghcr.io/a/b:v1",
        "oci://ghcr.io/a/b:v1?arch=linux/arm64",
        "oci://ghcr.io/c:1?pubkey=CI",
    ],
)
def test_listed(text: str) -> None:
    """An entry lists what it was written for."""
    assert LIST.match(parse_command(text)).listed


@pytest.mark.parametrize(
    "text",
    [
        "file:///usr/local/plugins",
        "file:///usr/local/plugins-evil/a",
        "file:///var/usr/local/plugins/a",
        "file:///opt/exact/x",
        "file:///srv/x/y/bin/p-1.run",
        "file:///srv/x/bin/p-1/2.run",
        "file:///python",
        "grpc://plugins.prod.svc.evil.example.com:1",
        "grpc://a.plugins.prod.svc:1",
        "grpc://one:50052",
        "grpc://11.0.0.0:1",
        "grpc://10.example.com:1",
        "grpc://[::ffff:11.0.0.5]:1",
        "grpc://[fc00::1]:1",
        "oci://registry.example.com/pluginsx/a",
        "oci://registry.example.com/plugins",
        "oci://registry.example.com:443/plugins/a",
        "oci://mirror/anything",
        "oci://ghcr.io/a/b:v10",
        "oci://ghcr.io/c:1",
        "oci://ghcr.io/c:1?pubkey=DEV",
        "oci://10.0.0.5/a",
    ],
)
def test_not_listed(text: str) -> None:
    """Neither substrings, siblings, other ports nor other schemes are listed."""
    assert not LIST.match(parse_command(text)).listed


@pytest.mark.parametrize(
    ("text", "target", "port"),
    [
        ("file:///opt/exact", False, False),
        ("grpc://plugins.prod.svc:22", True, True),
        ("grpc://one:50051", True, True),
        ("grpc://10.0.0.5:22", True, False),
        ("oci://mirror:5000/a", True, True),
    ],
)
def test_opens(text: str, target: bool, port: bool) -> None:  # noqa: FBT001 - pytest passes parameters by name
    """A host entry opens its target and its ports, a network only the addresses."""
    opening = LIST.match(parse_command(text))
    assert (opening.target, opening.port) == (target, port)


def test_bare_words_match_nothing() -> None:
    """A bare word is kept for the doctor to point at; it is no substring."""
    assert LIST.matchless == ("python",)


@pytest.mark.parametrize(
    "entry",
    [
        *(
            "grpc://10.0.0.0/33",
            "grpc://10.0.0.1/8",
            "grpc://10.0.0/8",
            "grpc://999.0.0.0/8",
            "grpc://host",
            "grpc://*",
        ),
        *(
            "grpc://*.example.com/*",
            "grpc://a b/*",
            "http://x",
            "oci://10.0.0.0/8",
            "oci://r.example.com/A/*",
            "oci://*",
        ),
        *(
            "oci://r.example.com/a:1/*",
            "oci:///*",
            "/opt/",
            "/opt//*",
            "/opt/../*",
            "/opt/./*",
            "/a*b*",
            "opt/*",
            "*",
            "/",
        ),
        *("*", "/", "/opt/a b", "file://opt/x", "grpc://[fd00::/8"),
    ],
)
def test_broken_entry_is_named(entry: str) -> None:
    """A broken entry stops the start and is named with its variable."""
    with pytest.raises(SettingsError) as caught:
        AllowList(f"/usr/local/bin/*,{entry}")
    assert caught.value.reason.code == "invalid_allowlist"
    assert "PLUGIN_COMMAND_ALLOWLIST" in caught.value.message
    assert repr(entry) in caught.value.message


def test_only_separators() -> None:
    """A list without an entry is an error: nobody can tell whether it means all or nothing."""
    with pytest.raises(SettingsError):
        AllowList(" , ,")


def test_secret_in_an_entry_is_not_shown() -> None:
    """The name of a broken entry leaves out user information."""
    with pytest.raises(SettingsError) as caught:
        AllowList("oci://user:s3cret@ghcr.io/a/*")
    assert "s3cret" not in str(caught.value)


def test_everything_below_the_root() -> None:
    """`/*` lists every path, `grpc://0.0.0.0/0` every IPv4 address."""
    assert AllowList("/*").match(parse_command("file:///opt/p")).listed
    assert AllowList("grpc://0.0.0.0/0").match(parse_command("grpc://8.8.8.8:1")).listed
