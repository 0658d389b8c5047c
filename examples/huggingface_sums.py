"""A `Trainer` of Hugging Face's with `MarcelleCallback`: every epoch shows in dashboards as it ends.

    marcelle-rt backend                     # in another terminal, if you have no backend yet
    python examples/huggingface_sums.py [EPOCHS]

Needs transformers, accelerate and torch. The backend is $MARCELLE_BACKEND, or else http://localhost:3030; without one
the run is kept in ./marcelle-logs, and `marcelle-rt upload` sends it later.
"""

from __future__ import annotations

import sys

import torch
from transformers import Trainer, TrainingArguments

from marcelle_rt.callbacks.huggingface import MarcelleCallback


class Sums(torch.nn.Module):
    """Tells whether the sum of four numbers is above two."""

    def __init__(self) -> None:
        super().__init__()
        self.net = torch.nn.Linear(4, 2)

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
        """The loss, and what was predicted, as a `Trainer` wants them."""
        logits = self.net(x)
        return {"loss": torch.nn.functional.cross_entropy(logits, labels), "logits": logits}


epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 10
torch.manual_seed(0)
rows = [{"x": x, "labels": (x.sum() > 2).long()} for x in torch.rand(600, 4)]
arguments = TrainingArguments(
    "out", num_train_epochs=epochs, eval_strategy="epoch", save_strategy="no", learning_rate=0.05, disable_tqdm=True
)
trainer = Trainer(
    Sums(), arguments, train_dataset=rows[:500], eval_dataset=rows[500:], callbacks=[MarcelleCallback("sums-trainer")]
)
trainer.train()
