"""A dataset of a dashboard in PyTorch's own `DataLoader`."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from marcelle_rt import Dataset
from marcelle_rt.backend import Backend


@pytest.fixture
def dataset(backend: Backend) -> Iterator[Dataset]:
    """Ten images, of two labels and of several sizes."""
    with Dataset(backend.url, f"torch {uuid.uuid4().hex[:8]}") as dataset:
        rng = np.random.default_rng(0)
        images = [rng.integers(0, 255, (9 + n % 3, 9, 3), dtype=np.uint8) for n in range(10)]
        dataset.add_many(images, ["b", "a"] * 5, gently=False)
        yield dataset


@pytest.mark.parametrize("start", [None, "fork", "spawn"])
def test_a_loader_gives_batches_of_what_to_numpy_gives(dataset: Dataset, start: str | None) -> None:
    x, y = dataset.to_numpy(size=(6, 5), labels=["a", "b"])

    workers = {} if start is None else {"num_workers": 2, "multiprocessing_context": start}
    batches = list(DataLoader(dataset.to_torch(size=(6, 5), labels=["a", "b"]), batch_size=4, **workers))

    assert [tuple(images.shape) for images, _ in batches] == [(4, 3, 6, 5), (4, 3, 6, 5), (2, 3, 6, 5)]
    assert batches[0][0].dtype == torch.float32
    assert np.array_equal(torch.cat([images for images, _ in batches]).numpy(), x.transpose(0, 3, 1, 2))
    assert torch.cat([labels for _, labels in batches]).tolist() == y.tolist()


def test_a_network_learns_from_a_shuffled_loader(dataset: Dataset) -> None:
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 8 * 8, 2))
    loader = DataLoader(dataset.to_torch(size=(8, 8), labels=["a", "b"]), batch_size=5, shuffle=True)
    optimizer = torch.optim.SGD(network.parameters(), 1e-6)
    losses: list[float] = []
    for _ in range(10):
        for images, labels in loader:
            loss = torch.nn.functional.cross_entropy(network(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    batches = len(loader)
    assert sum(losses[-batches:]) < sum(losses[:batches])  # of all examples, after and before


def test_masks_come_as_one_tensor(dataset: Dataset) -> None:
    dataset.clear()
    mask = np.arange(36, dtype=np.uint8).reshape(6, 6)
    dataset.add_many([mask] * 2, [mask, mask * 2], gently=False)

    ((_, masks),) = DataLoader(dataset.to_torch(), batch_size=2)

    assert sorted(masks.sum(dim=(1, 2)).tolist()) == [mask.sum(), 2 * mask.sum()]
