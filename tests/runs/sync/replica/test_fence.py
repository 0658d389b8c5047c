"""The fence: what each writer sets and asks for, so that nothing that comes late undoes what is newer."""

from __future__ import annotations

import re
from typing import Any

import pytest

from marcelle_rt.runs.sync.replica.fence import Fence, rev_number, rev_text
from tests.runs.sync.memory_link import matches


def fence(folder: str = "f00d", now: float = 1_800_000_000.0) -> Fence:
    return Fence(folder, clock=lambda: now)


def test_a_writer_is_named_by_its_folder_and_itself() -> None:
    one, other = fence(), fence()
    assert re.fullmatch(r"f00d-[0-9a-f]{8}", one.writer)
    assert one.writer != other.writer


def test_a_whole_document_gets_both_marks() -> None:
    ours = fence()
    assert ours.first() == {"rev": "0001800000000000", "writer": ours.writer}
    assert ours.first()["rev"] == "0001800000000001"


def test_a_patch_asks_for_its_own_marks_and_raises_rev() -> None:
    ours = fence()
    ours.first()
    marks, query = ours.next()
    assert marks == {"rev": "0001800000000001"}
    assert query == {"rev": {"$lte": "0001800000000001"}, "writer": ours.writer}
    assert ours.next()[0] == {"rev": "0001800000000002"}


def test_rev_follows_a_clock_that_goes_on() -> None:
    now = [10.0]
    ours = Fence(clock=lambda: now[0])
    assert ours.first()["rev"] == rev_text(10_000)
    now[0] = 20.0
    assert ours.next()[0]["rev"] == rev_text(20_000)
    now[0] = 5.0
    assert ours.next()[0]["rev"] == rev_text(20_001)


def test_who_goes_on_with_a_copy_takes_it_only_as_it_was_read() -> None:
    theirs, ours = fence(), fence(now=1.0)
    there = theirs.first()
    assert ours.read(there)
    marks, query = ours.next()
    assert marks == {"rev": "0001800000000001", "writer": ours.writer}
    assert query == {"$or": [there, marks]}  # NeDB looks again when it is patched


def test_a_late_patch_of_the_writer_before_finds_nothing_whatever_its_clock_says() -> None:
    ahead = fence(now=9_999_999_999.0)
    there: dict[str, Any] = ahead.first()
    late_marks, late_query = ahead.next()
    assert matches(there, late_query)

    ours = fence(now=1.0)
    ours.read(there)
    marks, query = ours.next()
    assert matches(there, query)
    there.update(marks)
    ours.passed(there)

    assert late_marks["rev"] <= marks["rev"] or not matches(there, late_query)
    assert not matches(there, late_query)
    assert not matches(there, ahead.next()[1])
    assert matches(there, ours.next()[1])


def test_a_writers_own_patch_that_comes_late_finds_nothing() -> None:
    ours = fence()
    there = ours.first()
    _, late = ours.next()
    marks, _ = ours.next()
    there.update(marks)
    assert not matches(there, late)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"rev": rev_text(5)},
        {"writer": "f00d-12345678"},
        {"rev": rev_text(0), "writer": "x-1"},
        {"rev": None, "writer": "x-1"},
        {"rev": "9999999999999999", "writer": "x-1"},
        {"rev": rev_text(5), "writer": ""},
        {"rev": rev_text(5), "writer": 7},
    ],
)
def test_marks_that_nobody_can_ask_for_must_be_set_anew(document: dict[str, Any]) -> None:
    ours = fence()
    assert not ours.read(document)


def test_our_own_copy_is_gone_on_with_as_it_is() -> None:
    ours = fence()
    there = ours.first()
    assert ours.read({**there, "rev": rev_text(1_800_000_000_500)})
    marks, query = ours.next()
    assert marks == {"rev": rev_text(1_800_000_000_501)}
    assert query["writer"] == ours.writer


def test_a_backend_that_drops_the_writer_is_fenced_by_rev_alone() -> None:
    ours = fence()
    ours.passed({"rev": ours.first()["rev"]})
    marks, query = ours.next()
    assert query == {"rev": {"$lte": marks["rev"]}}
    ours.passed({**marks, "writer": ours.writer})
    assert "writer" in ours.next()[1]


def test_whose_a_document_is() -> None:
    ours, same_folder, other_folder = fence(), fence(), fence("beef")
    assert ours.is_ours({"writer": ours.writer})
    assert ours.is_ours({})
    assert not ours.is_ours({"writer": same_folder.writer})
    assert not ours.is_of_other_folder({"writer": same_folder.writer})
    assert ours.is_of_other_folder({"writer": other_folder.writer})
    assert not ours.is_of_other_folder({})
    assert not ours.is_of_other_folder({"writer": 7})


def test_a_writer_is_new_until_its_copy_was_read() -> None:
    ours, theirs = fence(), fence("beef")
    there = theirs.first()
    assert ours.is_of_new_writer(there)
    ours.read(there)
    assert not ours.is_of_new_writer(there)
    assert not ours.is_of_new_writer({"writer": ours.writer})
    assert ours.is_of_new_writer(fence("beef").first())


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0000000000000007", 7),
        ("0999999999999999", 10**15 - 1),
        ("1000000000000000", 0),
        ("7", 0),
        ("00000000000000007", 0),
        ("000000000000000²", 0),
        (7, 0),
        (None, 0),
    ],
)
def test_a_rev_that_leaves_no_room_counts_as_none(text: Any, number: int) -> None:
    assert rev_number(text) == number


def test_revs_compare_as_texts_as_numbers_do() -> None:
    assert rev_text(7) == "0000000000000007"
    assert rev_text(99) < rev_text(100)


def test_a_folder_may_have_a_hyphen_and_none_has_no_name() -> None:
    assert Fence().writer.startswith("-")
    ours = fence("f0-0d")
    assert not ours.is_of_other_folder({"writer": "f0-0d-12345678"})
    assert ours.is_of_other_folder({"writer": "f0-12345678"})


def test_the_first_rev_of_a_clock_that_stands_at_1970_is_1() -> None:
    ours = fence(now=0.0)
    assert ours.next() == ({"rev": rev_text(1)}, {"rev": {"$lte": rev_text(1)}, "writer": ours.writer})


def test_who_wrote_a_copy_last_is_known_from_the_answer_to_a_patch_too() -> None:
    ours = fence()
    ours.passed({"writer": "beef-12345678"})
    assert not ours.is_of_new_writer({"writer": "beef-12345678"})
    assert ours.is_of_new_writer({"writer": "cafe-12345678"})
    assert fence().is_of_new_writer({"writer": ""})
