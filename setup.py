"""The settings are in setup.cfg; here the README is made fit for a package index, which has no docs/ beside it."""

import re
from configparser import ConfigParser
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent
PICTURES = (".png", ".svg", ".gif", ".webp")


def described() -> str:
    """The README with absolute links; without links to its files where no address of the project is known."""
    settings = ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    source = re.search(r"Source = (\S+)", settings["metadata"]["project_urls"])

    def fit(link: "re.Match[str]") -> str:
        picture = link[3].lower().endswith(PICTURES)
        if source is None:
            return "" if picture else link[2]
        return f"{link[1]}[{link[2]}]({source[1]}/{'raw' if picture else 'blob'}/main/{link[3]})"

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.sub(r"(!?)\[([^\]]*)\]\((?!https?://|#)([^)\s]+)\)", fit, text)


setup(long_description=described())
