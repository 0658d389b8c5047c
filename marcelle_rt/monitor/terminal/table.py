"""The board as a table for a terminal, as wide as there is room for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ...foreign import clean
from .. import text
from ..board import Board, Row
from ..facts import BATCH
from .sparkline import sparkline

if TYPE_CHECKING:
    from rich.console import RenderableType

_ALERTS = 3
_GAP = 2  # columns between columns


class _Column(NamedTuple):
    title: str
    cells: list[str]
    least: int
    """The least room that it is of use in, in characters."""
    most: int
    right: bool = False

    @property
    def width(self) -> int:
        return min(self.most, max([self.least, len(self.title), *map(len, self.cells)]))


def table(board: Board, now: float, width: int, ascii: bool = False, away: bool = False) -> RenderableType:
    """Draws the board.

    Args:
        board: The board.
        now: The time, in seconds since 1970.
        width: Of the terminal, in columns; what is least important is left out where it is narrow.
        ascii: Draw with ASCII characters.
        away: Whether the backend can't be reached.
    """
    from rich.console import Group
    from rich.text import Text

    rows = board.rows(now)
    parts: list[RenderableType] = [_grid(rows, board.metrics(), width, ascii)] if rows else []
    lines: list[tuple[str, str]] = []
    if not rows:
        lines.append(("waiting for a run", "dim"))
    if hidden := text.counted(len(rows), len(board.entries), "runs"):
        lines.append((hidden, "dim"))
    for row in rows:
        lines += [(detail, "dim") for detail in _details(row, ascii)]
    for alert in board.alerts[-_ALERTS:]:
        lines.append((f"! {text.alert(alert)}", text.LEVELS.get(str(alert.get("level")), "")))
    if away:
        lines.append((text.AWAY, "yellow"))
    parts += [Text(_fit(line, width, ascii), style, no_wrap=True, overflow="crop") for line, style in lines]
    return Group(*parts)


def _details(row: Row, ascii: bool) -> list[str]:
    name = row.entry.name
    found = []
    if row.entry.running:
        for metric, curve in row.curves.items():
            if metric.startswith(BATCH) and curve.y.size:
                steps = f"{name}: {metric} {curve.x[-1]:,.0f}: {text.number(float(curve.y[-1]))}"
                found.append(f"{steps} {sparkline(curve.y.tolist(), 20, ascii)}")
        if machine := text.system(row.system or {}):
            found.append(f"{name}: {machine}")
    elif row.entry.why:
        found.append(f"{name}: {row.entry.why}")
    return found


def _grid(rows: list[Row], metrics: list[str], width: int, ascii: bool) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    columns = _columns(rows, metrics, width, ascii)
    grid = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, collapse_padding=True)
    for column in columns:
        grid.add_column(
            Text(_fit(column.title, column.width, ascii)),
            width=column.width,
            no_wrap=True,
            overflow="crop",
            justify="right" if column.right else "left",
            header_style="bold",
        )
    for number, row in enumerate(rows):
        cells: list[Any] = [Text(_fit(column.cells[number], column.width, ascii)) for column in columns]
        if len(cells) > 1:
            cells[1].stylize("yellow" if row.silent is not None else text.STYLES.get(row.entry.word, ""))
        grid.add_row(*cells)
    return grid


def _columns(rows: list[Row], metrics: list[str], width: int, ascii: bool) -> list[_Column]:
    """The columns that fit, as wide as there is room for, in the order that they are shown in."""
    names = [name for name in metrics if not name.startswith(BATCH)]
    run = _Column("run", [row.entry.name for row in rows], 8, 32)
    status = _Column("status", [text.status(row) for row in rows], 6, 14)
    epoch = _Column("epoch", [text.epochs(row.entry.epoch, row.entry.epochs) for row in rows], 5, 15, right=True)
    eta = _Column("ETA", [text.eta(row) for row in rows], 6, 8, right=True)
    values = [_Column(name, [text.number(r.entry.last.get(name)) for r in rows], 7, 14, right=True) for name in names]
    curves = [_Column("", [sparkline(_values(row, name), 20, ascii) for row in rows], 8, 20) for name in names[:1]]
    bests = [_Column("best", [text.number(_best(row, name)) for row in rows], 7, 9, right=True) for name in names[:1]]

    needed: list[_Column] = []
    left = width
    for column in [run, status, epoch, *values[:1]]:
        if column.least + _GAP * bool(needed) <= left:
            left -= column.least + _GAP * bool(needed)
            needed.append(column)
    widths = {}
    for column in needed[::-1]:  # the name takes what the others leave
        widths[id(column)] = min(column.width, column.least + left)
        left -= widths[id(column)] - column.least
    for column in [eta, *curves, *values[1:], *bests]:
        if column.width + _GAP <= left:
            widths[id(column)] = column.width
            left -= column.width + _GAP
    order = [run, status, epoch, eta, *values[:1], *curves, *bests, *values[1:]]
    return [column._replace(most=widths[id(column)]) for column in order if id(column) in widths]


def _values(row: Row, name: str) -> list[float]:
    curve = row.curves.get(name)
    return [] if curve is None else curve.y.tolist()


def _best(row: Row, name: str) -> float | None:
    curve = row.curves.get(name)
    return None if curve is None else curve.best


def _fit(content: str, width: int, ascii: bool) -> str:
    fitting = clean(content, width)
    return fitting.encode("ascii", "replace").decode() if ascii else fitting
