"""A secret does not get out by accident."""

import copy
import dataclasses
import json
import logging
import pickle
from collections.abc import Callable

import pytest

from shared.credentials import Credential, Secret
from shared.egress import Origin
from shared.observability import serialise

VALUE = "hunter2-hunter2"
SECRET = Secret(VALUE)
CREDENTIAL = Credential(Origin("https", "ghcr.io", 443), "basic", "user", SECRET)


@pytest.mark.parametrize(
    "printed",
    [
        repr,
        str,
        format,
        lambda item: f"{item!s:>30} {item!r} {item}",
        lambda item: "%s %r" % (item, item),  # noqa: UP031 - the old form is the subject
        "{}".format,
        lambda item: str([item, {"a": item}]),
        lambda item: str(ValueError(item)),
        lambda item: serialise({"secret": item}),
    ],
)
@pytest.mark.parametrize("item", [SECRET, CREDENTIAL])
def test_no_printed_form_shows_it(printed: Callable[[object], str], item: object) -> None:
    """Every printed form leaves the value out, for the secret and for what holds it."""
    assert VALUE not in printed(item)


def test_parts_of_a_credential_do_not_show_it() -> None:
    """Neither `asdict` nor a format with a width gives the value out."""
    assert VALUE not in str(dataclasses.asdict(CREDENTIAL))
    assert f"{SECRET:x^30}" == "<secret>"


def test_logging_does_not_show_it(caplog: pytest.LogCaptureFixture) -> None:
    """A log entry with a secret in it has a placeholder there."""
    logging.getLogger("test").warning("%s %r", SECRET, CREDENTIAL, extra={"credential": CREDENTIAL})
    assert VALUE not in caplog.text
    assert "<secret>" in caplog.text


@pytest.mark.parametrize(
    "serialised",
    [
        pickle.dumps,
        json.dumps,
        lambda item: item.__getstate__(),
        lambda item: item.__reduce__() if isinstance(item, Credential) else item.__reduce_ex__(4),
        vars,
        hash,
    ],
)
def test_it_can_not_be_serialised(serialised: Callable[[object], object]) -> None:
    """Pickling, JSON, `vars` and hashing raise instead of giving something out."""
    with pytest.raises(TypeError):
        serialised(SECRET)


def test_pickling_what_holds_it_fails() -> None:
    """A credential can't be pickled either."""
    with pytest.raises(TypeError):
        pickle.dumps(CREDENTIAL)


def test_copies_are_the_same_secret() -> None:
    """Copying gives the same object, so no second place holds the value."""
    assert copy.copy(SECRET) is SECRET
    assert copy.deepcopy(SECRET) is SECRET
    assert copy.deepcopy([SECRET])[0] is SECRET


def test_equality_compares_values() -> None:
    """Two secrets are equal when their values are, and never equal to a plain text."""
    assert Secret(VALUE) == SECRET
    assert Secret("p\N{LATIN SMALL LETTER A WITH DIAERESIS}") != SECRET
    assert Secret("\udcff") != SECRET
    assert SECRET != VALUE


def test_only_reveal_gives_it_out() -> None:
    """`reveal` gives the value; a secret does not change."""
    assert SECRET.reveal() == VALUE
    with pytest.raises(AttributeError):
        SECRET.other = 1
    assert VALUE not in str(dir(SECRET))
