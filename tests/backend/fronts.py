"""nginx and Caddy in front of a backend, as docs/reach.md has them, but for names of files and numbers of ports."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trustme

from tests.helpers import eventually

PAGE = Path(__file__).parents[2] / "docs" / "reach.md"
NAME = "marcelle.example.org"
FRONTS = [name for name in ("nginx", "caddy") if shutil.which(name)]
"""Those that this machine has."""


def _block(language: str, word: str) -> str:
    blocks = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    (found,) = [block for block in blocks if word in block]
    return found


def _replaced(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert old in text, f"docs/reach.md has no {old!r} any more"
        text = text.replace(old, new)
    return text


def nginx(folder: Path, port: int, backend: str, chain: Path, key: Path) -> list[str]:
    """Writes nginx's configuration, and gives the command that runs it."""
    server = _replaced(
        _block("nginx", "proxy_pass"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("/etc/ssl/marcelle/fullchain.pem", str(chain)),
        ("/etc/ssl/marcelle/privkey.pem", str(key)),
        ("http://127.0.0.1:3030", backend),
    )
    for name in ("body", "proxy", "fastcgi", "uwsgi", "scgi"):
        (folder / name).mkdir()
    paths = "".join(f"{name}_temp_path {folder / name};\n" for name in ("proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{ access_log off; client_body_temp_path {folder}/body;\n{paths}{server} }}\n"
    )
    return ["nginx", "-p", str(folder), "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"]


def caddy(folder: Path, port: int, backend: str, chain: Path, key: Path) -> list[str]:
    """Writes Caddy's configuration, and gives the command that runs it."""
    site = _replaced(
        _block("text", "reverse_proxy"),
        (f"{NAME} {{", f"{NAME}:{port} {{\n    bind 127.0.0.1\n    tls {chain} {key}"),
        ("127.0.0.1:3030", backend.removeprefix("http://")),
    )
    settings = f"{{\n    admin off\n    auto_https disable_redirects\n    storage file_system {folder}\n}}\n"
    (folder / "Caddyfile").write_text(settings + site)
    return ["caddy", "run", "--config", f"{folder}/Caddyfile", "--adapter", "caddyfile"]


@contextmanager
def front(kind: str, port: int, backend: str, folder: Path, authority: trustme.CA) -> Iterator[None]:
    """Runs one of them at a port."""
    folder.mkdir()
    chain, key = folder / "chain.pem", folder / "key.pem"
    certificate = authority.issue_cert(NAME)
    certificate.private_key_pem.write_to_path(str(key))
    for part in certificate.cert_chain_pems:
        part.write_to_path(str(chain), append=True)
    command = {"nginx": nginx, "caddy": caddy}[kind](folder, port, backend, chain, key)
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "HOME": str(folder)})
    try:
        eventually(lambda: _listens(port) or process.poll() is not None)
        assert process.poll() is None, (folder / "log").read_text()
        yield
    finally:
        process.terminate()
        process.wait(20)


def _listens(port: int) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0


def resolving(original: object) -> object:
    """`socket.getaddrinfo` as if the name stood for this machine."""

    def resolve(host: object, *arguments: object, **options: object) -> object:
        return original("127.0.0.1" if host == NAME else host, *arguments, **options)  # type: ignore[operator]

    return resolve
