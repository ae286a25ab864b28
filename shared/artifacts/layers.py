"""Finds the entrypoint's file in the layers of an image, from the top layer down; nothing is extracted.

Rules: https://github.com/opencontainers/image-spec/blob/v1.1.0/layer.md#applying-changesets. The upper layer wins; a
whiteout hides what lies in lower layers only. Every layer is walked to its end, also below the found file: a layer that
no careful reader accepts makes the whole image refused.
"""

from collections.abc import Callable, Iterator
from typing import Final

from shared.artifacts.limits import PullLimits
from shared.artifacts.reasons import (
    ENTRYPOINT_IS_HARDLINK,
    ENTRYPOINT_IS_SYMLINK,
    ENTRYPOINT_MISSING,
    ENTRYPOINT_NOT_REGULAR,
    NOT_EXECUTABLE,
    PRIVILEGED_FILE,
    TAR_DEVICE,
    TAR_ENTRY_DUPLICATE,
    TAR_ENTRY_TOO_LARGE,
    TAR_NAME_INVALID,
    TAR_PARENT_IS_LINK,
    TAR_PATH_CONFLICT,
    TAR_ROOT_REPLACED,
    TAR_TOO_MANY_ENTRIES,
    WHITEOUT_INVALID,
)
from shared.artifacts.tar_reader import EntryKind, TarEntry, TarReader
from shared.errors import Reason, Refused

_WHITEOUT: Final = ".wh."
_OPAQUE: Final = ".wh..wh..opq"
_SETID_BITS: Final = 0o6000
_EXECUTE_BITS: Final = 0o111
_UNSTORABLE: Final[dict[EntryKind, Reason]] = {
    "symlink": ENTRYPOINT_IS_SYMLINK,
    "hardlink": ENTRYPOINT_IS_HARDLINK,
    "directory": ENTRYPOINT_NOT_REGULAR,
    "device": ENTRYPOINT_NOT_REGULAR,
}

#: Takes the executable's entry and its content, once.
TakeExecutable = Callable[[TarEntry, Iterator[memoryview]], None]


class EntrypointSearch:
    """The search for one path; give it the layers in order, the top one first, then call `finish`.

    Args:
        path: canonical path inside the image, without leading slash.
        take: called once with the found file.
        limits: bounds of the file.
    """

    def __init__(self, path: str, *, take: TakeExecutable, limits: PullLimits) -> None:
        self._path = path
        self._parents = frozenset(path[:end] for end, character in enumerate(path) if character == "/")
        self._take = take
        self._limits = limits
        self._found = False
        self._hidden = False
        self._settled: set[str] = set()

    def read_layer(self, reader: TarReader) -> None:
        """Walk one layer to its end.

        Raises:
            Refused: a reason of the archive, of the layer's rules or of the entrypoint's file.
        """
        names = _LayerNames(self._limits.max_entries)
        verdict: Reason | None = None
        hides = False
        settled: set[str] = set()
        for entry in reader:
            whiteout = _whiteout_target(entry)
            if whiteout is not None:
                hides = hides or self._is_hidden_by(whiteout)
                settled.add(whiteout)
                continue
            names.add(entry)
            if entry.path == self._path:
                verdict = self._meet(entry, reader)
            elif entry.kind == "device":
                raise Refused(TAR_DEVICE, f"{entry.path!r}")
            elif entry.path in self._parents:
                if entry.kind == "directory":
                    settled.add(entry.path)
                else:
                    verdict, hides = verdict or self._meet_replaced_parent(entry), True
        if verdict is not None:
            raise Refused(verdict, f"/{self._path}")
        self._hidden = self._hidden or hides
        self._settled |= settled

    def finish(self) -> None:
        """Raise `Refused(ENTRYPOINT_MISSING)` if no layer had the file."""
        if not self._found:
            raise Refused(ENTRYPOINT_MISSING, f"no layer has /{self._path}")

    def _meet(self, entry: TarEntry, reader: TarReader) -> Reason | None:
        """Take the file, or give the reason why this is none (raised at the layer's end: a duplicate says more)."""
        if self._found or self._hidden:
            return None
        if entry.kind != "file":
            return _UNSTORABLE[entry.kind]
        if entry.mode & _SETID_BITS or entry.has_capabilities:
            return PRIVILEGED_FILE
        if not entry.mode & _EXECUTE_BITS:
            return NOT_EXECUTABLE
        if entry.size > self._limits.max_executable_bytes:
            raise Refused(TAR_ENTRY_TOO_LARGE, f"/{self._path} has {entry.size} bytes")
        self._take(entry, reader.read_content())
        self._found = True
        return None

    def _meet_replaced_parent(self, entry: TarEntry) -> Reason | None:
        """Judge a link or file where the path has a directory: runtimes differ in where the upper layers' files go."""
        replaced_above = entry.path in self._settled
        if self._hidden or replaced_above or (entry.kind != "symlink" and not self._found):
            return None
        return ENTRYPOINT_IS_SYMLINK if entry.kind == "symlink" else TAR_PATH_CONFLICT

    def _is_hidden_by(self, target: str) -> bool:
        """Say whether a whiteout (`dir/` = everything in it) hides the path in lower layers."""
        if target.endswith("/"):
            return target == "/" or self._path.startswith(target)
        return target == self._path or target in self._parents


class _LayerNames:
    """The names of one layer: each once, nothing below a file or a link.

    Args:
        max_directories: bound of directories, those that are only implied by longer paths included.
    """

    def __init__(self, max_directories: int) -> None:
        self._max_directories = max_directories
        # Hashes in place of texts: a hundred thousand long paths would not be flat memory. Equal hashes of different
        # paths only refuse a layer, at odds of about 1 in 10^9.
        self._seen: set[int] = set()
        self._directories: set[int] = set()
        self._links: set[int] = set()
        self._others: set[int] = set()
        self._last_parent = ""

    def add(self, entry: TarEntry) -> None:
        """Add one entry; raises `Refused` where it contradicts an earlier one."""
        if not entry.path:
            _check_root(entry)
        key = hash(entry.path)
        if key in self._seen:
            raise Refused(TAR_ENTRY_DUPLICATE, f"{entry.path!r}")
        self._seen.add(key)
        self._check_parents(entry.path)
        if entry.kind == "directory":
            self._directories.add(key)
            return
        if key in self._directories:
            raise Refused(TAR_PATH_CONFLICT, f"{entry.path!r}")
        (self._links if entry.kind == "symlink" else self._others).add(key)

    def _check_parents(self, path: str) -> None:
        parent = path.rpartition("/")[0]
        if parent == self._last_parent:
            return
        above = parent
        while above and (key := hash(above)) not in self._directories:
            if key in self._links:
                raise Refused(TAR_PARENT_IS_LINK, f"{path!r}")
            if key in self._others:
                raise Refused(TAR_PATH_CONFLICT, f"{path!r}")
            self._directories.add(key)
            above = above.rpartition("/")[0]
        if len(self._directories) > self._max_directories:
            raise Refused(TAR_TOO_MANY_ENTRIES, f"more than {self._max_directories} directories")
        self._last_parent = parent


def _check_root(entry: TarEntry) -> None:
    if entry.kind == "file":
        raise Refused(TAR_NAME_INVALID, "a file has the name of the root directory")
    if entry.kind != "directory":
        raise Refused(TAR_ROOT_REPLACED, f"by a {entry.kind}")


def _whiteout_target(entry: TarEntry) -> str | None:
    """Give what a whiteout hides (`dir/` for the whole content of a directory), None for any other entry."""
    if _WHITEOUT not in entry.path:
        return None
    parent, _, name = entry.path.rpartition("/")
    if any(part.startswith(_WHITEOUT) for part in parent.split("/")):
        raise Refused(WHITEOUT_INVALID, f"{entry.path!r} lies below a whiteout")
    if not name.startswith(_WHITEOUT):
        return None
    hidden = name.removeprefix(_WHITEOUT)
    opaque = name == _OPAQUE
    if entry.kind != "file" or hidden in {"", ".", ".."} or (hidden.startswith(_WHITEOUT) and not opaque):
        raise Refused(WHITEOUT_INVALID, f"{entry.path!r}")
    return f"{parent}/" if opaque else f"{parent}/{hidden}".lstrip("/")
