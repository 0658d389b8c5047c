"""The small web server behind pages."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

import pytest

from marcelle_rt.dashboard.site import Site


def test_it_serves_files_and_texts_with_their_types(node: None, tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("p {}")

    with Site({"index.html": "<p>start</p>", "style.css": tmp_path / "a.css"}) as site:
        with urllib.request.urlopen(site.url) as answer:
            assert answer.read() == b"<p>start</p>"
            assert answer.headers["Content-Type"] == "text/html"
        with urllib.request.urlopen(f"{site.url}style.css?v=1") as answer:
            assert answer.read() == b"p {}"
            assert answer.headers["Content-Type"] == "text/css"


def test_marcelles_bundle_is_always_there(node: None) -> None:
    with Site({}) as site, urllib.request.urlopen(f"{site.url}marcelle.js") as answer:
        assert answer.headers.get_content_type() == "text/javascript"
        assert b"trainingHistory" in answer.read()


def test_what_a_browser_has_is_not_sent_again_until_it_changes(node: None, tmp_path: Path) -> None:
    style = tmp_path / "a.css"
    style.write_text("p {}")
    tags: dict[str, str] = {}

    def again(url: str, name: str) -> bytes:
        request = urllib.request.Request(url + name, headers={"If-None-Match": tags[name]})
        with urllib.request.urlopen(request) as answer:
            return bytes(answer.read())

    with Site({"index.html": "<p>start</p>", "style.css": style}) as site:
        for name in ("index.html", "style.css", "marcelle.js"):
            with urllib.request.urlopen(site.url + name) as answer:
                assert answer.headers["Cache-Control"] == "no-cache", "the browser asks each time"
                tags[name] = answer.headers["ETag"]
            with pytest.raises(urllib.error.HTTPError, match="304"):
                again(site.url, name)

        style.write_text("p { color: red }")
        assert again(site.url, "style.css") == b"p { color: red }"

    with Site({"index.html": "<p>other</p>"}) as site:
        assert again(site.url, "index.html") == b"<p>other</p>"


@pytest.mark.parametrize("path", ["nothing.html", "../setup.cfg", "..%2fsetup.cfg"])
def test_it_serves_nothing_else(node: None, path: str) -> None:
    with Site({"index.html": ""}) as site, pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(site.url + path)


@pytest.mark.parametrize(("host", "named"), [("::1", "[::1]"), ("::", "[::1]"), ("0.0.0.0", "127.0.0.1")])
def test_its_address_can_be_opened_whatever_it_listens_on(node: None, host: str, named: str) -> None:
    with Site({"index.html": "here"}, host=host) as site, urllib.request.urlopen(site.url) as answer:
        assert site.url.startswith(f"http://{named}:")
        assert answer.read() == b"here"


def test_its_port_is_free_after_close(node: None) -> None:
    with Site({}) as site:
        url = site.url

    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url)
