"""An order in somebody else's worker: a cluster's or a pool's, where several run side by side, in threads too."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import Any

from ...errors import MarcelleError
from ..definition import Definition, NoServer, Reference
from ..executors.seam import Order
from .attempt import carry_out
from .surroundings import Surroundings

_loading = threading.Lock()  # a module is imported by one of a worker's threads


class WrongWorker(MarcelleError):
    """A worker that can't carry out the orders of a server."""


def carry_out_here(fields: Mapping[str, Any]) -> None:
    """Carries an order out. The claim comes first, so that an order that is given to several workers is done once.

    Args:
        fields: The order's.

    Raises:
        WrongWorker: This worker can't import the server's module, or that has another backend here.
        Exception: What importing the module raises.
    """
    order = Order(**{**fields, "reference": Reference(*fields["reference"])})
    carry_out(order, _definition(order), Surroundings())


def _definition(order: Order) -> Definition:
    with _loading:
        os.environ.setdefault("MARCELLE_BACKEND", order.location)  # on another machine the default would be that one's
        try:
            definition = order.reference.load()
        except (ModuleNotFoundError, NoServer) as error:
            raise WrongWorker(
                f"a worker can't find {order.reference}: {error}. Put the module where the workers find it (Dask: "
                "client.upload_file), with what it imports"
            ) from error
    if definition.store.location != order.location:
        raise WrongWorker(
            f"{order.reference} works on {definition.store.location} in a worker, and on {order.location} in its "
            "server; set MARCELLE_BACKEND for both"
        )
    return definition
