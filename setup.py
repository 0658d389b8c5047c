"""The settings are in setup.cfg; here the README's links become addresses: a package index has no docs/ beside it."""

import re
from configparser import ConfigParser
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent
PICTURES = (".png", ".svg", ".gif", ".webp")


def described() -> str:
    """The README with absolute links."""
    settings = ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    source = re.search(r"Source = (\S+)", settings["metadata"]["project_urls"])
    assert source is not None

    def absolute(link: "re.Match[str]") -> str:
        kind = "raw" if link[2].lower().endswith(PICTURES) else "blob"
        return f"{link[1]}({source[1]}/{kind}/main/{link[2]})"

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.sub(r"(\])\((?!https?://|#)([^)\s]+)\)", absolute, text)


setup(long_description=described())
