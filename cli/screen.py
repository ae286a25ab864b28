"""What a person sees: aligned columns, colours on a terminal only, nothing that a terminal could obey."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, TextIO

_RED: Final = "31"
_GREEN: Final = "32"
_YELLOW: Final = "33"
#: Words with a meaning that a colour makes quicker to see.
_COLOURS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("ready", "healthy", "True", "allow", "verified"), _GREEN),
    **dict.fromkeys(("rejected", "failed", "unhealthy", "unreachable", "False", "deny"), _RED),
    **dict.fromkeys(("pending", "validated", "pulling", "unknown", "Unknown", "warn", "not_checked"), _YELLOW),
}

_UNITS: Final = ("KiB", "MiB", "GiB")


def printable(text: object) -> str:
    """Give the text with control characters and direction marks escaped: foreign text can't move the cursor."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape", "backslashreplace").decode()
        for character in str(text)
    )


def binary_size(size_bytes: int) -> str:
    """Give a size for people (`12.3 MiB`), and the exact one behind it where it is another."""
    power = min((max(size_bytes, 1).bit_length() - 1) // 10, len(_UNITS))
    if power == 0:
        return f"{size_bytes} bytes"
    return f"{size_bytes / 1024**power:.1f} {_UNITS[power - 1]} ({size_bytes} bytes)"


class Screen:
    """Prints.

    Args:
        out: results.
        err: errors and progress.
        colour: whether `out` and `err` are terminals that show colours.
    """

    def __init__(self, out: TextIO, err: TextIO, *, colour: bool) -> None:
        self._out = out
        self._err = err
        self._colour = colour

    def line(self, text: str = "") -> None:
        """Print one line of the result."""
        print(printable(text), file=self._out)

    def document(self, value: object) -> None:
        """Print JSON for programs; ASCII, so any terminal and pipe takes it."""
        print(json.dumps(value, indent=2), file=self._out)

    def table(self, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Print aligned columns under a header."""
        texts = [[printable("" if cell is None else cell) for cell in row] for row in rows]
        widths = [max(len(row[column]) for row in [list(header), *texts]) for column in range(len(header))]
        self._row(list(header), widths, paint=False)
        for row in texts:
            self._row(row, widths, paint=True)

    def pairs(self, pairs: Sequence[tuple[str, object]]) -> None:
        """Print `name  value` lines; empty values are left out."""
        shown = [(name, printable(value)) for name, value in pairs if value not in (None, "", [], {}, ())]
        width = max((len(name) for name, _ in shown), default=0)
        for name, value in shown:
            print(f"{name:<{width}}  {self._paint(value)}", file=self._out)

    def progress(self, text: str) -> None:
        """Print one line of progress beside the result."""
        print(printable(text), file=self._err, flush=True)

    def failure(self, code: str, detail: str, hint: str) -> None:
        """Print a reason, its values and what to do next."""
        name = printable(code)
        print(f"{self._colours(name, _RED)}: {printable(detail)}", file=self._err)
        if hint:
            print(f"  hint: {printable(hint)}", file=self._err)

    def _row(self, cells: Sequence[str], widths: Sequence[int], *, paint: bool) -> None:
        shown = []
        for cell, width in zip(cells, widths, strict=True):
            gap = " " * (width - len(cell))
            shown.append((self._paint(cell) if paint else cell) + gap)
        print("  ".join(shown).rstrip(), file=self._out)

    def _paint(self, text: str) -> str:
        return self._colours(text, _COLOURS.get(text, ""))

    def _colours(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour and code else text


def wants_colour(streams: Sequence[TextIO], environment: Mapping[str, str]) -> bool:
    """Say whether to use colours: every stream a terminal, and NO_COLOR (https://no-color.org) not set."""
    if environment.get("NO_COLOR") or environment.get("TERM") == "dumb":
        return False
    return all(stream.isatty() for stream in streams)


def attributes_of(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Give a resource's attributes with its id among them."""
    return {"id": resource.get("id"), **resource.get("attributes", {})}


def flat(values: Mapping[str, Any]) -> list[tuple[str, object]]:
    """Give the values of nested objects as `outer.inner` pairs, for `Screen.pairs`; lists on one line."""
    pairs: list[tuple[str, object]] = []
    for name, value in values.items():
        if isinstance(value, Mapping):
            pairs += [(f"{name}.{inner}", part) for inner, part in flat(value)]
        else:
            pairs.append((name, ", ".join(map(str, value)) if isinstance(value, list) else value))
    return pairs
