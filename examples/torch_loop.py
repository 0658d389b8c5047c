"""A loop of one's own in PyTorch, with checkpoints that a page can try while it trains.

    marcelle-rt backend                     # in another terminal, if you have no backend yet
    python examples/torch_loop.py [EPOCHS]

Needs torch and onnxscript (`pip install "marcelle-rt[torch]"`). The backend is $MARCELLE_BACKEND, or else
http://localhost:3030; without one the run is kept in ./marcelle-logs, and `marcelle-rt upload` sends it later.
"""

from __future__ import annotations

import sys

import torch
from torch import nn

from marcelle_rt import Writer

epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
torch.manual_seed(0)
x = torch.rand(600, 4)
y = (x.sum(1) > 2).long()
module = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
optimizer = torch.optim.Adam(module.parameters(), lr=0.02)

with Writer("sums-torch") as writer:
    writer.create_run(module, {"lr": 0.02}, example=x[:1], activation="softmax", labels=["below two", "above two"])
    writer.train_begin(epochs)
    for epoch in range(1, epochs + 1):
        module.train()
        for batch, wanted in zip(x[:500].split(50), y[:500].split(50), strict=True):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(module(batch), wanted)
            loss.backward()
            optimizer.step()
        module.eval()
        with torch.no_grad():
            held_out = module(x[500:])
        val_loss = nn.functional.cross_entropy(held_out, y[500:])
        val_accuracy = (held_out.argmax(1) == y[500:]).float().mean()
        logs = {"loss": loss, "lossVal": val_loss, "accuracyVal": val_accuracy}
        writer.save_epoch(epoch, logs, save_checkpoint=epoch % 5 == 0 or epoch == epochs)
