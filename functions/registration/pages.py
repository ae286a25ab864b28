"""How much of a list one answer holds: never more than Lambda passes on. Pure."""

import json
from collections.abc import Iterable
from itertools import islice
from typing import Any, Final

from functions.registration.answer import json_text

#: Lambda refuses an answer of more than 6 MB (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html):
#: the caller would see a 502. What is left is for headers and `meta`, and for rows that grow in a later release.
MAX_DATA_BYTES: Final = 4 * 1024 * 1024


def fill_page(rows: Iterable[dict[str, Any]], *, limit: int | None) -> list[dict[str, Any]]:
    """Give the first rows: at most `limit`, as many as fit in `MAX_DATA_BYTES`, and one if there is any.

    Args:
        rows: made one by one; what comes behind the page is not made.
        limit: at least 1; None = only the bytes count.
    """
    page: list[dict[str, Any]] = []
    size = 0
    for row in islice(rows, limit):
        size += sent_bytes(row)
        if page and size > MAX_DATA_BYTES:
            break
        page.append(row)
    return page


def sent_bytes(row: dict[str, Any]) -> int:
    """Give the size of a row, with its comma, as it leaves the function.

    The body is a string inside Lambda's own JSON, where each quote gets a backslash; the runtime of Python 3.11 writes
    that JSON in ASCII. So this is the most that any runtime makes of it.
    """
    return len(json.dumps(json_text(row)))
