"""What can go wrong between a person and the API, and the exit code of each."""

from typing import Final

from shared.errors import Reason, Refused

#: Exit codes: done; refused or failed; wrongly called; the API can't be reached or can't answer.
OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3

NO_ENDPOINT = Reason(
    "no_endpoint",
    "no endpoint is given",
    "Give --endpoint or set PLUGPORT_ENDPOINT; `python -m local status` prints the one of the local stack.",
)
NO_TOKEN = Reason(
    "no_token",
    "no token is given",
    "Give --token-file, or set PLUGPORT_TOKEN; an operator makes one with `plugport token create`.",
)
INVALID_ENDPOINT = Reason(
    "invalid_endpoint",
    "the endpoint is not a URL that can be used",
    "Write it as https://host[:port]/stage; http:// is taken for this machine's own addresses only.",
)
INVALID_OPTION = Reason("invalid_option", "an option can't be used", "See `plugport COMMAND --help`.")
UNREADABLE_FILE = Reason("unreadable_file", "a file can't be read", "Check the path, its permissions and its contents.")
NO_TABLE = Reason(
    "no_table",
    "the table of tokens is not named",
    "Give --table or set TOKENS_TABLE_NAME; the stack's output TokensTableName has it.",
)
CANNOT_REACH = Reason(
    "cannot_reach",
    "the API can't be reached",
    "Check the endpoint and the network; `python -m local status` says whether the local stack is up.",
)
BAD_ANSWER = Reason(
    "bad_answer",
    "what answered is not this API",
    "Check that the endpoint ends with the stage, e.g. https://….execute-api.eu-west-1.amazonaws.com/live.",
)
WAIT_TIMED_OUT = Reason(
    "wait_timed_out",
    "the work has not ended in the time to wait",
    "It goes on without you: look again with `plugport get` and `plugport events`.",
)
AMBIGUOUS_SLUG = Reason(
    "ambiguous_slug",
    "several plugins have this slug",
    "Give --namespace, or the plugin's id.",
)
REASONS: Final = (
    NO_ENDPOINT,
    NO_TOKEN,
    INVALID_ENDPOINT,
    INVALID_OPTION,
    UNREADABLE_FILE,
    NO_TABLE,
    CANNOT_REACH,
    BAD_ANSWER,
    WAIT_TIMED_OUT,
    AMBIGUOUS_SLUG,
)


class UsageError(Refused):
    """The command was called in a way that can't work; nothing was asked of the API."""
