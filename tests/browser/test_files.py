"""`marcelle-rt js` writes a module that needs Marcelle and nothing else, with types that fit Marcelle's own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from marcelle_rt.backend.node import find_node
from marcelle_rt.backend.packages import install
from marcelle_rt.browser.files import browser_files, write_browser_files
from marcelle_rt.cli import main

ROOT = Path(__file__).parents[2]
AUTHOR = """
import type { Component } from '@marcellejs/core';
import { batchPrediction, button, confusionMatrix, dataset, dataStore } from '@marcellejs/core';
import { modelParameters, trainingPlot } from '@marcellejs/core';
import { followPredictions, pythonModel, pythonRun, pythonTasks } from './marcelle-python.js';

const store = dataStore('http://localhost:3030');
const sketches = dataset('sketches', store);
const model = pythonModel(store, 'shapes', { local: true });
const form = modelParameters(model, model.form);
model.ready.then(() => form.mount());
button('Train').$click.subscribe(() => model.train(sketches));
const batch = followPredictions(batchPrediction('shapes', store));
export const components: Component[] = [form, model, trainingPlot(model), confusionMatrix(batch)];
components.push(pythonRun(store, 'x'));
pythonTasks(store).subscribe((tasks) => console.log(tasks.map(({ task }) => task)));
const answer: string = await model.set('learning_rate', 0.1);
// @ts-expect-error what Python has answered is a text
const wrong: number = answer;
"""


def test_the_command_writes_the_module_and_says_how_to_import_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "marcelle-python.js").write_text("an earlier version")
    monkeypatch.setattr(sys, "argv", ["marcelle-rt", "js", str(tmp_path)])
    with pytest.raises(SystemExit) as end:
        main()

    assert end.value.code == 0

    assert "import { pythonModel } from './marcelle-python.js';" in capsys.readouterr().out
    for name, source in browser_files().items():
        assert (tmp_path / name).read_bytes() == source.read_bytes()


def test_a_folder_that_cannot_be_written_to_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "src").write_text("a file")
    monkeypatch.setattr(sys, "argv", ["marcelle-rt", "js", str(tmp_path / "src")])
    with pytest.raises(SystemExit) as end:
        main()

    assert end.value.code == 1
    assert "can't be written" in capsys.readouterr().err


def test_marcelle_is_all_that_the_module_imports() -> None:
    files = browser_files()
    for name, path in files.items():
        for imported in re.findall(r"\bfrom '([^']+)'", path.read_text(encoding="utf-8")):
            inner = (Path(name).parent / imported).as_posix()
            assert imported == "@marcellejs/core" or inner in files, (name, imported)


def test_the_types_are_those_of_the_module_and_fit_marcelles(node: None, tmp_path: Path) -> None:
    write_browser_files(tmp_path)
    (tmp_path / "author.ts").write_text(AUTHOR)
    marcelle = install() / "node_modules" / "@marcellejs" / "core" / "types" / "index.d.ts"
    options = {
        "target": "ES2022",
        "lib": ["ES2023", "DOM"],
        "module": "ESNext",
        "moduleResolution": "bundler",
        "strict": True,
        "noEmit": True,
        "skipLibCheck": True,
        "types": [],
        "paths": {"@marcellejs/core": [str(marcelle)]},
    }
    (tmp_path / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "files": ["author.ts"]}))
    program = find_node()
    compiler = install(ROOT / "scripts" / "js", program) / "node_modules" / "typescript" / "bin" / "tsc"

    answer = subprocess.run([program.executable, compiler, "-p", tmp_path], capture_output=True, text=True)

    assert answer.returncode == 0, answer.stdout
    typed = set(re.findall(r"^export function (\w+)", (tmp_path / "marcelle-python.d.ts").read_text(), re.MULTILINE))
    made = re.findall(r"^export (?:const|function) (\w+)", (tmp_path / "marcelle-python.js").read_text(), re.MULTILINE)
    assert typed == set(made)
