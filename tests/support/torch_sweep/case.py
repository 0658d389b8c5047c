"""One module of PyTorch's: a line that says the shape of an instance, and what is computed of it."""

from __future__ import annotations

import ast
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

CASES = Path(__file__).with_name("cases.txt")


class Long(nn.Module):
    """What makes indices of a page's numbers."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.long()


NAMES: dict[str, Any] = {"torch": torch, "nn": nn, "F": functional, "Long": Long}


class Computed(nn.Module):
    """A module that computes an expression of `x`; the layers in it are made once."""

    def __init__(self, expression: str) -> None:
        super().__init__()
        self.layers = nn.ModuleDict()
        tree = _Layers(self.layers).visit(ast.parse(expression, mode="eval"))
        self._code = compile(ast.fix_missing_locations(tree), expression, "eval")

    def forward(self, x: torch.Tensor) -> Any:
        return eval(self._code, {**NAMES, **dict(self.layers.items()), "x": x})


class _Layers(ast.NodeTransformer):
    """Makes the layers of an expression, and puts their names in their places."""

    def __init__(self, layers: nn.ModuleDict) -> None:
        self._layers = layers

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if _root(node.func) == "nn" and not _uses_x(node):
            name = f"layer{len(self._layers)}"
            self._layers[name] = eval(ast.unparse(node), NAMES)
            return ast.Name(name, ast.Load())
        return self.generic_visit(node)


@dataclass(frozen=True)
class Case:
    """A module to convert.

    Attributes:
        name: What it computes.
        shape: The shape of an instance.
        whole: Whether its numbers are indices.
    """

    name: str
    shape: tuple[int, ...]
    whole: bool

    def build(self) -> nn.Module:
        """Makes it, with weights of which each shows in what is predicted."""
        torch.manual_seed(5)
        module = Computed(self.name) if _uses_x(ast.parse(self.name)) else eval(self.name, NAMES)
        with torch.no_grad():
            for name, value in (*module.named_parameters(), *module.named_buffers()):
                if name.endswith("running_var"):
                    value.uniform_(0.5, 1.5)
                elif value.is_floating_point() and value.dim() == 1:
                    value.add_(0.3 * torch.randn_like(value))
        built: nn.Module = module.eval()
        return built

    def samples(self, count: int, seed: int) -> torch.Tensor:
        """A batch of instances."""
        generator = torch.Generator().manual_seed(zlib.crc32(f"{self.name}{seed}".encode()))
        if self.whole:
            return torch.randint(0, 10, (count, *self.shape), generator=generator).float()
        return torch.randn(count, *self.shape, generator=generator)


def cases() -> Iterator[Case]:
    """All of them. A line that ends with a bar says the shape of those below it, and that they are whole numbers."""
    shape: tuple[int, ...] = ()
    whole = False
    for line in CASES.read_text(encoding="utf-8").splitlines():
        if line.endswith("|"):
            words = line.removesuffix("|").split()
            whole = words[-1] == "int"
            shape = tuple(int(word) for word in words if word != "int")
        else:
            yield Case(line, shape, whole)


def _root(node: ast.AST) -> str | None:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _uses_x(tree: ast.AST) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "x" for node in ast.walk(tree))
