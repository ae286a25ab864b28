"""Times as the records have them."""

from datetime import UTC, datetime


def rfc3339(epoch: float) -> str:
    """Give epoch seconds as RFC 3339 in UTC with milliseconds, e.g. `2026-11-24T06:05:50.123Z`."""
    text = datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"
