"""A program that does all that can show a secret, and shows all that it can. Run by `test_secrets.py`."""

from __future__ import annotations

import logging
import os
import sys
import time
import traceback
import warnings
from pathlib import Path

URL, UNUSED, BASE = sys.argv[1:4]
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


def shown(call: object, *arguments: object, **options: object) -> None:
    """Calls something and shows what it gives or raises, with all that it was made from."""
    try:
        print("returned", call(*arguments, **options))  # type: ignore[operator]
    except Exception as error:  # whatever it is, it is to be seen
        traceback.print_exc()
        print(repr(error), vars(error))


def log_everything() -> None:
    """Every logger there is at its lowest level, on standard error.

    Not so `websocket.enableTrace` and `HTTPConnection.debuglevel`: who turns those on asks for the bytes on the wire.
    """
    logging.basicConfig(level=1, stream=sys.stderr, format="%(name)s %(message)s")
    import engineio
    import requests
    import socketio
    import urllib3
    import websocket

    print(engineio, requests, socketio, urllib3, websocket)
    for name in [
        None,
        *logging.root.manager.loggerDict,
        "marcelle_rt.transport",
        "websocket",
        "urllib3.connectionpool",
    ]:
        logging.getLogger(name).setLevel(1)
        logging.getLogger(name).disabled = False


def main() -> None:
    warnings.simplefilter("always")
    from marcelle_rt import DataStore, Remote, Uploader, Writer
    from marcelle_rt.client.socket import transport  # noqa: F401  its logger comes with it

    log_everything()
    email, password = os.environ["MARCELLE_EMAIL"], os.environ["MARCELLE_PASSWORD"]
    picture = Path(BASE) / "picture.png"
    picture.write_bytes(PICTURE)
    notes = Path(BASE) / "notes.txt"
    notes.write_text("no picture")

    store = DataStore()
    print(store, repr(store), str(store), store.key, vars(store), vars(store.session))
    store.connect()
    token = store.connection.token(time.monotonic() + 10)
    Path(BASE, "..", "token").resolve().write_text(token or "")
    print(
        store.connection,
        vars(store.connection),
        store.connection._grant,
        store.session.http,
        vars(store.session.http),
    )
    shown(store.service("runs").find)
    shown(store.service("runs").get, "missing")
    shown(store.uploads.post_files, "assets/upload", [("a.png", "a.png", picture, "image/png")])
    shown(store.uploads.post_files, "assets/upload", [("a.txt", "a.txt", notes, "text/plain")])
    shown(store.uploads.post_files, "no/such/route", [("a.png", "a.png", picture, "image/png")])
    by_rest = store.by_rest()
    print(by_rest, vars(by_rest), vars(by_rest.session.caller))
    shown(by_rest.service("runs").find)
    shown(by_rest.service("runs").get, "missing")
    by_token = DataStore(token=token)
    print(by_token, vars(by_token.session.caller))
    shown(by_token.service("runs").find)
    shown(DataStore(email=email, password=password + "-wrong").connect)
    shown(DataStore(email=email, password=password + "-wrong").by_rest().service("runs").find)
    shown(DataStore(token=(token or "") + "x").connect)
    shown(DataStore(UNUSED, email=email, password=password).connect)
    shown(DataStore(UNUSED, token=token).by_rest().service("runs").find)
    shown(DataStore, URL, password=password)
    shown(DataStore, URL.replace("://", f"://{email}:{password}@"))
    shown(store.login, email, password + "-wrong")

    os.environ["MARCELLE_LOG_DIR"] = BASE
    with Writer("secrets") as writer:
        print(writer, vars(writer))
        writer.create_run(run_params={"lr": 0.1})
        writer.train_begin(3)
        for epoch in range(3):
            writer.save_epoch(epoch, {"loss": 1.0}, assets=[str(picture), str(notes)])
        print(writer.status, writer.flush(20))
        writer.alert("not saved", f"401 for Bearer {token}")
    try:
        with Writer("broken") as broken:
            broken.create_run()
            raise RuntimeError(f"postgres://{email}:{password}@db/x, {password} and {token} are not known there")
    except RuntimeError:
        pass  # its traceback is the program's own
    os.environ["MARCELLE_BACKEND"] = UNUSED
    with Writer("away", finish_timeout=0.5) as away:
        away.create_run()
        away.train_begin(1)
        away.save_epoch(0, {"loss": 1.0})
    directory = away.run_directory
    print(away.status)
    with Remote(UNUSED) as remote:
        shown(Uploader(remote).upload, directory)
    with Remote(store) as remote:
        shown(Uploader(remote).upload, directory)


main()
