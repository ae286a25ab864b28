"""What every table must do: the one on DynamoDB, and the one in memory that other tests use instead."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from shared.errors import NotFound, Refused, Transient
from shared.plugins.dynamodb_table import DynamoDBTable
from shared.plugins.ports import Conflict, Idempotency, PluginKey, SlugTaken
from shared.plugins.transitions import Change, quiet_change
from shared.plugins.work import transition
from tests.unit.plugins.fakes import InMemoryPluginTable
from tests.unit.plugins.records import AT, NOW, moved, new, plugin, plugin_id, version
from tests.unit.plugins.tables import dynamodb, moto_table

KEY = PluginKey("team-a", plugin_id(1))


class Clock:
    """Moves when told."""

    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        """Give the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock."""
    return Clock()


@pytest.fixture(params=["memory", "dynamodb"])
def table(request: pytest.FixtureRequest, clock: Clock) -> Iterator[Any]:
    """An empty table of each kind."""
    if request.param == "memory":
        yield InMemoryPluginTable(clock=clock)
        return
    with moto_table(clock) as real:
        yield real


def test_a_plugin_is_read_as_it_was_written(table: Any) -> None:
    """With its place, found by id alone."""
    change = new(config={"a": [1, 2.5, None, True, "ä"]}, warnings=("w",))
    table.commit(change)
    assert table.load(KEY) == change.after
    assert table.namespace_of(KEY.plugin_id) == "team-a"
    assert table.list_namespaces() == ["team-a"]


def test_what_is_not_there_is_not_found(table: Any) -> None:
    """In another namespace neither: the namespace is part of the key."""
    table.commit(new())
    for key in (PluginKey("team-a", plugin_id(2)), PluginKey("team-b", plugin_id(1))):
        with pytest.raises(NotFound):
            table.load(key)
    assert table.namespace_of(plugin_id(2)) is None
    assert table.list_plugins("team-b") == []


def test_the_second_of_two_writers_loses(table: Any) -> None:
    """Whoever loaded an older revision, also to delete, and also whoever creates what is there."""
    table.commit(new())
    seen = table.load(KEY)
    table.commit(moved(seen, "plugin.validated"))
    for late in (moved(seen, "plugin.rejected"), moved(seen, "plugin.deleted"), new(slug="other"), _quiet(seen)):
        with pytest.raises(Conflict):
            table.commit(late)
    assert table.load(KEY).status == "validated"
    assert [e.name for _, e in table.list_events(KEY.plugin_id, limit=9)] == ["plugin.registered", "plugin.validated"]


def _quiet(seen: Any) -> Change:
    return quiet_change(seen, replace(seen, health={"status": "healthy"}), at=AT)


def test_a_slug_belongs_to_one_plugin_of_a_namespace(table: Any) -> None:
    """Nothing of the refused plugin is written."""
    table.commit(new(1, slug="mine"))
    with pytest.raises(SlugTaken):
        table.commit(new(2, slug="mine"))
    assert table.namespace_of(plugin_id(2)) is None
    table.commit(new(3, slug="mine", namespace="team-b"))


def test_a_slug_is_free_after_a_move_and_after_a_deletion(table: Any) -> None:
    """And taken by the mover."""
    table.commit(new(1, slug="one"))
    first = table.load(KEY)
    table.commit(moved(first, "plugin.updated", replace(first, slug="two")))
    with pytest.raises(SlugTaken):
        table.commit(new(2, slug="two"))
    table.commit(new(3, slug="one"))
    table.commit(moved(table.load(KEY), "plugin.deleted"))
    table.commit(new(4, slug="two"))


def test_a_deletion_leaves_the_trail(table: Any) -> None:
    """The last entry is the deletion itself; it is due no more."""
    table.commit(new())
    table.commit(moved(table.load(KEY), "plugin.deleted"))
    assert table.namespace_of(KEY.plugin_id) is None
    assert table.due(epoch=NOW + 10_000, limit=9) == []
    assert [e.name for _, e in table.list_events(KEY.plugin_id, limit=9)][-1] == "plugin.deleted"


def test_the_trail_is_read_in_parts(table: Any) -> None:
    """Oldest first, behind a revision, with everything that was said."""
    table.commit(new())
    for number in range(4):
        table.commit(moved(table.load(KEY), "plugin.updated", number=number))
    first = table.list_events(KEY.plugin_id, limit=2)
    assert [revision for revision, _ in first] == [1, 2]
    rest = table.list_events(KEY.plugin_id, limit=9, after_revision=2)
    assert [entry.detail["number"] for _, entry in rest] == [1, 2, 3]
    assert (rest[0][1].actor, rest[0][1].correlation_id) == ("tok_1", "c-1")


def test_versions_are_immutable_and_newest_first(table: Any) -> None:
    """A number is given once."""
    table.commit(new())
    for number in (1, 2):
        seen = table.load(KEY)
        after = replace(seen, version=version(number), revision=seen.revision + 1)
        table.commit(Change(seen, after, None, version(number)))
    assert table.list_versions(KEY.plugin_id) == [version(2), version(1)]
    assert table.load(KEY).version == version(2)
    seen = table.load(KEY)
    with pytest.raises(Conflict):
        table.commit(Change(seen, replace(seen, revision=seen.revision + 1), None, version(1)))


def test_an_idempotency_key_is_remembered_for_a_day(table: Any, clock: Clock) -> None:
    """With what it made; a second use in that time is a conflict, even if it comes at the same moment."""
    request = Idempotency("k" * 64, "b" * 64)
    table.commit(new(), idempotency=request)
    found = table.find_request("k" * 64)
    assert (found.body_sha256, found.namespace, found.plugin_id) == ("b" * 64, "team-a", plugin_id(1))
    with pytest.raises(Conflict):
        table.commit(new(2), idempotency=request)
    assert table.namespace_of(plugin_id(2)) is None
    clock.now += 24 * 3600 + 1
    assert table.find_request("k" * 64) is None
    table.commit(new(3), idempotency=request)


def test_a_namespace_is_listed_newest_first(table: Any) -> None:
    """All of it, and nothing of another."""
    for number in (2, 1, 3):
        table.commit(new(number))
    table.commit(new(4, namespace="team-b"))
    assert [p.id for p in table.list_plugins("team-a")] == [plugin_id(3), plugin_id(2), plugin_id(1)]


def test_plugins_are_found_by_their_source(table: Any) -> None:
    """In every namespace."""
    table.commit(new(1, source_key="ghcr.io/a/b"))
    table.commit(new(2, source_key="ghcr.io/a/b", namespace="team-b"))
    table.commit(new(3, source_key="ghcr.io/a/c"))
    table.commit(new(4))
    found = table.plugins_of_source("ghcr.io/a/b")
    assert set(found) == {PluginKey("team-a", plugin_id(1)), PluginKey("team-b", plugin_id(2))}


def test_what_is_due_comes_oldest_first_and_bounded(table: Any) -> None:
    """Inactive plugins never."""
    for number in range(1, 8):
        change = new(number)
        table.commit(replace(change, after=replace(change.after, next_due_at=NOW + number)))
    table.commit(new(9, is_active=False))
    assert [entry.key.plugin_id for entry in table.due(epoch=NOW + 5, limit=3)] == [plugin_id(n) for n in (1, 2, 3)]
    assert len(table.due(epoch=NOW + 5, limit=99)) == 5


def test_only_one_sweep_postpones(table: Any) -> None:
    """The second has read an older time; a deleted plugin is not brought back."""
    table.commit(new())
    (entry,) = table.due(epoch=NOW + 1000, limit=9)
    assert table.postpone(entry, until=NOW + 5000)
    assert not table.postpone(entry, until=NOW + 6000)
    assert table.due(epoch=NOW + 1000, limit=9) == []
    table.commit(moved(table.load(KEY), "plugin.deleted"))
    (gone,) = (replace(entry, due_at=NOW + 5000),)
    assert not table.postpone(gone, until=NOW + 6000)
    assert table.due(epoch=NOW + 9000, limit=9) == []


def test_a_transition_is_decided_anew_after_a_lost_race(clock: Clock) -> None:
    """Five times, then the caller hears of it; a decision for nothing writes nothing."""
    table = InMemoryPluginTable(clock=clock)
    table.commit(new())
    table.conflicts = 4
    assert transition(table, KEY, lambda p: moved(p, "plugin.validated")).status == "validated"
    table.conflicts = 5
    with pytest.raises(Conflict):
        transition(table, KEY, lambda p: moved(p, "plugin.rejected"))
    before = table.commits
    assert transition(table, KEY, lambda _: None).status == "validated"
    assert table.commits == before


def test_faults_of_dynamodb_are_mapped(clock: Clock) -> None:
    """No foreign exception gets out; a table that is missing is someone's to mend."""
    with moto_table(clock):
        absent = DynamoDBTable(client=dynamodb(), table_name="absent", clock=clock)
        for call in (
            lambda: absent.load(KEY),
            lambda: absent.commit(new()),
            lambda: absent.list_plugins("team-a"),
            lambda: absent.postpone(_entry(), until=NOW),
        ):
            with pytest.raises(Refused, match="aws_denied"):
                call()


def _entry() -> Any:
    table = InMemoryPluginTable()
    table.commit(new())
    return table.due(epoch=NOW + 1000, limit=1)[0]


@pytest.mark.parametrize(
    ("codes", "error"),
    [
        (["ThrottlingError", "None"], Transient),
        (["None", "TransactionConflict"], Conflict),
        (["ConditionalCheckFailed", "None"], Conflict),
        (["ValidationError", "None"], Refused),
    ],
)
def test_a_cancelled_transaction_says_what_to_do_next(clock: Clock, codes: list[str], error: type[Exception]) -> None:
    """Throttled: again later. Another writer: read again. Anything else: someone must look."""
    with pytest.raises(error) as caught:
        DynamoDBTable(client=CancellingClient(codes), table_name="t", clock=clock).commit(
            moved(plugin(), "plugin.validated")
        )
    assert (error is Conflict) == isinstance(caught.value, Conflict)


class CancellingClient:
    """A client whose transactions are cancelled for given reasons."""

    def __init__(self, codes: list[str]) -> None:
        self._codes = codes
        self.exceptions = self

    class TransactionCanceledException(Exception):
        """As botocore has it."""

        response: dict[str, Any]

    def transact_write_items(self, **_request: Any) -> None:
        """Cancel."""
        error = self.TransactionCanceledException()
        error.response = {"CancellationReasons": [{"Code": code} for code in self._codes]}
        raise error


def test_an_unreachable_table_is_transient() -> None:
    """The fake says so as the real one does."""
    table = InMemoryPluginTable()
    table.unavailable = True
    with pytest.raises(Transient):
        table.commit(new())
    with pytest.raises(Transient):
        table.load(KEY)
