"""Twelve kinds of PyTorch modules, each with the shape of an instance, and samples; and one too large for pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional


@dataclass(frozen=True)
class ModuleKind:
    """A kind of module.

    Attributes:
        title: What it is called in the docs' table.
        build: Makes one.
        shape: The shape of an instance.
    """

    title: str
    build: Callable[[], nn.Module]
    shape: tuple[int, ...]

    def trained(self) -> nn.Module:
        """One with weights, and statistics, with which samples differ in what is predicted."""
        torch.manual_seed(5)
        module = self.build()
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.mul_(1.5).add_(0.05 * torch.randn_like(parameter))
            module.train()
            module(torch.randn(8, *self.shape))  # batch normalizations see a batch
        return module.eval()

    def samples(self, count: int = 4) -> torch.Tensor:
        """A batch of instances."""
        generator = torch.Generator().manual_seed(3)
        return 2 * torch.randn(count, *self.shape, generator=generator)


class Recurrent(nn.Module):
    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.recurrent = kind(5, 7, num_layers=2, bidirectional=True, batch_first=True)
        self.head = nn.Linear(14, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        answer, _ = self.recurrent(x)
        return self.head(answer[:, -1])


class Causal(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(8, 24)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        query, key, value = (part.unsqueeze(1) for part in self.inner(x).chunk(3, -1))
        return functional.scaled_dot_product_attention(query, key, value, is_causal=True).squeeze(1).mean(1)


class Masked(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.register_buffer("mask", torch.triu(torch.ones(6, 6, dtype=torch.bool), 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.attention(x, x, x, attn_mask=self.mask)[0]


class Excitation(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = channels // 4
        self.layers = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, inner, 1),
            nn.ReLU(),
            nn.Conv2d(inner, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.layers(x)


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 16, 3, padding=1)
        self.groups = nn.GroupNorm(4, 16)
        self.second = nn.Conv2d(16, 16, 3, padding=1)
        self.excitation = Excitation(16)
        self.norm = nn.LayerNorm(16)
        self.head = nn.Linear(16, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.gelu(self.groups(self.first(x)))
        x = x + self.excitation(self.second(x))
        return self.head(self.norm(x.mean((2, 3))))


class Upsampled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Conv2d(2, 3, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.interpolate(self.inner(x), scale_factor=2, mode="bilinear")
        return functional.interpolate(x, size=(12, 10), mode="nearest")


class Cell(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.GRUCell(4, 6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        state = x.new_zeros(x.shape[0], 6)
        for step in range(x.shape[1]):
            state = self.cell(x[:, step], state)
        return state


class Vast(nn.Module):
    """Has 600 million weights, which are one number in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1).expand(30_000, 20_000))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.weight[0, 0]


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3), nn.Softmax(-1))


def cnn() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, padding=1),
        nn.Dropout(),
        nn.AvgPool2d(2, padding=1),
        nn.Flatten(),
        nn.Linear(32, 3),
    )


def encoder() -> nn.Module:
    return nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2, enable_nested_tensor=False)


def autoencoder() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.ConvTranspose2d(4, 2, 3, stride=2, padding=1, output_padding=1),
    )


def grouped() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(4, 8, 3, groups=2, padding=2, dilation=2),
        nn.PReLU(8),
        nn.PixelShuffle(2),
        nn.Conv2d(2, 4, 3, groups=2),
    )


MODULE_KINDS = {
    "mlp": ModuleKind("Dense network, softmax", mlp, (4,)),
    "cnn": ModuleKind("Convolutions, batch normalization, pools, dropout", cnn, (1, 12, 12)),
    "lstm": ModuleKind("Bidirectional LSTM of two layers", lambda: Recurrent(nn.LSTM), (6, 5)),
    "gru": ModuleKind("Bidirectional GRU of two layers", lambda: Recurrent(nn.GRU), (6, 5)),
    "encoder": ModuleKind("TransformerEncoder of two layers", encoder, (6, 8)),
    "causal": ModuleKind("Causal scaled_dot_product_attention", Causal, (6, 8)),
    "masked": ModuleKind("MultiheadAttention with a mask", Masked, (6, 8)),
    "autoencoder": ModuleKind("Autoencoder with transposed convolutions", autoencoder, (2, 8, 8)),
    "residual": ModuleKind("Residual block: squeeze-excitation, GroupNorm, GELU, LayerNorm", Residual, (3, 8, 8)),
    "upsampled": ModuleKind("Bilinear and nearest interpolate", Upsampled, (2, 6, 6)),
    "cell": ModuleKind("GRUCell in a Python loop", Cell, (5, 4)),
    "grouped": ModuleKind("Grouped and dilated convolutions, PReLU, PixelShuffle", grouped, (4, 8, 8)),
}
"""The kinds that the docs' table has, by a short name."""
