"""Lists what the backend's npm lock has without support: `.venv/bin/python scripts/outdated.py`.

Asks the npm registry, by npm. Ends with 1 where a package is deprecated and marcelle_rt/backend/npm/OVERRIDES.md does
not say why it stays.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from marcelle_rt.backend.node import find_node  # noqa: E402
from marcelle_rt.backend.packages import BACKEND, install  # noqa: E402

MODULES = "node_modules/"


def npm(folder: Path, *arguments: str) -> str:
    """What npm answers on stdout; `npm outdated` ends with 1 where there is something to say."""
    answer = subprocess.run([*find_node().npm, *arguments], cwd=folder, capture_output=True, text=True)
    if answer.returncode > 1 or (answer.returncode and not answer.stdout):
        raise SystemExit(f"npm {' '.join(arguments)} failed:\n{answer.stderr}")
    return answer.stdout


def packages(lock: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """The packages of a lock file, by their name and version."""
    entries: dict[str, dict[str, Any]] = json.loads(lock.read_text())["packages"]
    return {
        (entry.get("name", place.rpartition(MODULES)[2]), entry["version"]): entry
        for place, entry in entries.items()
        if place
    }


def resolved_anew() -> dict[tuple[str, str], dict[str, Any]]:
    """What npm would lock today: its entries say which packages their maintainers have deprecated since."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "package.json").write_bytes((BACKEND / "package.json").read_bytes())
        npm(Path(folder), "install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund")
        return packages(Path(folder) / "package-lock.json")


def behind() -> Iterator[tuple[str, str, str, str]]:
    """Name, version, newest version and who asks for it, of what npm finds outdated in the installed packages."""
    found: dict[str, Any] = json.loads(npm(install(), "outdated", "--all", "--json") or "{}")
    for name, value in sorted(found.items()):
        entries = value if isinstance(value, list) else [value]
        for version in sorted({entry["current"] for entry in entries if "current" in entry}):
            askers = sorted({entry["dependent"] for entry in entries if entry.get("current") == version})
            yield name, version, entries[0]["latest"], ", ".join(askers)


def major(version: str) -> int:
    """The first number of a version."""
    return int(version.partition(".")[0])


def say(title: str, lines: list[str]) -> None:
    """Prints a list under its title."""
    print(f"{title}: {len(lines) or 'none'}")
    for line in lines:
        print(f"  {line}")


def main() -> None:
    """Prints the lists."""
    patterns = set(re.findall(r"`([^`]+)`", (BACKEND / "OVERRIDES.md").read_text()))
    locked, anew = packages(BACKEND / "package-lock.json"), resolved_anew()
    names_anew = {name for name, _ in anew}

    def told(name: str) -> bool:
        """Whether OVERRIDES.md has something to say about a package."""
        return any(fnmatch(name, pattern) for pattern in patterns)

    deprecated = {key: anew[key]["deprecated"] for key in locked if "deprecated" in anew.get(key, {})}
    say(
        "Deprecated by their maintainers, and kept for what OVERRIDES.md tells",
        [f"{name} {version}: {why}" for (name, version), why in deprecated.items() if told(name)],
    )
    unexplained = [f"{name} {version}: {why}" for (name, version), why in deprecated.items() if not told(name)]
    say("Deprecated by their maintainers", unexplained)
    say(
        "Locked at a version that npm would not choose today (scripts/lock)",
        [f"{name} {version}" for name, version in locked if (name, version) not in anew and name in names_anew],
    )
    say(
        "A major version or more behind the newest",
        [
            f"{name} {version}, newest {latest}, for {askers}" + (" (see OVERRIDES.md)" if told(name) else "")
            for name, version, latest, askers in behind()
            if major(version) < major(latest) and not name.startswith("@types/")
        ],
    )
    sys.exit(1 if unexplained else 0)


if __name__ == "__main__":
    main()
