"""Times: how documents hold them, and how they are read."""

from __future__ import annotations

import datetime as dt
import math

from marcelle_rt.values import iso, iso_at, time_of

EAST = dt.timezone(dt.timedelta(hours=2))


def test_seconds_since_1970_are_written_as_a_time_and_what_is_none_is_nothing() -> None:
    assert iso_at(1_700_000_000.5) == "2023-11-14T22:13:20.500Z"
    assert iso_at(1) == "1970-01-01T00:00:01.000Z"
    assert [iso_at(other) for other in (0, -1, True, None, "1", math.nan, math.inf, 1e30)] == [None] * 8


def test_times_are_written_as_javascript_writes_them_and_read_with_their_zone() -> None:
    utc = dt.timezone.utc
    assert iso(dt.datetime(2026, 1, 2, 3, 4, 5, 999, tzinfo=utc)) == "2026-01-02T03:04:05.000Z"
    assert iso(dt.datetime(2026, 1, 2, 3, 4, 5, 1000, tzinfo=EAST)) == "2026-01-02T01:04:05.001Z"
    local = dt.datetime(2026, 1, 2, 3, 4, 5)
    assert iso(local) == iso(local.astimezone(utc))
    before = dt.datetime.now(utc) - dt.timedelta(milliseconds=1)
    now = time_of(iso())
    assert now is not None
    assert before <= now <= dt.datetime.now(utc)
    assert time_of("2026-01-02T03:04:05.001Z") == dt.datetime(2026, 1, 2, 3, 4, 5, 1000, tzinfo=utc)
    assert time_of("2026-01-02T03:04:05+02:00") == dt.datetime(2026, 1, 2, 1, 4, 5, tzinfo=utc)
    naive = time_of("2026-01-02T03:04:05")
    assert naive is not None
    assert (naive.hour, naive.tzinfo) == (3, utc)
    assert [time_of(other) for other in ("soon", "", None, 5, dt.datetime(2026, 1, 2))] == [None] * 5
