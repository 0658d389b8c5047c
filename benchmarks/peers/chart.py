"""A chart of the costs of a call: a line from the median to the 99th percentile for each tool, on a log scale."""

from __future__ import annotations

import math
from html import escape

WIDTH, LEFT, RIGHT, ROW = 860, 170, 45, 26
TITLES = {
    "paced": "1,000 calls, one each 2 ms",
    "short": "1,000 calls back to back",
    "long": "100,000 calls back to back",
}
OURS, THEIRS = "#d6336c", "#495057"


def draw(figures: dict[str, dict[str, dict[str, float]]]) -> str:
    """The chart as SVG.

    Args:
        figures: For each kind of measurement and each name `median` and `p99`, in seconds.
    """
    values = [row[key] * 1e6 for rows in figures.values() for row in rows.values() for key in ("median", "p99")]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))

    def x(seconds: float) -> float:
        return LEFT + (math.log10(seconds * 1e6) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    parts: list[str] = []
    top = 20
    for kind, rows in figures.items():
        parts.append(f'<text x="{LEFT}" y="{top + 14}" font-weight="bold">{TITLES[kind]}</text>')
        first, last = top + 24, top + 24 + ROW * len(rows)
        for decade in range(low, high + 1):
            at = x(10.0 ** (decade - 6))
            parts.append(f'<path d="M{at:.1f} {first}V{last}" stroke="#dee2e6"/>')
            parts.append(
                f'<text x="{at:.1f}" y="{last + 14}" text-anchor="middle" fill="#868e96">{10**decade:,} us</text>'
            )
        for number, (name, row) in enumerate(sorted(rows.items(), key=lambda item: item[1]["median"])):
            y = first + ROW * number + ROW / 2
            color = OURS if name.startswith("marcelle") else THEIRS
            start, end = x(row["median"]), x(row["p99"])
            parts.append(
                f'<text x="{LEFT - 10}" y="{y + 4:.1f}" text-anchor="end" fill="{color}">{escape(name)}</text>'
            )
            parts.append(f'<path d="M{start:.1f} {y:.1f}H{end:.1f}" stroke="{color}" stroke-width="3" opacity=".45"/>')
            parts.append(f'<circle cx="{start:.1f}" cy="{y:.1f}" r="6" fill="{color}"/>')
            parts.append(f'<circle cx="{end:.1f}" cy="{y:.1f}" r="4" fill="#fff" stroke="{color}" stroke-width="2"/>')
        top = last + 34
    parts.append(f'<text x="{LEFT}" y="{top}" fill="#868e96">filled: median; open: 99th percentile</text>')
    height = top + 14
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="system-ui, sans-serif" font-size="13">\n<rect width="100%" height="100%" fill="#fff"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )
