"""The board as HTML: the table below the curves, and what a saved notebook shows. Pure."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from ...foreign import as_html
from .. import text
from ..board import Board, Row
from ..facts import BATCH
from ..series import LIMIT

_COLORS = {"success": "#2ca02c", "error": "#d62728", "silent": "#e08a00", "stopped": "#e08a00", "pruned": "#e08a00"}
_LEVELS = {"info": "#1f77b4", "warning": "#e08a00", "error": "#d62728"}
_ALERTS = 5
# Of the theme where there is one: JupyterLab's, or VS Code's.
_INK = "color:var(--jp-content-font-color1,var(--vscode-foreground,inherit))"
_LINE = "border-bottom:1px solid rgba(128,128,128,.3)"
_CELL = f"padding:3px 12px 3px 0;text-align:right;white-space:nowrap;{_LINE}"
_FIRST = f"padding:3px 12px 3px 0;text-align:left;white-space:nowrap;{_LINE}"


def table(rows: Sequence[Row], metrics: Sequence[str], colors: Mapping[Any, str]) -> str:
    """A row a run: its color and name, status, epoch, time to go, and each metric's last value.

    Args:
        rows: The board's.
        metrics: The columns.
        colors: Of the runs' curves, by their ids.
    """
    shown = [name for name in metrics if not name.startswith(BATCH)]
    heads = ["run", "status", "epoch", "ETA", *shown]
    cells = [f'<th style="{_FIRST if n < 2 else _CELL}">{as_html(head)}</th>' for n, head in enumerate(heads)]
    lines = [f"<tr>{''.join(cells)}</tr>"]
    for row in rows:
        color = colors.get(row.entry.id, "transparent")
        status = text.status(row)
        tone = _COLORS["silent"] if row.silent is not None else _COLORS.get(status, "inherit")
        why = f' title="{as_html(row.entry.why)}"' if row.entry.why else ""
        name = f'<span style="color:{color}">&#9632;</span> {as_html(row.entry.name, 60)}'
        values = [
            text.epochs(row.entry.epoch, row.entry.epochs),
            text.eta(row),
            *(text.number(row.entry.last.get(name)) for name in shown),
        ]
        lines.append(
            f'<tr><td style="{_FIRST}">{name}</td>'
            f'<td style="{_FIRST};color:{tone}"{why}>{as_html(status)}</td>'
            + "".join(f'<td style="{_CELL}">{as_html(value)}</td>' for value in values)
            + "</tr>"
        )
    style = f"{_INK};border-collapse:collapse;font-size:13px;line-height:1.4;font-variant-numeric:tabular-nums"
    return f'<div style="overflow-x:auto"><table style="{style}">{"".join(lines)}</table></div>'


def notes(board: Board, rows: Sequence[Row], metrics: Sequence[str], state: str = "") -> str:
    """What else there is to say, one line each: batches, machines, alerts, and what is not shown.

    Args:
        board: The board.
        rows: Its rows.
        metrics: Those that are drawn.
        state: How the view itself stands, for example that the backend is away.
    """
    lines = [(state, _LEVELS["warning"])] if state else []
    if not rows:
        lines.append(("waiting for a run", "inherit"))
    for row in rows:
        if row.entry.running and (machine := text.system(row.system or {})):
            lines.append((f"{row.entry.name}: {machine}", "inherit"))
        if row.entry.why:
            lines.append((f"{row.entry.name}: {row.entry.why}", _COLORS.get(row.entry.word, "inherit")))
        for name in metrics:
            if (curve := row.curves.get(name)) and curve.y.size < curve.total and curve.total > LIMIT:
                said = text.counted(curve.y.size, curve.total, "points")
                lines.append((f"{row.entry.name}: {name}: {said}", "inherit"))
    if hidden := text.counted(len(rows), len(board.entries), "runs"):
        lines.append((hidden, "inherit"))
    for alert in board.alerts[-_ALERTS:]:
        lines.append((f"\u26a0 {text.alert(alert)}", _LEVELS.get(str(alert.get("level")), "inherit")))
    drawn = "".join(f'<div style="color:{color}">{as_html(line, 300)}</div>' for line, color in lines)
    return f'<div style="{_INK};font-size:12px;line-height:1.5">{drawn}</div>'


def still(key: str, svg: str, below: str) -> str:
    """The last state for a notebook that is opened without its kernel.

    It lies beside the live view and hides as long as that is there. Without a kernel JupyterLab has an error in
    the live view's place, which is hidden instead.

    Args:
        key: Of the live view: its class is `marcelle-live-<key>`.
        svg: The curves.
        below: HTML to show below them.
    """
    live, ours = f".marcelle-live-{key}", f".marcelle-still-{key}"
    dead = f".jp-OutputArea-child:has(+ .jp-OutputArea-child {ours}):not(:has({live}))"
    # As an image it also passes where a notebook is not trusted, or shown by others than Jupyter.
    image = base64.b64encode(svg.encode()).decode()
    return (
        f"<style>body:has({live}) {ours}, {dead} {{ display: none }}</style>"
        f'<div class="marcelle-still-{key}">'
        f'<img alt="curves of runs" style="max-width:100%" src="data:image/svg+xml;base64,{image}">{below}</div>'
    )
