"""Does the first ten minutes as a user without a checkout: a wheel, a fresh environment, the README block by block.

    python -m scripts.ten_minutes [--wheel FILE] [--demo]

It counts the seconds from the end of `pip install` until a page shows the curve of a run, and exits with 1 when they
are more than 30, or when something that the README says is not so. With `--demo` Keras is installed too (some
gigabytes), and the blocks that need it run. Node's packages are taken from this machine's cache where it has them: the
promise is about what is left to do after the downloads.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from marcelle_rt.backend.packages import install
from tests.helpers import chromium, eventually
from tests.support.docs.doc_pages import ROOT, blocks

LIMIT = 30.0  # seconds from the end of `pip install` to the curve
README = ROOT / "README.md"
COMMANDS = (
    "--version",
    "--help",
    "runs",
    "runs --sort loss --columns loss",
    "runs --local",
    "doctor",
    "docs --no-browser",
)


class Reader:
    """Somebody with a wheel and an empty folder.

    Args:
        folder: The folder.
        port: Where the backend is to be.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}"
        self._bin = folder / "venv" / "bin"
        kept = {name: os.environ[name] for name in ("HOME", "PATH", "LANG", "TMPDIR") if name in os.environ}
        proxies = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
        self._environ = {**kept, **proxies, "MARCELLE_BACKEND": self.url, "TF_CPP_MIN_LOG_LEVEL": "3"}

    def run(self, *words: str, text: str = "") -> str:
        """Runs a program of the virtual environment to its end, and returns what it printed.

        Raises:
            SystemExit: It failed.
        """
        answer = subprocess.run(
            [str(self._bin / words[0]), *words[1:]], cwd=self.folder, env=self._environ, input=text, text=True,
            capture_output=True, timeout=900,
        )  # fmt: skip
        if answer.returncode != 0:
            sys.exit(f"{' '.join(words)} failed:\n{answer.stdout}{answer.stderr}")
        return answer.stdout

    def install(self, wheel: Path, extras: str) -> None:
        """Makes the virtual environment, and installs the wheel into it."""
        subprocess.run([sys.executable, "-m", "venv", str(self.folder / "venv")], check=True)
        self.run("pip", "install", "--quiet", "--disable-pip-version-check", f"{wheel}[{extras}]")

    @contextlib.contextmanager
    def backend(self) -> Iterator[None]:
        """Runs `marcelle-rt backend`, until the end."""
        port = self.url.rpartition(":")[2]
        command = [str(self._bin / "marcelle-rt"), "backend", "--data", "my-data", "--port", port]
        with (self.folder / "backend.log").open("w") as log:
            process = subprocess.Popen(command, cwd=self.folder, env=self._environ, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


def answers(url: str) -> bool:
    """Whether a page is there."""
    with contextlib.suppress(OSError):
        urllib.request.urlopen(url, timeout=2).close()
        return True
    return False


def free_port() -> int:
    """A port that nobody listens on."""

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def programs(with_keras: bool) -> list[str]:
    """The README's programs."""
    found = [block.text for block in blocks(README) if block.language == "python" and not block.reason]
    return [text for text in found if with_keras or not re.search(r"keras|Keras", text)]


def built(folder: Path) -> Path:
    """The wheel of this checkout."""
    subprocess.run([str(ROOT / "scripts" / "wheel"), str(folder)], check=True)
    return next(folder.glob("*.whl"))


def main() -> bool:
    """Does all of it; returns whether it went as the README says, and in time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheel", type=Path, help="the wheel; built from this checkout if it is not given")
    parser.add_argument("--demo", action="store_true", help="install Keras too, and run what needs it")
    given = parser.parse_args()
    install()  # Node's packages, which are downloaded once for all projects
    with tempfile.TemporaryDirectory(prefix="ten-minutes-") as name, chromium() as browser:
        folder = Path(name)
        wheel = given.wheel.resolve() if given.wheel else built(folder / "dist")
        reader = Reader(folder, free_port())
        reader.install(wheel, "demo,pandas,images" if given.demo else "backend,pandas,images")
        texts = programs(given.demo)
        recording = next(text for text in texts if "Writer" in text)

        begun = time.perf_counter()
        with reader.backend():
            eventually(lambda: answers(f"{reader.url}/"), timeout=120)
            reader.run("python", "-", text=recording)
            page = browser.new_page()
            page.goto(f"{reader.url}/")
            page.locator(".rt-chart canvas").first.wait_for(timeout=60_000)
            seconds = time.perf_counter() - begun
            print(f"from pip install to a curve in the page: {seconds:.1f} s (at most {LIMIT:g} s)", flush=True)
            for text in texts:
                reader.run("python", "-", text=text)
                print(f"ran: {text.strip().splitlines()[-1].strip()}", flush=True)
            for words in COMMANDS:
                shown = reader.run("marcelle-rt", *words.split())
                print(f"marcelle-rt {words}: {len(shown.splitlines())} lines", flush=True)
        if given.demo:
            reader.run("marcelle-rt", "demo", "--exit", "--epochs", "3")
    return seconds <= LIMIT


if __name__ == "__main__":
    sys.exit(not main())
