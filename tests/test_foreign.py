"""Text of others, each way that it is shown."""

from __future__ import annotations

import pytest

from marcelle_rt.foreign import as_cell, as_html, clean, clean_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("digits-1", "digits-1"),
        ("é 漢字 🦊 …", "é 漢字 🦊 …"),
        ("\x1b]0;title\x1b\\\x07\x9b31m", " ]0;title \\  31m"),
        ("a\nb\r\tc\x00", "a b  c "),
        ("\u202egnp.exe\u2066\ufeff", " gnp.exe  "),
        ("\udcff", " "),
        (None, "None"),
        (1.5, "1.5"),
    ],
)
def test_a_line_has_nothing_that_steers(text: object, shown: str) -> None:
    assert clean(text) == shown


def test_a_line_that_is_too_long_ends_in_a_mark() -> None:
    assert clean("abcdef", 6) == "abcdef"
    assert clean("abcdefg", 6) == "abcde~"
    assert clean("ab", 1) == "~"
    assert clean("ab", 0) == "~"
    assert clean("", 0) == ""


def test_several_lines_stay_lines() -> None:
    assert clean_lines("one\ntwo\x1b[2J\n\nthree\r") == "one\ntwo [2J\n\nthree "
    assert clean_lines(ValueError("a\u2028b")) == "a b"


def test_html_has_neither_tags_nor_ends_of_attributes() -> None:
    assert as_html("<b a='1' b=\"2\">&\x07</b>") == "&lt;b a=&#x27;1&#x27; b=&quot;2&quot;&gt;&amp; &lt;/b&gt;"
    assert as_html("<<<<", 2) == "&lt;~"


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1+cmd|' /C calc'!A1", "@SUM(A1)", " =1", "\t=1", "\r\n=1"])
def test_no_text_is_a_formula(formula: str) -> None:
    assert as_cell(formula) == "'" + clean(formula)


@pytest.mark.parametrize("value", [None, True, 0, -1, -1.5, 1e300, "loss", "a=b", "", "'", "2-1"])
def test_numbers_and_other_text_stay_as_they_are_in_a_spreadsheet(value: object) -> None:
    assert as_cell(value) is value or as_cell(value) == value


def test_whatever_else_is_in_a_document_becomes_text() -> None:
    assert as_cell({"=a": 1}) == "{'=a': 1}"
    assert as_cell("a\nb") == "a b"
