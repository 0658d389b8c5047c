"""`marcelle-rt ... | head`: who reads no further ends the command, without a word."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from marcelle_rt import Writer
from marcelle_rt.backend import Backend
from tests.support.command import Piped

MakeRun = Callable[..., dict[str, Any]]

NOBODY_READS = 141  # 128 and SIGPIPE, as shells have it


def read_no_further(command: Piped) -> tuple[int, str]:
    """Closes the pipe, and gives the exit code and what the command says of it."""
    command.out.close()
    return command.wait()


@pytest.mark.parametrize(
    "words",
    [
        ("runs", "-q", "name=RUN"),
        ("runs", "--json", "-q", "name=RUN"),
        ("export", "RUN"),
        ("watch", "RUN"),
        ("--help",),
    ],
    ids=" ".join,
)
def test_a_command_whose_output_nobody_reads_ends_quietly(
    backend: Backend, make_run: MakeRun, words: tuple[str, ...]
) -> None:
    name = f"{uuid.uuid4().hex}-1"
    make_run(name)
    location = [] if words == ("--help",) else ["--backend", backend.url]

    with Piped(*(word.replace("RUN", name) for word in words), *location) as command:
        assert read_no_further(command) == (NOBODY_READS, "")


def test_a_long_list_is_left_in_the_middle(backend: Backend, make_run: MakeRun) -> None:
    name = f"{uuid.uuid4().hex}-1"
    make_run(name, logs={f"{'m' * 900}{n}": [1.0] for n in range(200)})  # more than a pipe holds

    with Piped("runs", "--json", "-q", f"name={name}", "--backend", backend.url) as command:
        assert command.out.readline() == "[\n"

        assert read_no_further(command) == (NOBODY_READS, "")


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_watch_ends_with_the_first_line_that_nobody_reads(
    backend: Backend, tmp_path: Path, options: tuple[str, ...]
) -> None:
    name = uuid.uuid4().hex
    with Writer(name, backend.url, base_log_dir=tmp_path) as writer:
        writer.create_run()
        writer.train_begin(2)
        writer.flush(10)
        with Piped("watch", f"basename={name}", *options, "--backend", backend.url) as command:
            assert name in command.out.readline()
            command.out.close()
            writer.save_epoch(1, {"loss": 1.0})

            assert read_no_further(command) == (NOBODY_READS, "")
