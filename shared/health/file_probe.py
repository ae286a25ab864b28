"""Look at a `file://` plugin where its path is mounted: what a gateway would execute, and who could change it.

The path is walked from the root, directory by directory, each opened relative to the one before and never through a
link (openat(2) with O_NOFOLLOW), and everything is judged on what is open: nothing can be swapped between two looks.
"""

import errno
import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Final

from shared.errors import Reason, Refused
from shared.health.reasons import (
    CHECKSUM_MISMATCH,
    DEADLINE_EXCEEDED,
    FILE_IO_ERROR,
    FILE_NOT_FOUND,
    FILE_OK,
    FILE_PATH_INVALID,
    FILE_TOO_LARGE,
    FILE_UNREADABLE,
    GATEWAY_ONLY,
    NOT_EXECUTABLE,
    NOT_REGULAR_FILE,
    SYMBOLIC_LINK,
    UNSAFE_OWNER,
    UNSAFE_PERMISSIONS,
)
from shared.health.results import Outcome, ProbeResult

_OPEN: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK  # a FIFO must not keep us waiting
# Linux needs no right to list a directory in order to pass through it.
_DIRECTORY: Final = os.O_DIRECTORY | getattr(os, "O_PATH", 0)
_OTHERS_MAY_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_SET_ID: Final = stat.S_ISUID | stat.S_ISGID
_ANY_EXECUTE: Final = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH
_READ_BYTES: Final = 1024 * 1024

#: Where our own rights or the file system fail, the gateway may still do better.
_SAYS_NOTHING: Final = frozenset({FILE_UNREADABLE, FILE_IO_ERROR, DEADLINE_EXCEEDED})
_ERRNO_REASONS: Final[dict[int, Reason]] = {
    errno.ENOENT: FILE_NOT_FOUND,
    errno.ENOTDIR: NOT_REGULAR_FILE,
    errno.ELOOP: SYMBOLIC_LINK,
    errno.ENXIO: NOT_REGULAR_FILE,  # a socket, or a device without a driver
    errno.ENODEV: NOT_REGULAR_FILE,
    errno.ENAMETOOLONG: FILE_PATH_INVALID,
    errno.EACCES: FILE_UNREADABLE,
    errno.EPERM: FILE_UNREADABLE,
}


@dataclass(frozen=True, slots=True)
class FileExpectation:
    """What is asked of a plugin's file.

    Attributes:
        sha256: 64 lower-case hexadecimal digits that the content must have, None = not compared.
        max_bytes: bound of the file's size.
        owner_uid: a trusted owner beside root and the checking process's user.
        deadline_seconds: bound of reading the content for its checksum, looked at between reads.
    """

    sha256: str | None = None
    max_bytes: int = 512 * 1024 * 1024
    owner_uid: int | None = None
    deadline_seconds: float = 10.0


def probe_file(
    path: str,
    *,
    mounts: Sequence[str],
    expectation: FileExpectation = FileExpectation(),
    clock: Callable[[], float] = time.monotonic,
) -> ProbeResult:
    """Check the file that a command names.

    Args:
        path: absolute, in normal form.
        mounts: absolute directories that are mounted here; their own permissions count, those above them do not.
        expectation: what is asked of the file.
        clock: monotonic seconds.
    """
    started = clock()
    parts = _parts_of(path)
    depth = _mount_depth(parts, mounts)
    try:
        if not parts:
            raise Refused(FILE_PATH_INVALID)  # noqa: TRY301 - one place maps reasons to results
        if not 0 < depth < len(parts):
            return ProbeResult("unknown", "none", GATEWAY_ONLY, address=path)
        _check(parts, depth, expectation, clock)
        result = ProbeResult("healthy", "file", FILE_OK)
    except Refused as error:
        outcome: Outcome = "unknown" if error.reason in _SAYS_NOTHING else "unhealthy"
        result = ProbeResult.from_error(error, outcome=outcome, probe="file")
    return replace(result, latency_ms=round((clock() - started) * 1000), address=path)


def _parts_of(path: str) -> tuple[str, ...]:
    """Give the names from the root down; empty where the path is not an absolute one in normal form."""
    parts = tuple(path.split("/"))[1:]
    is_normal = path.startswith("/") and "\0" not in path and not {"", ".", ".."} & set(parts)
    return parts if is_normal else ()


def _mount_depth(parts: tuple[str, ...], mounts: Sequence[str]) -> int:
    roots = (_parts_of(mount.rstrip("/")) for mount in mounts)
    return max((len(root) for root in roots if parts[: len(root)] == root), default=0)


def _check(parts: tuple[str, ...], mount_depth: int, expectation: FileExpectation, clock: Callable[[], float]) -> None:
    owners = {0, os.geteuid()} | ({expectation.owner_uid} if expectation.owner_uid is not None else set())
    with ExitStack() as opened:
        directory = _opened(opened, "/", _DIRECTORY, None)
        for depth, name in enumerate(parts[:-1], start=1):
            directory = _opened(opened, name, _DIRECTORY, directory)
            if depth >= mount_depth:
                _judge_directory(os.fstat(directory), "/" + "/".join(parts[:depth]), owners)
        _refuse_special(parts[-1], directory)
        file = _opened(opened, parts[-1], 0, directory)
        _judge_file(os.fstat(file), owners, expectation.max_bytes)
        if expectation.sha256 is not None:
            _compare_checksum(file, expectation, clock)


def _opened(stack: ExitStack, name: str, flags: int, directory: int | None) -> int:
    try:
        descriptor = os.open(name, _OPEN | flags, dir_fd=directory)
    except OSError as error:
        raise _refusal(error, name, directory) from error
    stack.callback(os.close, descriptor)
    return descriptor


def _refusal(error: OSError, name: str, directory: int | None) -> Refused:
    # O_DIRECTORY with O_NOFOLLOW says ENOTDIR of a link: look again, only to name the cause.
    if error.errno in (errno.ENOTDIR, errno.ELOOP) and _is_link(name, directory):
        return Refused(SYMBOLIC_LINK, f'"{name}" is a symbolic link')
    reason = _ERRNO_REASONS.get(error.errno or 0, FILE_IO_ERROR)
    return Refused(reason, f'"{name}": {os.strerror(error.errno or 0)}')


def _is_link(name: str, directory: int | None) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode)
    except OSError:
        return False  # it went away meanwhile: the first error names the cause


def _refuse_special(name: str, directory: int) -> None:
    """Refuse devices and pipes before they are opened: opening alone can have an effect."""
    try:
        found = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except OSError as error:
        raise _refusal(error, name, directory) from error
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode)):
        raise Refused(NOT_REGULAR_FILE, f'"{name}" is not a regular file')


def _judge_directory(found: os.stat_result, path: str, owners: set[int]) -> None:
    if found.st_uid not in owners:
        raise Refused(UNSAFE_OWNER, f"the directory {path} belongs to user {found.st_uid}")
    # The sticky bit keeps others from replacing what is not theirs.
    if found.st_mode & _OTHERS_MAY_WRITE and not found.st_mode & stat.S_ISVTX:
        raise Refused(UNSAFE_PERMISSIONS, f"the directory {path} has mode {stat.S_IMODE(found.st_mode):04o}")


def _judge_file(found: os.stat_result, owners: set[int], max_bytes: int) -> None:
    mode = stat.S_IMODE(found.st_mode)
    if not stat.S_ISREG(found.st_mode):
        raise Refused(NOT_REGULAR_FILE)
    if found.st_uid not in owners:
        raise Refused(UNSAFE_OWNER, f"the file belongs to user {found.st_uid}")
    if mode & (_OTHERS_MAY_WRITE | _SET_ID):
        raise Refused(UNSAFE_PERMISSIONS, f"the file has mode {mode:04o}")
    if not mode & _ANY_EXECUTE:
        raise Refused(NOT_EXECUTABLE, f"the file has mode {mode:04o}")
    if found.st_size > max_bytes:
        raise Refused(FILE_TOO_LARGE, f"{found.st_size} bytes, at most {max_bytes} are allowed")


def _compare_checksum(file: int, expectation: FileExpectation, clock: Callable[[], float]) -> None:
    digest = hashlib.sha256()
    end = clock() + expectation.deadline_seconds
    read = 0
    for chunk in _chunks(file):
        digest.update(chunk)
        read += len(chunk)
        if read > expectation.max_bytes:
            raise Refused(FILE_TOO_LARGE, f"the file grew beyond {expectation.max_bytes} bytes while it was read")
        if clock() > end:
            raise Refused(DEADLINE_EXCEEDED, "the content could not be read within the deadline")
    if digest.hexdigest() != expectation.sha256:
        raise Refused(CHECKSUM_MISMATCH, f"the content is sha256:{digest.hexdigest()}")


def _chunks(file: int) -> Iterator[bytes]:
    try:
        while chunk := os.read(file, _READ_BYTES):
            yield chunk
    except OSError as error:
        raise Refused(FILE_IO_ERROR, os.strerror(error.errno or 0)) from error
