"""A secret that can't get anywhere by accident: not into a log, an error, a record or a message."""

import hmac
from typing import Any, Final, NoReturn, Self, final

_HIDDEN: Final = "<secret>"


@final
class Secret:
    """Holds one text that only `reveal` gives out.

    Every printed form is the same placeholder; pickling and serialising raise. Equality takes the same time wherever
    two values differ; there is no hash, so a secret is no key of a dictionary.
    """

    __slots__ = ("_text",)
    __hash__ = None  # type: ignore[assignment]  # unhashable on purpose

    def __init__(self, text: str) -> None:
        """Keep the text."""
        object.__setattr__(self, "_text", text)

    def reveal(self) -> str:
        """Give the text: call it where it is sent, and nowhere else."""
        return str(object.__getattribute__(self, "_text"))

    def __repr__(self) -> str:
        return _HIDDEN

    def __format__(self, format_spec: str) -> str:
        return _HIDDEN

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(_octets(self), _octets(other))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a secret does not change")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a secret can't be serialised")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a secret can't be serialised")


def _octets(secret: Secret) -> bytes:
    return secret.reveal().encode("utf-8", "surrogatepass")
