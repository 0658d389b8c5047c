"""Fields that are too large for a message: the largest go first, and a text says where they are."""

from __future__ import annotations

from typing import Any

from marcelle_rt.runs.document.shorten import sentence, shortened
from marcelle_rt.values import dumps


def text(length: int) -> str:
    return f"({length:,} bytes: too large for a backend; the run's folder has it)"


def test_what_fits_stays_as_it_is_in_a_mapping_of_its_own() -> None:
    fields = {"params": {"lr": 0.1}, "source": "keras"}
    size = len(dumps(fields))

    short, replaced = shortened(fields, size)

    assert (short, replaced) == (fields, [])
    assert short is not fields


def test_one_byte_too_many_replaces_the_largest_and_no_more() -> None:
    fields: dict[str, Any] = {"params": {"lr": 0.1, "table": "x" * 500, "other": "y" * 400}, "note": "z" * 300}
    size = len(dumps(fields))

    short, replaced = shortened(fields, size - 1)

    assert replaced == ["params.table"]
    assert short == {"params": {"lr": 0.1, "table": text(502), "other": "y" * 400}, "note": "z" * 300}
    assert fields["params"]["table"] == "x" * 500  # what was given is not changed


def test_a_field_that_is_no_mapping_is_replaced_whole() -> None:
    fields = {"note": "z" * 3000, "list": list(range(300)), "params": {"lr": 0.1}}
    listed = len(dumps(fields["list"]))

    short, replaced = shortened(fields, 1500)
    assert replaced == ["note"]
    assert short == {"note": text(3002), "list": list(range(300)), "params": {"lr": 0.1}}

    short, replaced = shortened(fields, 300)
    assert replaced == ["note", "list"]
    assert short == {"note": text(3002), "list": text(listed), "params": {"lr": 0.1}}
    assert len(dumps(short)) <= 300


def test_the_size_is_counted_to_the_byte() -> None:
    fields = {"params": {"a": "x" * 500, "b": "y" * 400, "c": "z" * 300}}
    once = len(dumps({"params": {"a": text(502), "b": "y" * 400, "c": "z" * 300}}))

    assert shortened(fields, once)[1] == ["params.a"]
    assert shortened(fields, once - 1)[1] == ["params.a", "params.b"]


def test_what_is_no_longer_than_its_text_stays() -> None:
    length = len(text(62)) + 2
    for size, names in ((length, ["params"]), (length + 1, ["params.a"])):
        fields = {"params": {"a": "x" * (size - 2)}}
        assert shortened(fields, len(dumps(fields)) - 1)[1] == names


def test_thousands_of_small_entries_go_together() -> None:
    params = {f"name-{n}": n for n in range(1000)}
    fields = {"model": {"big": "x" * 500}, "params": {**params, "table": "y" * 600}, "few": {"a": 1}}

    short, replaced = shortened(fields, 1000)

    assert short == {"model": {"big": text(502)}, "params": {}, "few": {"a": 1}}
    assert replaced == ["model.big", "params"]


def test_the_user_is_told_which_fields_in_order() -> None:
    assert sentence({"params.b", "model", "params.a"}, "http://host:3030") == (
        "The run is too large for a message to http://host:3030: "
        "a short text stands there for model, params.a, params.b."
    )


def test_of_two_that_are_as_large_the_first_goes() -> None:
    fields = {"params": {"a": "x" * 500, "b": "y" * 500}}
    assert shortened(fields, len(dumps(fields)) - 1)[1] == ["params.a"]


def test_the_mapping_with_the_most_entries_goes_and_what_no_text_would_shorten_stays() -> None:
    for length in (len(text(62)) + 2, len(text(62)), 30):
        fields = {"zoo": {"a": "x" * (length - 2)}, "many": {f"name-{n}": n for n in range(1000)}}
        assert shortened(fields, 1000) == ({"zoo": fields["zoo"], "many": {}}, ["many"])
