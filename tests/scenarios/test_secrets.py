"""A password and a token are nowhere to be found after a program has done all that could show them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from marcelle_rt import DataStore
from marcelle_rt.backend import Backend

EMAIL, PASSWORD = "ada@example.com", "s3cret-correct-horse"
SOURCE = Path(__file__).parents[2]
PROGRAM = SOURCE / "tests" / "support" / "trainings" / "leaky_program.py"


def test_secrets_are_in_no_output_no_log_no_file_and_no_document(node: None, tmp_path: Path, unused_url: str) -> None:
    base = tmp_path / "runs"
    base.mkdir()
    with Backend(auth=True, signup=True) as backend:
        with DataStore(backend.url) as store:
            store.service("users").create({"email": EMAIL, "password": PASSWORD})
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("MARCELLE_")},
            "MARCELLE_BACKEND": backend.url,
            "MARCELLE_EMAIL": EMAIL,
            "MARCELLE_PASSWORD": PASSWORD,
            "PYTHONPATH": str(SOURCE),
        }
        program = [sys.executable, str(PROGRAM), backend.url, unused_url, str(base)]
        child = subprocess.run(program, env=environment, capture_output=True, text=True, timeout=120)
        assert child.returncode == 0, child.stderr[-3000:]
        token = (tmp_path / "token").read_text()
        with DataStore(backend.url, email=EMAIL, password=PASSWORD) as store:
            runs = list(store.service("runs").items())
            beside = [document for name in ("run-heartbeats", "run-alerts") for document in store.service(name).items()]
            documents = [*runs, *store.service("assets").items(), *beside]
    assert len(token) > 50
    ends = {("secrets", "success"), ("away", "success"), ("broken", "error")}
    assert {(run["basename"], run["status"]) for run in runs} == ends
    assert "RuntimeError: postgres://***@db/x, *** and *** are not known there" in {run.get("error") for run in runs}
    loggers = {line.split(" ")[0] for line in child.stderr.splitlines()}
    assert {"marcelle_rt", "marcelle_rt.transport", "urllib3.connectionpool"} <= loggers
    files = [file for file in base.rglob("*") if file.is_file()]
    assert {"journal.jsonl", "run_data.json"} <= {file.name for file in files}
    shown = {
        "stdout": child.stdout,
        "stderr": child.stderr,
        "documents": repr(documents),
        **{str(file.relative_to(base)): file.read_bytes().decode("utf-8", "replace") for file in files},
    }
    for secret in (PASSWORD, token, token.split(".")[2]):
        for place, text in shown.items():
            at = text.find(secret)
            assert at < 0, f"{place}: {text[max(0, at - 300) : at].strip()}<HERE>"
