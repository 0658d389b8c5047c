"""Jobs on the workers of a Dask cluster: `TrainingServer(executor=Client(...))`.

Dask runs a task again whose worker was lost, and again for each result that was lost with a worker. A second run finds
the job's attempt claimed, and does nothing; where the first one's worker is gone, the lease tells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...notices import logger
from ..worker.elsewhere import carry_out_here
from .cluster import Cluster
from .elsewhere import ExecutorGone, Future
from .seam import Ended, Order

if TYPE_CHECKING:
    from distributed import Client

_PATIENCE = 20.0  # seconds that a cluster of its own may take to end


class Dask(Cluster):
    """Hands orders to a cluster.

    Args:
        client: The client.
        ended: Told when an order has been carried out, or its worker was lost.
        is_ours: Whether it was made for the server, and so ends with it, as does a cluster that it has started.
    """

    def __init__(self, client: Client, ended: Ended, *, is_ours: bool = False) -> None:
        super().__init__("Dask cluster", ended)
        self._is_ours = is_ours
        self._client: Any = client
        self.begin()

    @staticmethod
    def is_client(executor: Any) -> bool:
        """Whether something is a Dask client; Dask is not imported for it."""
        return any(f"{kind.__module__}.{kind.__name__}" == "distributed.client.Client" for kind in type(executor).mro())

    def workers(self) -> int:
        """The threads of all workers that are there now."""
        return sum(self._client.nthreads().values())

    def room(self) -> int:
        """As for each cluster.

        Raises:
            ExecutorGone: The client has closed, mostly because its scheduler was away for too long.
        """
        if self._client.status in ("closing", "closed"):
            reason = "its client is closed, as it is when the scheduler can't be reached for some 30 seconds"
            raise ExecutorGone("Dask", reason, "start it when the scheduler is back")
        return super().room()

    def submit(self, order: Order) -> Future:
        """Has an order carried out: not from a cache, and with nothing to keep afterwards."""
        future: Future = self._client.submit(
            carry_out_here, order._asdict(), key=f"marcelle-{order.token}", pure=False, retries=0
        )
        return future

    def kill(self, order: Order) -> bool:
        """Ends nothing: one that no worker has begun finds its job taken, and Dask's own cancelling upsets workers."""
        return False

    def close(self) -> None:
        """Takes back what no worker has begun, and closes a client of its own."""
        super().close()
        if self._client.status in ("closing", "closed"):
            return
        try:
            self._client.cancel(self.futures())
            if self._is_ours:
                self._client.close(timeout=_PATIENCE)
        except (OSError, TimeoutError) as error:  # a scheduler that is gone, or busy with workers that were killed
            logger.warning("the Dask client could not be closed: %s", error)
