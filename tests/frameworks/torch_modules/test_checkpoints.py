"""Checkpoints of PyTorch's modules: weights on disk, what pages run beside, and what happens to the training."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from marcelle_rt import DataStore, Writer
from marcelle_rt.backend import Backend
from marcelle_rt.models.onnx_files.running import run
from marcelle_rt.models.torch_modules.exporter import ModuleExporter
from tests.frameworks.module_kinds import Vast
from tests.support.writers import document, said


@pytest.fixture
def offline(tmp_path: Path) -> Iterator[Callable[..., Writer]]:
    """Writers to the folder alone, with checkpoints as ONNX."""
    made: list[Writer] = []

    def make(**options: Any) -> Writer:
        given = {"remote": False, "remote_save_format": "onnx", "base_log_dir": tmp_path / "logs", **options}
        made.append(Writer("torch", **given))
        return made[-1]

    yield make
    for writer in made:
        writer.close()


@pytest.fixture
def process_group(tmp_path: Path) -> Iterator[None]:
    """A distributed training of one process."""
    store = torch.distributed.FileStore(str(tmp_path / "group"), 1)
    torch.distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


def network() -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(), nn.Linear(8, 3))


def saved_graph(writer: Writer, name: str = "epoch=1") -> Any:
    """The ONNX model that was made of a checkpoint."""
    assert writer.run_directory is not None
    return onnx.load(str(writer.run_directory / f"model_checkpoint_{name}.onnx" / "model.onnx"))


def predicted(module: nn.Module, batch: torch.Tensor) -> Any:
    frozen = copy.deepcopy(module).eval()
    with torch.no_grad():
        return frozen(batch).numpy()


def train(module: nn.Module, batch: torch.Tensor) -> None:
    optimizer = torch.optim.SGD(module.parameters(), 0.1)
    module(batch).square().mean().backward()
    optimizer.step()


def test_weights_are_on_disk_as_a_state_dict_and_what_pages_run_beside_them(offline: Callable[..., Writer]) -> None:
    module, batch = network(), torch.randn(6, 4)
    writer = offline()
    writer.create_run(module, example=batch)
    writer.save_epoch(1, {"loss": 1.0}, save_checkpoint=True)
    assert writer.run_directory is not None
    state = torch.load(writer.run_directory / "model_checkpoint_epoch=1.pt", weights_only=True)

    assert state.keys() == module.state_dict().keys()
    assert all(torch.equal(state[name], weight) for name, weight in module.state_dict().items())
    (entry,) = document(writer)["checkpoints"]
    assert entry["metadata"] == {
        "epoch": 1,
        "local_path": "model_checkpoint_epoch=1.pt",
        "local_format": "pt",
        "inputShape": [1, 4],
    }
    graph = saved_graph(writer)
    assert (graph.ir_version, graph.opset_import[0].version) == (8, 18)
    assert [item.name for item in (*graph.graph.input, *graph.graph.output)] == ["input", "output"]
    np.testing.assert_allclose(run(graph, batch.numpy())["output"], predicted(module, batch), atol=1e-5)


def test_the_second_checkpoint_is_the_first_graph_with_the_new_weights(
    offline: Callable[..., Writer], monkeypatch: pytest.MonkeyPatch
) -> None:
    exports: list[str] = []
    export = ModuleExporter._exported
    monkeypatch.setattr(ModuleExporter, "_exported", lambda *given: exports.append("one") or export(*given))
    module, batch = network(), torch.randn(6, 4)
    writer = offline()
    writer.create_run(module, example=batch)
    writer.save_epoch(1, {"loss": 1.0}, save_checkpoint=True)
    train(module, batch)
    writer.save_epoch(2, {"loss": 0.5}, save_checkpoint=True)

    assert exports == ["one"]
    answer = run(saved_graph(writer, "epoch=2"), batch.numpy())["output"]
    np.testing.assert_allclose(answer, predicted(module, batch), atol=1e-5)
    assert not np.allclose(answer, run(saved_graph(writer), batch.numpy())["output"], atol=1e-3)


class Tempered(nn.Module):
    """Divides by a number that is not a weight."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(4, 3)
        self.temperature = 1.0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x) / self.temperature


def test_what_changes_besides_weights_is_seen_and_exported_anew(offline: Callable[..., Writer]) -> None:
    module, batch = Tempered(), torch.randn(6, 4)
    writer = offline()
    writer.create_run(module, example=batch)
    writer.save_checkpoint(1)
    module.temperature = 5.0
    writer.save_checkpoint(2)

    answer = run(saved_graph(writer, "epoch=2"), batch.numpy())["output"]
    np.testing.assert_allclose(answer, predicted(module, batch), atol=1e-5)


def test_a_training_is_the_same_with_checkpoints_and_without(offline: Callable[..., Writer]) -> None:
    def trained(writer: Writer | None) -> nn.Module:
        module, batch = network(), torch.randn(6, 4)
        module[1].eval()  # a batch normalization that is frozen stays so
        if writer is not None:
            writer.create_run(module, example=batch)
        for epoch in (1, 2, 3):
            train(module, batch)  # with dropout, which draws random numbers
            if writer is not None:
                writer.save_epoch(epoch, {"loss": 1.0}, save_checkpoint=True)
        assert [part.training for part in module] == [True, False, True, True, True]
        return module

    with_checkpoints, without = trained(offline()), trained(None)
    assert all(map(torch.equal, with_checkpoints.state_dict().values(), without.state_dict().values()))


def test_what_a_forward_changes_besides_is_as_before(offline: Callable[..., Writer]) -> None:
    class Changing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(4, 3)
            self.register_buffer("calls", torch.zeros(()))
            self.register_buffer("largest", torch.zeros(()))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.calls += 1
            self.register_buffer("last", x.clone(), persistent=False)
            self.largest = torch.maximum(self.largest, x.abs().max())
            return self.inner(x.mul_(2))

    module, example = Changing(), torch.ones(2, 4)
    kept = module.calls, module.largest
    writer = offline()
    writer.create_run(module, example=example)

    assert said(lambda: writer.save_checkpoint(1)) == []

    assert (module.calls, module.largest) == (0, 0)
    assert not hasattr(module, "last")
    assert all(one is other for one, other in zip((module.calls, module.largest), kept, strict=True))
    assert torch.equal(example, torch.ones(2, 4))
    answer = run(saved_graph(writer), example.numpy())["output"]
    np.testing.assert_allclose(answer, predicted(module.inner, 2 * example), atol=1e-5)


def test_under_autocast_and_without_gradients_the_file_is_the_same(offline: Callable[..., Writer]) -> None:
    module, batch = network(), torch.randn(6, 4)
    writer = offline()
    writer.create_run(module, example=batch)
    with torch.autocast("cpu", dtype=torch.bfloat16), torch.inference_mode():
        writer.save_checkpoint(1)

    np.testing.assert_allclose(run(saved_graph(writer), batch.numpy())["output"], predicted(module, batch), atol=1e-5)


def test_without_an_example_the_first_batch_tells_what_it_takes(offline: Callable[..., Writer]) -> None:
    module, batch = network(), torch.randn(6, 4)
    writer = offline()
    writer.create_run(module)
    train(module, batch)
    writer.save_checkpoint(1)

    np.testing.assert_allclose(run(saved_graph(writer), batch.numpy())["output"], predicted(module, batch), atol=1e-5)
    assert not module._forward_pre_hooks


def test_a_run_that_ends_leaves_no_hook_behind(offline: Callable[..., Writer]) -> None:
    module = network()
    writer = offline()
    writer.create_run(module)
    assert module._forward_pre_hooks
    writer.train_end()
    assert not module._forward_pre_hooks


def wrapped_in_data_parallel(module: nn.Module) -> nn.Module:
    return nn.DataParallel(module)


def in_distributed_data_parallel(module: nn.Module) -> nn.Module:
    return nn.parallel.DistributedDataParallel(module)


def compiled(module: nn.Module) -> nn.Module:
    return torch.compile(module, backend="eager")  # type: ignore[no-any-return]


def in_half_precision(module: nn.Module) -> nn.Module:
    return module.half()


def in_bfloat16(module: nn.Module) -> nn.Module:
    return module.bfloat16()


def in_double_precision(module: nn.Module) -> nn.Module:
    return module.double()


@pytest.mark.parametrize(
    "alter",
    [
        wrapped_in_data_parallel,
        in_distributed_data_parallel,
        compiled,
        in_half_precision,
        in_bfloat16,
        in_double_precision,
    ],
)
def test_a_module_that_is_wrapped_or_of_another_precision_is_served(
    alter: Callable[[nn.Module], nn.Module], offline: Callable[..., Writer], process_group: None
) -> None:
    plain = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    module, batch = alter(plain), torch.randn(6, 4)
    kind = next(module.parameters()).dtype
    writer = offline()
    writer.create_run(module, example=batch)
    assert said(lambda: writer.save_checkpoint(1)) == []

    answer = run(saved_graph(writer), batch.numpy())["output"]
    np.testing.assert_allclose(answer, predicted(copy.deepcopy(plain).float(), batch), atol=1e-5)
    assert next(module.parameters()).dtype == kind
    assert writer.run_directory is not None
    state = torch.load(writer.run_directory / "model_checkpoint_epoch=1.pt", weights_only=True)
    assert state.keys() == plain.state_dict().keys()


class TwoInputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return self.inner(x + y)


class Deciding(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x) if x.sum() > 0 else self.inner(-x)


class Texts(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> str:
        return str(self.inner(x))


class Noise(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x) + torch.randn(3)


class ByName(nn.Module):
    def forward(self, *, x: torch.Tensor) -> torch.Tensor:
        return x


@pytest.mark.parametrize(
    ("module", "usage", "reason"),
    [
        (network(), {}, "its input is not known; give one: create_run(model, example=x[:1])"),
        (TwoInputs(), {"example": (torch.ones(1, 4), torch.ones(1, 4))}, "it takes 2 inputs, and pages feed one"),
        (Deciding(), {"example": torch.ones(1, 4)}, "torch.where"),
        (Texts(), {"example": torch.ones(1, 4)}, "it gives a str, and pages read tensors"),
        (Noise(), {"example": torch.ones(1, 4)}, "something else at each call"),
        (nn.Linear(4, 3), {"example": "a batch"}, "its example is not an array or a tensor"),
        (TwoInputs(), {"example": torch.ones(1, 4)}, "it can't be called with its example, [1, 4] (TypeError"),
        (network(), {"example": torch.ones(1, 9)}, "it can't be called with its example, [1, 9] (RuntimeError"),
        (ByName(), {"example": {"x": torch.ones(1, 4)}}, "its forward takes its input by name alone"),
        (torch.jit.script(nn.Linear(4, 3)), {"example": torch.ones(1, 4)}, "torch.jit has made it"),
        (nn.LazyLinear(3), {"example": torch.ones(1, 4)}, "it has lazy layers"),
        (Vast(), {"example": torch.ones(1, 4)}, "it has 2.4 GB, and pages load at most 2 GB"),
        (nn.Linear(4, 3, device="meta"), {"example": torch.ones(1, 4)}, "'meta', where tensors have no values"),
    ],
    ids=[
        *("no example", "two inputs", "a decision", "texts", "noise", "a text for an example", "half its inputs"),
        *("another width", "by name", "scripted", "not initialized", "too large", "without values"),
    ],
)
def test_what_no_page_could_run_is_kept_on_disk_and_said_once(
    module: nn.Module,
    usage: dict[str, Any],
    reason: str,
    offline: Callable[..., Writer],
    capfd: pytest.CaptureFixture[str],
) -> None:
    writer = offline()
    writer.create_run(module, **usage)
    texts = said(lambda: (writer.save_checkpoint(1), writer.save_checkpoint(2)))

    assert [text for text in texts if reason in text] == texts
    assert len(texts) == 1
    assert "\x1b" not in texts[0]
    assert len(capfd.readouterr().err.splitlines()) <= 2
    assert writer.run_directory is not None
    assert (writer.run_directory / "model_checkpoint_epoch=2.pt").is_file() or "lazy" in reason or "meta" in reason


def test_fsdp_is_refused_with_the_way_out(offline: Callable[..., Writer]) -> None:
    class FSDPModule:
        """As torch.distributed's `fully_shard` mixes it into a module's class."""

    class Sharded(FSDPModule, nn.Linear):
        pass

    writer = offline()
    writer.create_run(Sharded(4, 3), example=torch.ones(1, 4))
    (text,) = said(lambda: writer.save_checkpoint(1))

    assert "get_model_state_dict" in text
    assert "full_state_dict=True" in text


def test_arguments_that_say_nothing_are_said_and_stop_no_training(offline: Callable[..., Writer]) -> None:
    writer = offline()
    texts = said(lambda: writer.create_run(network(), example=torch.ones(1, 4), activation="softmaxx"))

    assert texts[0].endswith("The training goes on without it.")
    assert "activation: 'softmaxx' is not known; use 'softmax' or 'sigmoid'" in texts[0]
    assert writer.is_open
    assert said(lambda: writer.save_checkpoint(1)) == []  # the example was kept


def test_scores_that_are_shown_as_confidences_and_labels_that_are_too_few_are_said(
    offline: Callable[..., Writer],
) -> None:
    writer = offline()
    writer.create_run(network(), example=torch.randn(1, 4), labels=["cat", "dog"])
    texts = said(lambda: writer.save_checkpoint(1))

    assert any("activation='softmax'" in text for text in texts)
    assert any("3 classes apart, and has 2 labels" in text for text in texts)


@pytest.mark.parametrize("remote_format", ["tfjs", "onnx"])
def test_each_checkpoint_is_listed_in_the_run_with_its_labels(
    remote_format: str, backend: Backend, tmp_path: Path
) -> None:
    module, batch = network(), torch.randn(6, 4)
    with Writer("torch-run", backend.url, remote_save_format=remote_format, base_log_dir=tmp_path) as writer:
        writer.create_run(module, example=batch, activation="softmax", labels=["a", "b", "c"])
        writer.save_epoch(1, {"loss": 1.0}, save_checkpoint=True)
        train(module, batch)
        writer.save_epoch(2, {"loss": 0.5}, save_checkpoint=True)
    with DataStore(backend.url) as store:
        checkpoints = store.service("runs").get(writer.run_id)["checkpoints"]

    assert [entry["service"] for entry in checkpoints] == [f"{remote_format}-models"] * 2
    assert [entry["metadata"]["labels"] for entry in checkpoints] == [["a", "b", "c"]] * 2
    assert [entry["metadata"]["inputShape"] for entry in checkpoints] == [[1, 4]] * 2
