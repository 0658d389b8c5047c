r"""JSON of JavaScript's, whose texts may hold half a character: Node writes `"🦊".slice(0, 1)` as `"\ud83e"`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from marcelle_rt.values import loads


@pytest.mark.parametrize("as_bytes", [False, True])
@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"a \ud83d"', "a \ufffd"),
        (r'"\uDE00 b"', "\ufffd b"),
        (r'["\ud83d\ude00", "\ud83d\ud83d\ude00"]', ["\U0001f600", "\ufffd\U0001f600"]),
        (r'{"\udcff": "\\ud83d \\\ud83d \n\u00e9"}', {"\ufffd": "\\ud83d \\\ufffd \né"}),
    ],
)
def test_text_that_a_page_has_cut_within_a_character_is_read_and_the_rest_is_as_it_was(
    text: str, value: Any, as_bytes: bool
) -> None:
    assert loads(text.encode() if as_bytes else text) == value


@pytest.mark.parametrize(
    "text", [r'"\ud83d' + " " * 5_000_000 + '"', "{", b"{", r'"\ud83d', r'"\u12"', b"\xff", '"\n"'], ids=len
)
def test_what_is_not_json_stays_an_error(text: str | bytes) -> None:
    with pytest.raises((json.JSONDecodeError, UnicodeDecodeError)):
        loads(text)
