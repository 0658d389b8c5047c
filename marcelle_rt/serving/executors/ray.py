"""Jobs on the workers of a Ray cluster: `TrainingServer(executor="ray")`, or an address in its place."""

from __future__ import annotations

import os
from typing import Any

from ...errors import MarcelleError
from ..worker.elsewhere import carry_out_here
from .cluster import Cluster
from .elsewhere import Future
from .seam import Ended, Order


class NoRay(MarcelleError):
    """Ray is asked for, and is not installed, did not start on this machine, or has no cluster at the address."""


class Ray(Cluster):
    """Hands orders to Ray: the cluster that the program has connected to, that of an address, or one of this machine.

    Args:
        address: `"ray"`, or an address as `ray.init` takes it.
        ended: Told when an order has been carried out, or its worker was lost.

    Raises:
        NoRay: Ray is not installed, did not start, or has no cluster at the address.
    """

    def __init__(self, address: str, ended: Ended) -> None:
        super().__init__("Ray cluster", ended)
        is_alone = address == "ray" and not os.environ.get("RAY_ADDRESS")
        if is_alone:  # read when Ray is imported: it is for this machine alone, and listens on its loopback interface
            os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
        try:
            import ray
        except ImportError as error:
            raise NoRay(f"executor={address!r} needs Ray: pip install 'marcelle-rt[ray]'") from error
        self._ray: Any = ray
        self._is_ours = not ray.is_initialized()
        if self._is_ours:
            try:
                ray.init(None if address == "ray" else address, include_dashboard=False if is_alone else None)
            except Exception as error:  # Ray raises what it likes, `Exception` itself among it
                raise NoRay(f"executor={address!r} has found no Ray cluster: {error}") from error
        # Ray would run what its worker was killed in again; whether that is done is the server's to say.
        self._carry_out = ray.remote(num_cpus=1, max_retries=0)(carry_out_here)
        self._refs: dict[str, Any] = {}
        self.begin()

    def workers(self) -> int:
        """The processors of the cluster."""
        return int(self._ray.cluster_resources().get("CPU", 0))

    def submit(self, order: Order) -> Future:
        """Has an order carried out, once."""
        ref = self._refs[order.token] = self._carry_out.remote(order._asdict())
        future: Future = ref.future()
        future.add_done_callback(lambda _: self._refs.pop(order.token, None))
        return future

    def kill(self, order: Order) -> bool:
        """Ends the process of an order that is carried out, or takes it back."""
        ref = self._refs.get(order.token)
        if ref is not None:
            self._ray.cancel(ref, force=True)
        return ref is not None

    def close(self) -> None:
        """Ends what it has started, and the cluster if that was started for it."""
        super().close()
        for ref in list(self._refs.values()):
            self._ray.cancel(ref, force=True)
        if self._is_ours:
            self._ray.shutdown()
