"""A dataset between Python and a real page with stock components."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from marcelle_rt import Dataset, DataStore, Predictions
from marcelle_rt.datasets.stored.sounds import Sound, wav
from marcelle_rt.errors import DatasetError
from tests.datasets.lab import Lab
from tests.helpers import eventually

pytest.importorskip("PIL")

PNG = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJg"
    "gg=="
)

# A tone of 440 Hz, half as loud as can be, recorded by the browser itself and kept as pages keep what is recorded.
RECORD = """async () => {
  const context = new AudioContext();
  const tone = new OscillatorNode(context, { frequency: 440 });
  const target = context.createMediaStreamDestination();
  tone.connect(new GainNode(context, { gain: 0.5 })).connect(target);
  tone.start();
  await context.resume();
  const recorder = new MediaRecorder(target.stream);
  const parts = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  const stopped = new Promise((resolve) => { recorder.onstop = resolve; });
  recorder.start(100);
  while (parts.reduce((size, { size: more }) => size + more, 0) < 4000) await new Promise((r) => setTimeout(r, 20));
  recorder.stop();
  await stopped;
  await instances.create({ x: new Blob(parts), y: 'tone' });
  return recorder.mimeType;
}"""


def test_what_a_page_records_on_a_sketch_pad_is_what_python_reads(lab: Lab, dataset: Dataset) -> None:
    recorded = {lab.draw(3, "triangle"): "triangle", lab.draw(4, "square"): "square"}

    assert len(dataset) == 2
    assert dataset.count("square") == 1
    for instance in dataset:
        assert instance["y"] == recorded[instance["_id"]]
        assert instance["x"].dtype == np.uint8
        assert instance["x"].min() < 64
        assert np.array_equal(instance["x"], lab.pixels(instance["_id"]))


def test_what_a_page_gives_is_what_python_gets(lab: Lab, dataset: Dataset) -> None:
    """Everything that stock components and their users put into `x`."""
    given = {
        "typed": "{ x: new Float32Array([1, 2.5, 3]), y: 'a' }",
        "nested": "{ x: [[1, 2], [3, 4]], y: 'a' }",
        "text": "{ x: 'hello', y: 'a' }",
        "pose": "{ x: [{ keypoints: [{ x: 1, y: 2, score: 0.5 }, { x: 3, y: 4, score: 1 }], score: 1 }], y: 'a' }",
        "null": "{ x: [1], y: null }",
        "undefined": "{ x: [1], y: undefined }",
        "boxes": "{ x: [1], y: [{ bbox: [1, 2, 3, 4], class: 'cat' }] }",
        "image": "{ x: [1], y: 'a', extra: new ImageData(new Uint8ClampedArray(64).fill(255), 4, 4) }",
        "png": f"{{ x: '{PNG}', y: 'a' }}",
    }
    ids = {kind: lab.create(data) for kind, data in given.items()}

    got = {document["_id"]: document for document in dataset}

    by = {kind: got[identity] for kind, identity in ids.items()}
    assert (by["typed"]["x"].dtype, by["typed"]["x"].tolist()) == (np.float32, [1, 2.5, 3])
    assert by["nested"]["x"].tolist() == [[1, 2], [3, 4]]
    assert by["text"]["x"] == "hello"
    assert by["pose"]["x"].tolist() == [[[1, 2, 0.5], [3, 4, 1]]]
    assert by["null"]["y"] is None
    assert "y" not in by["undefined"]
    assert by["boxes"]["y"] == [{"bbox": [1, 2, 3, 4], "class": "cat"}]
    assert by["image"]["extra"].tolist() == [[[255] * 3] * 4] * 4
    assert by["png"]["x"].shape == (1, 1, 3)


def test_a_recording_is_samples_however_the_page_has_kept_it(lab: Lab, dataset: Dataset) -> None:
    pytest.importorskip("soundfile")
    tone = np.sin(np.linspace(0, 100, 800)).astype(np.float32) / 2
    data = list(wav(Sound(tone, 8000)))

    blob = lab.page.evaluate(
        "async (data) => (await instances.create({ x: new Blob([new Uint8Array(data)]), y: 'blob' })).id", data
    )
    path = lab.page.evaluate("(data) => upload(data, 'audio/wav', 'tone.wav')", data)
    lab.create(f"{{ file: {path!r}, y: 'file' }}")
    lab.create(f"{{ x: 'data:audio/wav;base64,{base64.b64encode(bytes(data)).decode()}', y: 'url' }}")

    sounds = {document["y"]: document["x"] for document in dataset}
    assert blob
    assert set(sounds) == {"blob", "file", "url"}
    for sound in sounds.values():
        assert sound.rate == 8000
        assert np.abs(sound.samples - tone).max() < 1e-4
    assert dataset.to_numpy().x.shape == (3, 800)


def test_what_a_browsers_recorder_gives_is_samples(lab: Lab, dataset: Dataset) -> None:
    pytest.importorskip("av")
    pytest.importorskip("soundfile")

    kind = lab.evaluate(RECORD)

    assert kind == "audio/webm;codecs=opus"
    (recording,) = dataset
    assert recording["x"].rate == 48000
    assert 0.1 < len(recording["x"].samples) / 48000 < 10
    assert 0.3 < np.abs(recording["x"].samples).max() < 0.7


def test_a_sound_that_python_adds_is_played_by_a_page(lab: Lab, dataset: Dataset) -> None:
    pytest.importorskip("soundfile")
    added = dataset.add(Sound(np.sin(np.linspace(0, 100, 4000)).astype(np.float32), 8000), "tone", duration=0.5)

    seconds = lab.evaluate(
        """async (id) => {
          const audio = new Audio((await instances.get(id)).x);
          await new Promise((resolve, reject) => { audio.oncanplaythrough = resolve; audio.onerror = reject; });
          return audio.duration;
        }""",
        added["_id"],
    )

    assert seconds == pytest.approx(0.5, abs=0.01)


def test_a_recording_that_the_backend_refused_says_so(lab: Lab, dataset: Dataset) -> None:
    path = lab.page.evaluate("(data) => upload(data, 'audio/webm', 'tone.webm')", [26, 69, 223, 163])
    identity = lab.create(f"{{ file: {path!r}, y: 'a' }}")

    with pytest.raises(DatasetError, match="the backend refused") as caught:
        list(dataset)
    assert caught.value.instance == identity


def test_a_stock_confusion_matrix_shows_pythons_predictions(
    lab: Lab, dataset: Dataset, store: DataStore, name: str
) -> None:
    labels = ["circle", "square"]
    dataset.add_many([[float(n)] for n in range(6)], [labels[n % 2] for n in range(6)], gently=False)
    data = dataset.to_numpy(labels=labels)
    right = np.eye(2)[data.y]
    right[0] = right[0][::-1]
    predictions = Predictions(store, name)
    predictions.write(data.ids, labels, np.zeros((6, 2)) + 0.5)

    assert predictions.clear() == 6
    predictions.write(data.ids, labels, right * 0.8 + 0.1, data.y, modelId="a model")

    lab.evaluate("(name) => matrix(name)", name)
    shown = eventually(lambda: lab.evaluate("() => shown.$accuracy.value"))
    assert shown == pytest.approx(5 / 6)
    matrix = eventually(lambda: lab.evaluate("() => shown.$confusion.value"))
    assert sum(entry["v"] for entry in matrix) == 6
    assert sum(entry["v"] for entry in matrix if entry["x"] == entry["y"]) == 5
    frame = predictions.to_pandas()
    assert set(frame["modelId"]) == {"a model"}
    assert frame.set_index("instanceId").loc[data.ids[0], "confidence square"] == pytest.approx(0.9 - 0.8 * data.y[0])


def test_a_page_that_records_without_a_pause_is_watched_without_a_gap(lab: Lab, dataset: Dataset) -> None:
    lab.draw(3, "first")
    with dataset.watch(timeout=10) as view:
        assert next(view).kind == "initial"
        lab.evaluate("async () => { for (let n = 0; n < 15; n += 1) await record(`class ${n}`); }")
        seen = [next(view) for _ in range(15)]
    assert [(change.kind, change.document["y"]) for change in seen] == [("added", f"class {n}") for n in range(15)]
    assert {change.document["x"].shape for change in seen} == {(300, 300, 3)}


def test_what_a_page_downloads_can_be_loaded_and_what_python_exports_a_page_uploads(
    lab: Lab, dataset: Dataset, store: DataStore, name: str, tmp_path: Path
) -> None:
    other = Dataset(store, f"{name} loaded")
    lab.draw(3, "triangle")
    lab.create("{ x: [1, 2], y: 'numbers' }")
    with lab.page.expect_download() as downloading:
        lab.evaluate("() => { instances.download(); }")
    downloading.value.save_as(tmp_path / "page.json")
    stored = json.loads((tmp_path / "page.json").read_bytes())
    assert any(isinstance(instance["x"], dict) for instance in stored["instances"])

    other.load(tmp_path / "page.json")

    drawn, loaded = (next(d["x"] for d in each if d["y"] == "triangle") for each in (dataset, other))
    assert loaded.shape == drawn.shape
    assert np.abs(loaded.astype(int) - drawn).mean() < 1
    assert other.count("numbers") == 1
    dataset.export(tmp_path / "python.json")
    dataset.clear()
    lab.evaluate(
        "(text) => instances.upload([new File([text], 'a.json', { type: 'application/json' })])",
        (tmp_path / "python.json").read_text(),
    )
    eventually(lambda: dataset.labels() == ["numbers", "triangle"])  # a page's upload returns before it is done
    again = next(d["x"] for d in dataset if d["y"] == "triangle")
    assert np.array_equal(again, drawn)
