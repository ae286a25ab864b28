"""The command line itself: options, exit codes, what a terminal gets to see."""

from pathlib import Path

import pytest

from cli.screen import printable, wants_colour
from tests.unit.cli.fakes import FakeApi, Terminal, answer, plugin

ID = "plg_01kav0000000000000000000aa"
API = {f"GET /api/v1/plugins/{ID}": answer(plugin())}


def test_options_before_and_behind_the_subcommand() -> None:
    """Connection options count wherever they stand, and win over the environment."""
    for argv in (["--endpoint", "https://x/live", "get", ID], ["get", ID, "--endpoint", "https://x/live"]):
        terminal = Terminal(FakeApi(API))
        assert terminal.run(*argv, "--timeout", "7") == 0
        assert terminal.connected[0] == ("https://x/live", "ppt_x", 7.0)


def test_token_sources(tmp_path: Path) -> None:
    """--token-file wins over --token, which wins over PLUGPORT_TOKEN."""
    file = tmp_path / "token"
    file.write_text("ppt_file\n")
    for argv, expected in ((["--token-file", str(file), "--token", "b"], "ppt_file"), (["--token", "b"], "b")):
        terminal = Terminal(FakeApi(API))
        assert terminal.run("get", ID, *argv) == 0
        assert terminal.connected[0][1] == expected


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({}, "no_endpoint"),
        ({"PLUGPORT_ENDPOINT": "https://x"}, "no_token"),
        ({"PLUGPORT_ENDPOINT": "https://x", "PLUGPORT_TOKEN": "a b"}, "no_token"),
        ({"PLUGPORT_ENDPOINT": "https://x", "PLUGPORT_TOKEN": "é"}, "no_token"),
    ],
)
def test_missing_connection_is_a_usage_error(environment: dict[str, str], reason: str) -> None:
    """Without endpoint or usable token the command ends with exit code 2 and says which option to give."""
    terminal = Terminal(environment=environment)
    assert terminal.run("get", ID) == 2
    assert terminal.err.startswith(f"{reason}: ")
    assert "hint: Give --" in terminal.err


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["unknown"],
        ["get"],
        ["get", ID, "--timeout", "0"],
        ["get", ID, "--timeout", "x"],
        ["list", "--limit", "0"],
        ["list", "--active", "--inactive"],
        ["token", "create", "--scopes", "read,,"],
        ["token", "create", "--expires-in", "2y"],
        ["validate"],
        ["get", ID, "--format", "yaml"],
        ["get", ID, "--end", "https://x"],
    ],
)
def test_wrong_usage(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A command line that can't be read is exit code 2 with argparse's own words."""
    assert Terminal().run(*argv) == 2
    assert "usage: plugport" in capsys.readouterr().err


def test_help_lists_every_subcommand(capsys: pytest.CaptureFixture[str]) -> None:
    """`plugport --help` names every subcommand and the exit codes."""
    assert Terminal().run("--help") == 0
    shown = capsys.readouterr().out
    names = "validate plan doctor register get list reload health delete events token"
    assert all(f"  {name} " in shown for name in names.split())
    assert "exit codes:" in shown


def test_foreign_text_can_not_steer_the_terminal() -> None:
    """Escape sequences, line breaks and direction marks in a plugin's name are shown, not obeyed."""
    hostile = plugin(name="a\x1b[2J\nb\u202ec\ud800")
    terminal = Terminal(FakeApi({f"GET /api/v1/plugins/{ID}": answer(hostile)}))
    assert terminal.run("get", ID) == 0
    assert "\x1b" not in terminal.out
    assert "a\\x1b[2J\\nb\\u202ec\\ud800" in terminal.out
    assert printable("Zoë ✓") == "Zoë ✓"


def test_colours_keep_columns_aligned() -> None:
    """Colours surround words with a meaning and count for no width."""
    terminal = Terminal(FakeApi({"GET /api/v1/plugins": answer([plugin()], meta={})}))
    terminal.colour = True
    assert terminal.run("list") == 0
    coloured = terminal.out
    terminal.colour = False
    assert terminal.run("list") == 0
    assert "\x1b[32mready\x1b[0m" in coloured
    assert coloured.replace("\x1b[32m", "").replace("\x1b[33m", "").replace("\x1b[0m", "") == terminal.out


class _Stream:
    """A stream that is, or is not, a terminal."""

    def __init__(self, *, terminal: bool) -> None:
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


def test_colours_on_a_terminal_only() -> None:
    """Pipes, NO_COLOR and dumb terminals get no colours."""
    on, off = _Stream(terminal=True), _Stream(terminal=False)
    assert wants_colour((on, on), {})  # type: ignore[arg-type]  # only isatty() matters here
    assert not wants_colour((on, off), {})  # type: ignore[arg-type]  # same
    assert not wants_colour((on,), {"NO_COLOR": "1"})  # type: ignore[arg-type]  # same
    assert not wants_colour((on,), {"TERM": "dumb"})  # type: ignore[arg-type]  # same
