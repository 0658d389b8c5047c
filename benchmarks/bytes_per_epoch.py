"""How many bytes one more epoch sends to the backend, at epoch 10 and at epoch 50,000.

A TCP proxy between the writer and the real backend counts them, so headers, frames and heartbeats are in.
"""

from __future__ import annotations

import socket
import statistics
import sys
import tempfile
import threading
from urllib.parse import urlsplit

from benchmarks.support.measure import verdict
from marcelle_rt import Writer
from marcelle_rt.backend import Backend

EPOCHS = (10, 50_000)
SAMPLES = 15
LOGS = {"loss": 0.123456, "accuracy": 0.987654, "val_loss": 0.234567, "val_accuracy": 0.876543}


class CountingProxy:
    """Passes bytes on, and counts those that go to the backend.

    Attributes:
        sent: The bytes so far.
        url: Where it listens.
    """

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.sent = 0
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            client, _ = self._server.accept()
            server = socket.create_connection(self._target)
            threading.Thread(target=self._pump, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._pump, args=(server, client, False), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        try:
            while data := source.recv(65536):
                if counted:
                    self.sent += len(data)
                sink.sendall(data)
        except OSError:
            pass  # either side has gone; the other is told below
        finally:
            source.close()
            sink.close()


def flush(writer: Writer) -> None:
    """Waits until the backend has all; what follows would count too little otherwise."""
    if not writer.flush(120):
        raise SystemExit(f"the backend did not get all: {writer.status.problem}")


if __name__ == "__main__":
    with Backend(port=0) as backend, tempfile.TemporaryDirectory() as folder:
        proxy = CountingProxy(backend.url)
        with Writer("bench", proxy.url, base_log_dir=folder) as writer:
            writer.create_run()
            writer.train_begin(EPOCHS[-1] + SAMPLES)
            epoch, medians = 0, []
            for first in EPOCHS:
                while epoch < first:
                    writer.save_epoch(epoch, LOGS)
                    epoch += 1
                flush(writer)
                taken = []
                for _ in range(SAMPLES):
                    before = proxy.sent
                    writer.save_epoch(epoch, LOGS)
                    epoch += 1
                    flush(writer)
                    taken.append(proxy.sent - before)
                medians.append(statistics.median(taken))
                print(f"epoch {first}: {medians[-1]:.0f} bytes for one more ({min(taken)} to {max(taken)})")
    sys.exit(not verdict("bytes at epoch 50000 over epoch 10", medians[1] / medians[0], 1.1))
