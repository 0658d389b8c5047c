"""The checkpoints and assets of a run, as `marcelle-rt runs show` lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from rich.console import Console
from rich.text import Text

from ...client.data_store import DataStore
from ...errors import Forbidden, MethodNotAllowed, NotFound
from ...foreign import clean
from ...monitor import facts
from ...runs.remote.run_documents import ASSETS
from ..output import cell, line

_AT_ONCE = 500  # ids in one query, far under the limit of a message


def addresses(store: DataStore, run: Mapping[str, Any]) -> dict[str, str]:
    """The addresses by which a browser opens a run's assets, by the assets' ids.

    Those that the backend does not have, or does not let in, have none.

    Args:
        store: The backend.
        run: The run's document.

    Raises:
        MarcelleError: What the backend or the line raised.
    """
    ids = [_id_of(entry) for entry in facts.entries(run, "assets")]
    found: dict[str, str] = {}
    for first in range(0, len(ids), _AT_ONCE):
        query = {"_id": {"$in": ids[first : first + _AT_ONCE]}, "$select": ["_id", "url"]}
        try:
            for asset in store.service(ASSETS).items(query):
                found[str(asset["_id"])] = f"{store.location}/assets/{quote(str(asset.get('url')))}"
        except (NotFound, Forbidden, MethodNotAllowed):
            return {}
    return found


def print_files(out: Console, run: Mapping[str, Any], addresses: Mapping[str, str]) -> None:
    """Prints a run's checkpoints and assets, each with its epoch and where it is.

    Args:
        out: Where to.
        run: The run's document.
        addresses: Those of assets, by their ids; the others are named by service and id.
    """
    for name, title in (("checkpoints", "name"), ("assets", "filename")):
        entries = facts.entries(run, name)
        if entries:
            out.print()
            line(out, Text(f"{name} ({len(entries)})", "dim"))
        for entry in entries:
            own = entry.get("metadata")
            epoch = (own if isinstance(own, Mapping) else entry).get("epoch")
            parts = [cell(entry.get(title) or "?"), Text("" if epoch is None else f"  epoch {clean(epoch)}", "dim")]
            if (address := addresses.get(_id_of(entry))) is not None:
                # An address that is cut off opens nothing.
                out.print(Text.assemble("  ", *parts, (f"  {clean(address)}", "dim")), soft_wrap=True)
            else:
                place = f"  {entry.get('service', ASSETS)}/{_id_of(entry)}"
                line(out, *parts, Text(clean(place), "dim"), indent=2)


def _id_of(entry: Mapping[str, Any]) -> str:
    return str(entry.get("id", entry.get("_id")))
