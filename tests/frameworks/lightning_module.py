"""A Lightning module, of whichever of the two packages."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from tests.frameworks.trainings import X, Y


def loader() -> Any:
    data = torch.utils.data.TensorDataset(torch.tensor(X), torch.tensor(Y))
    return torch.utils.data.DataLoader(data, batch_size=16)


def module(package: ModuleType, fail_at: int | None = None, error: type[BaseException] = ValueError) -> Any:
    """A module that logs as most do, and may fail at an epoch."""

    class Net(package.LightningModule):  # type: ignore[misc, name-defined]
        def __init__(self, width: int = 8, lr: float = 0.05) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.net = torch.nn.Sequential(torch.nn.Linear(4, width), torch.nn.ReLU(), torch.nn.Linear(width, 2))

        def step(self, batch: Any, name: str, **options: Any) -> Any:
            x, y = batch
            logits = self.net(x)
            loss = torch.nn.functional.cross_entropy(logits, y)
            self.log(f"{name}_loss", loss, **options)
            self.log(f"{name}_acc", (logits.argmax(1) == y).float().mean(), **options)
            return loss

        def training_step(self, batch: Any, index: int) -> Any:
            if fail_at is not None and self.current_epoch == fail_at and index == 1:
                raise error("too hot")
            return self.step(batch, "train", on_step=True, on_epoch=True)

        def validation_step(self, batch: Any, index: int) -> None:
            self.step(batch, "val")

        def test_step(self, batch: Any, index: int) -> None:
            self.step(batch, "test")

        def configure_optimizers(self) -> Any:
            optimizer = torch.optim.SGD(self.parameters(), lr=self.hparams["lr"])
            return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.1)]

    return Net()


def trainer(package: ModuleType, folder: Path, **options: Any) -> Any:
    """A trainer that shows nothing."""
    defaults = {
        "max_epochs": 3,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "logger": False,
        "accelerator": "cpu",
        "log_every_n_steps": 1,
        "default_root_dir": folder,
        "enable_checkpointing": False,
    }
    return package.Trainer(**{**defaults, **options})
