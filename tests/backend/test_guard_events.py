"""What those are told who listen while many documents are changed by one call."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend
from marcelle_rt.backend.node import find_node
from marcelle_rt.backend.packages import install
from tests.helpers import eventually
from tests.support.services import fresh_name

FRAMES = Path(__file__).parents[2] / "marcelle_rt" / "backend" / "guard" / "frames.js"

COUNT_READS = """
const { createRequire } = require('module');
const [frames, packages] = process.argv.slice(1);
const utils = createRequire(`${packages}/package.json`)('@feathersjs/transport-commons/lib/socket/utils');
require(frames).sentAlone(utils);

let reads = 0;
const document = (_, n) => Object.defineProperty({}, 'name', { enumerable: true, get: () => (reads += 1, n) });
const result = Array.from({ length: 100 }, document);
const sent = [];
const connection = { socket: { emit: (event, value) => sent.push(value) } };
const channel = { length: 1, connections: [connection], dataFor: () => null };
const dispatch = utils.getDispatcher('emit', new Map(), 'socket');
for (const one of result) dispatch('removed', channel, { path: 'runs', result }, one);
console.log(JSON.stringify([reads, sent.length, sent.every((value, n) => value === result[n])]));
"""


def test_everybody_is_told_of_each_document_that_one_call_changes_or_removes(
    backend: Backend, store: DataStore
) -> None:
    things = store.service(fresh_name())
    names = [f"thing-{n}" for n in range(30)]
    told: list[tuple[str, str, int]] = []
    with DataStore(backend.url) as other:
        for event in ("created", "patched", "removed"):
            other.service(things.name).on(
                event, lambda document, event=event: told.append((event, document["name"], document["n"]))
            )
        things.create([{"name": name, "n": 1} for name in names])
        things.patch(None, {"n": 2})
        things.remove(None)
        eventually(lambda: len(told) == 90)

    for event, n in (("created", 1), ("patched", 2), ("removed", 2)):
        assert sorted(told[0:30]) == sorted((event, name, n) for name in names)
        del told[:30]


def test_a_changed_document_is_not_looked_for_among_all_that_were(node: None) -> None:
    """Feathers by itself compares each with all before it: 9,900 reads of what these hundred have in them."""
    command = [find_node().executable, "-e", COUNT_READS, str(FRAMES), str(install())]

    answer = subprocess.run(command, capture_output=True, text=True, check=True)

    assert json.loads(answer.stdout) == [0, 100, True]
