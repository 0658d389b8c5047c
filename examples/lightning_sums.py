"""A Lightning training with `MarcelleCallback`: every epoch shows in dashboards as it ends.

    marcelle-rt backend                     # in another terminal, if you have no backend yet
    python examples/lightning_sums.py [EPOCHS]

Needs lightning. The backend is $MARCELLE_BACKEND, or else http://localhost:3030; without one the run is kept in
./marcelle-logs, and `marcelle-rt upload` sends it later.
"""

from __future__ import annotations

import sys

import lightning.pytorch as pl
import torch

from marcelle_rt.callbacks.lightning import MarcelleCallback


class Sums(pl.LightningModule):
    """Learns the sum of four numbers."""

    def __init__(self, width: int = 32, lr: float = 0.01) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = torch.nn.Sequential(torch.nn.Linear(4, width), torch.nn.ReLU(), torch.nn.Linear(width, 1))

    def training_step(self, batch: list[torch.Tensor], index: int) -> torch.Tensor:
        """Learns from a batch."""
        loss = torch.nn.functional.mse_loss(self.net(batch[0]), batch[1])
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: list[torch.Tensor], index: int) -> None:
        """Looks at a batch that nothing was learned from."""
        self.log("val_loss", torch.nn.functional.mse_loss(self.net(batch[0]), batch[1]))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam, as good as any here."""
        return torch.optim.Adam(self.parameters(), lr=self.hparams["lr"])


def numbers(count: int) -> torch.utils.data.DataLoader:
    """So many rows of four numbers, with their sums."""
    x = torch.rand(count, 4)
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, x.sum(dim=1, keepdim=True)), batch_size=64)


epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
pl.seed_everything(0)
callback = MarcelleCallback("sums-lightning")
trainer = pl.Trainer(max_epochs=epochs, logger=False, enable_checkpointing=False, callbacks=[callback])
trainer.fit(Sums(), numbers(1000), numbers(200))
