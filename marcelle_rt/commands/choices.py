"""What can be chosen from on the command line; light, because each start of the command reads it."""

from __future__ import annotations

from enum import Enum


class Format(str, Enum):
    """What a history is written as."""

    csv = "csv"
    parquet = "parquet"
    json = "json"


class Shell(str, Enum):
    """The shells that can be taught to complete."""

    bash = "bash"
    zsh = "zsh"
    fish = "fish"


class Demo(str, Enum):
    """What can be shown without anything of one's own."""

    training = "training"
    interactive = "interactive"
