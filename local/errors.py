"""What can go wrong with the local stack."""


class LocalError(Exception):
    """The local stack can't do it; says why and what to do next.

    Args:
        message: what happened.
        hint: what a person should do next.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint
