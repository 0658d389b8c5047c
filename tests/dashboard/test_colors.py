"""Curves can be told apart, also by people who see fewer colors."""

from __future__ import annotations

import itertools
import re

import numpy as np

from marcelle_rt.dashboard.pages import PAGE
from marcelle_rt.monitor.notebook.drawing import PALETTE

# What is left of a color, by Machado, Oliveira and Fernandes (2009), https://doi.org/10.1109/TVCG.2009.113, severity 1.
SEEN = {
    "all colors": np.eye(3),
    "without red": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "without green": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "without blue": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
# To OKLab, https://bottosson.github.io/posts/oklab/.
LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def linear(color: str) -> np.ndarray:
    """A color's red, green and blue as amounts of light."""
    channels = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """The ratio of two colors' luminances, as WCAG has it."""
    low, high = sorted(float(linear(color) @ [0.2126, 0.7152, 0.0722]) + 0.05 for color in (one, other))
    return high / low


def test_the_first_colors_of_curves_can_be_told_apart_by_anybody_on_light_and_dark_cards() -> None:
    source = (PAGE / "runs" / "selection.js").read_text(encoding="utf-8")
    colors = re.findall(r"#[0-9a-f]{6}", source)
    cards = re.findall(r"--rt-card: (#[0-9a-f]{6})", (PAGE / "theme.css").read_text(encoding="utf-8"))

    assert tuple(colors) == PALETTE
    for matrix in SEEN.values():
        seen = [LAB @ np.cbrt(LMS @ np.clip(matrix @ linear(color), 0, 1)) for color in colors]
        # Two hundredths can just be seen side by side; a thin line needs more.
        assert min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(seen[:6], 2)) > 0.09
        assert min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(seen, 2)) > 0.05
    assert len(cards) == 2
    assert min(contrast(color, card) for color in colors for card in cards) > 2.3
