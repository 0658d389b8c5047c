"""What a dataset has in it, whoever wrote it, and what Python writes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from marcelle_rt import Dataset, DataStore
from marcelle_rt.backend import Backend
from marcelle_rt.datasets.naming import INSTANCES, service_name
from marcelle_rt.errors import DatasetError, InvalidData, PartlyAdded, PayloadTooLarge, UnsupportedFormat
from marcelle_rt.notices import MarcelleWarning
from tests.support.proxy import Proxy

pytest.importorskip("PIL")

GREY = np.full((6, 8, 3), 128, np.uint8)


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("My Data_Set fooBar", "instances-my-data-set-foo-bar"),
        ("my__data  set", "instances-my-data-set"),
        ("HTMLPages", "instances-htmlpages"),
        ("Été", "instances-été"),
    ],
)
def test_a_datasets_service_is_named_as_pages_name_it(name: str, service: str) -> None:
    assert service_name(INSTANCES, name) == service


@pytest.mark.parametrize("name", ["", "  ", "a/b", "a?b", "a\nb", None, 3])
def test_what_can_not_be_a_datasets_name_is_refused(store: DataStore, name: Any) -> None:
    with pytest.raises(InvalidData):
        Dataset(store, name)


def test_two_names_of_one_service_are_two_datasets(nedb: Backend, name: str) -> None:
    same = name.lower().replace(" ", "_")
    assert service_name(INSTANCES, same) == service_name(INSTANCES, name)
    with Dataset(nedb.url, name) as one, Dataset(nedb.url, same) as other:
        one.add([1.0], "a")
        other.add([2.0], "b")
        other.add([3.0], "c")

        assert (len(one), len(other)) == (1, 2)
        assert (one.labels(), other.labels()) == (["a"], ["b", "c"])
        assert other.clear() == 2
        assert len(one) == 1
        with pytest.raises(DatasetError, match="is not there"):
            other.remove(next(iter(one))["_id"])


def test_an_unknown_dataset_says_which_there_are(own_backend: Callable[..., Backend]) -> None:
    url = own_backend().url
    with Dataset(url, "sketches") as sketches, Dataset(url, "Sketches") as other, Dataset(url, "skteches") as unknown:
        with pytest.raises(DatasetError, match="neither has any other dataset"):
            unknown.to_numpy()
        sketches.add([1.0], "a")
        other.add([1.0], "a")
        assert len(unknown) == 0
        assert unknown.labels() == []
        assert list(unknown) == []
        for read in (unknown.to_numpy, unknown.to_pandas, unknown.to_torch, unknown.to_tf):
            with pytest.raises(
                DatasetError, match="'skteches': has no instances; this backend has 'sketches', 'Sketches'"
            ):
                read()


def test_labels_are_all_of_them_however_many_instances_there_are(nedb: Backend, name: str) -> None:
    """NeDB's own `distinct` stops at 1,000 documents."""
    with Dataset(nedb.url, name) as dataset:
        ids = dataset.add_many([[0.0]] * 1300, [f"label {n:04}" for n in range(1300)], gently=False)

        assert len(set(ids)) == len(dataset) == 1300
        assert dataset.labels() == [f"label {n:04}" for n in range(1300)]
        assert dataset.count("label 0007") == 1


def test_labels_are_sorted_whatever_they_are_and_those_without_are_passed_over(dataset: Dataset) -> None:
    dataset.add_many([[0.0]] * 7, ["b", 10, 9.5, True, None, "B", 9.5], gently=False)

    assert dataset.labels() == [True, 9.5, 10, "B", "b"]
    dataset.add([0.0], [1, 2])
    with pytest.raises(DatasetError, match=f"{dataset_id(dataset, [1, 2])}.*y is a list"):
        dataset.labels()


def dataset_id(dataset: Dataset, y: Any) -> str:
    return next(document["_id"] for document in dataset if document.get("y") == y)


def test_images_of_one_size_come_as_pixels_and_of_several_need_a_size(dataset: Dataset) -> None:
    dataset.add(GREY, "a")
    x, y = dataset.to_numpy()
    assert (x.shape, x.dtype) == ((1, 6, 8, 3), np.uint8)
    assert np.abs(x.astype(int) - 128).max() <= 1
    assert y.tolist() == ["a"]

    ids = {*dataset.to_numpy().ids, dataset.add(GREY[:4], "b")["_id"]}
    with pytest.raises(DatasetError, match=r"has the shape \[.*give size=\(h, w\)") as caught:
        dataset.to_numpy()
    assert caught.value.instance in ids
    assert caught.value.dataset == dataset.name
    assert dataset.to_numpy(size=(5, 7)).x.shape == (2, 5, 7, 3)


def test_what_can_not_be_used_raises_with_its_id_or_is_skipped_and_counted(store: DataStore, dataset: Dataset) -> None:
    good = dataset.add(GREY, "a")["_id"]
    other = dataset.add(GREY, "b")["_id"]
    service = store.service(service_name(INSTANCES, dataset.name))
    url = next(iter(service.items({"_id": good})))["x"]
    broken = {
        "truncated": {"x": url[: 23 + (len(url) - 40) // 4 * 4 - 20], "y": "a"},
        "no image": {"x": "data:image/jpeg;base64,aGVsbG8=", "y": "a"},
        "empty": {"x": "data:image/jpeg;base64,", "y": "a"},
        "text": {"x": "data:image/jpeg;base64 is how images begin", "y": "a"},
        "unlabelled": {"x": url},
        "null": {"x": url, "y": None},
        "another label": {"x": url, "y": "c"},
        "nothing": {"y": "a"},
    }
    ids = {kind: service.create({"datasetName": dataset.name, **document})["_id"] for kind, document in broken.items()}

    with pytest.warns(MarcelleWarning, match=r"8 of 10 instances were skipped.*and 5 more"):
        data = dataset.to_numpy(labels=["b", "a"], on_error="skip")

    assert set(data.ids) == {good, other}
    assert dict(zip(data.ids, data.y.tolist(), strict=True)) == {good: 1, other: 0}
    assert set(data.skipped) == set(ids.values())
    assert "truncated" in data.skipped[ids["truncated"]].lower()
    assert "is not an image of a known kind" in data.skipped[ids["no image"]]
    assert "is empty" in data.skipped[ids["empty"]]
    assert "is a text" in data.skipped[ids["text"]]
    assert "has no label" in data.skipped[ids["unlabelled"]]
    assert "has no label" in data.skipped[ids["null"]]
    assert "'c'" in data.skipped[ids["another label"]]
    assert "to_pandas()" in data.skipped[ids["nothing"]]
    with pytest.raises(DatasetError) as caught:
        dataset.to_numpy(labels=["b", "a"])
    assert caught.value.instance in ids.values()
    for kind in ("truncated", "no image", "empty", "text"):
        with pytest.raises(DatasetError, match=ids[kind]):
            dataset.to_torch()[dataset.to_torch().ids.index(ids[kind])]


def test_numbers_texts_and_poses_come_as_arrays(dataset: Dataset, store: DataStore) -> None:
    dataset.add(np.arange(6.0).reshape(2, 3), 0.5)
    x, y = dataset.to_numpy()
    assert (x.dtype, x.tolist(), y.tolist()) == (np.float32, [[[0, 1, 2], [3, 4, 5]]], [0.5])
    dataset.clear()
    dataset.add_many(["one", "two"], [[1, 2], [3, 4]], gently=False)
    data = dataset.to_numpy()
    assert sorted(data.x.tolist()) == ["one", "two"]
    assert sorted(data.y.tolist()) == [[1, 2], [3, 4]]
    with pytest.raises(DatasetError, match="is not an image"):
        dataset.to_numpy(size=(3, 3))
    dataset.clear()
    dataset.add([{"keypoints": [{"x": 1, "y": 2, "score": 0.5, "name": "nose"}], "score": 0.9}], "up")
    assert dataset.to_numpy().x.tolist() == [[[[1, 2, 0.5]]]]


@pytest.mark.parametrize("other", [[1.0, 2.0, 3.0], "text", np.zeros((1, 2, 3), np.uint8), np.zeros((6, 8, 3))])
def test_what_does_not_go_with_what_comes_before_is_an_error_with_its_id(dataset: Dataset, other: Any) -> None:
    first, second = dataset.add(GREY if np.ndim(other) else [1.0], "a")["_id"], dataset.add(other, "a")["_id"]

    with pytest.raises(DatasetError, match=r"has the shape|images beside numbers") as caught:
        dataset.to_numpy()
    assert caught.value.instance in (first, second)


@pytest.mark.parametrize(
    "x",
    [
        "data:image/jpeg;base64,aGVsbG8=",
        "data:image/jpeg;base64 looks like an image",
        "data:image/png;base64,iVBORw0KGgo=",
        np.zeros((0, 4, 3), np.uint8),
    ],
    ids=["no JPEG", "a text", "a cut PNG", "no pixels"],
)
def test_an_image_that_would_hang_every_page_is_never_added(dataset: Dataset, x: Any) -> None:
    with pytest.raises(DatasetError, match="nothing was added"):
        dataset.add(x, "a")
    with pytest.raises(DatasetError, match=r"xs\[1\].*; 1 was added before it"):
        dataset.add_many([GREY, x, GREY], ["a", "b", "c"])
    assert len(dataset) == 1


def test_images_that_pages_can_not_read_are_stored_so_that_they_can(dataset: Dataset, store: DataStore) -> None:
    from PIL import Image

    for image in (Image.new("RGBA", (4, 3), (10, 20, 30, 0)), Image.new("L", (4, 3), 7), Image.new("CMYK", (4, 3))):
        dataset.add(image, image.mode)
    stored = store.service(service_name(INSTANCES, dataset.name)).items({"datasetName": dataset.name})

    assert all(document["x"].startswith("data:image/jpeg;base64,") for document in stored)
    pixels = {document["y"]: document["x"][0, 0].tolist() for document in dataset}
    assert pixels == {"RGBA": [0, 0, 0], "L": [7, 7, 7], "CMYK": [255, 255, 255]}
    with pytest.raises(DatasetError, match="8 bits"):
        dataset.add(Image.new("I;16", (4, 3)), "deep")


def test_a_mask_and_other_arrays_stay_as_they_are(dataset: Dataset) -> None:
    mask = np.arange(256, dtype=np.uint8).reshape(16, 16)

    dataset.add(GREY, mask, weight=np.float32(0.5), boxes=[{"bbox": [1, 2, 3, 4]}])

    (instance,) = dataset
    assert instance["y"] == mask.tolist()
    assert instance["weight"] == 0.5
    assert instance["boxes"] == [{"bbox": [1, 2, 3, 4]}]
    assert np.array_equal(dataset.to_numpy().y, mask[None])
    assert np.array_equal(dataset.to_torch()[0][1], mask)
    dataset.clear()
    dataset.add(GREY, mask > 9)
    assert np.array_equal(dataset.to_numpy().y, mask[None] > 9)


def test_what_a_backend_would_refuse_says_what_to_do(dataset: Dataset) -> None:
    with pytest.raises(InvalidData, match="use '_' or '/'"):
        dataset.add(None, "setosa", **{"sepal.length": 5.1})
    with pytest.raises(PayloadTooLarge):
        dataset.add("x" * 1_000_001, "long")
    assert len(dataset) == 0


def test_many_are_sent_in_messages_that_a_backend_takes(dataset: Dataset) -> None:
    texts = [str(n) * 200_000 for n in range(10)]

    ids = dataset.add_many(texts, range(10), gently=False, source="test")

    read = {document["_id"]: document for document in dataset}
    assert [read[identity]["x"] for identity in ids] == texts
    assert [read[identity]["y"] for identity in ids] == list(range(10))
    assert {document["source"] for document in read.values()} == {"test"}


def test_one_just_under_a_megabyte_is_kept_and_one_just_over_it_is_refused_with_its_place(dataset: Dataset) -> None:
    """A message holds a million bytes, of which the instance's other fields and the call itself take some."""
    dataset.add("a" * 999_500, "under")
    with pytest.raises(PartlyAdded, match="1 was added before it"):
        dataset.add_many(["a" * 999_500, "a" * 1_000_000, "b"], ["first", "over", "after"], gently=False)

    assert dataset.labels() == ["first", "under"]
    assert {len(document["x"]) for document in dataset} == {999_500}


def test_after_a_lost_line_it_goes_on_from_what_is_stored(backend: Backend, name: str) -> None:
    with Proxy(backend.url) as proxy, DataStore(proxy.url, timeout=1) as store, Dataset(backend.url, name) as direct:
        dataset = Dataset(store, name)
        texts = [str(n) * 100_000 for n in range(30)]  # some to a message

        def given() -> Iterator[str]:
            for n, text in enumerate(texts):
                if n == 20:
                    proxy.refuse()
                yield text

        with pytest.raises(PartlyAdded) as caught:
            dataset.add_many(given(), range(30), gently=False)

        there = {document["_id"] for document in direct.documents("_id")}
        begun = len(caught.value.added) + sum(identity in there for identity in caught.value.unsure)
        direct.add_many(texts[begun:], range(begun, 30), gently=False)
        assert 0 < begun < 30
        assert sorted(document["y"] for document in direct) == list(range(30))


def test_labels_that_are_not_as_many_as_images_are_an_error_and_nothing_is_added(dataset: Dataset) -> None:
    with pytest.raises(DatasetError, match=r"3 xs, 2 ys don't go together.*\. Nothing was added"):
        dataset.add_many([[1.0], [2.0], [3.0]], ["a", "b"], gently=False)
    with pytest.raises(DatasetError, match="2 xs, 2 ys, 1 thumbnails don't go together"):
        dataset.add_many([[1.0], [2.0]], ["a", "b"], ["data:image/png;base64,"], gently=False)
    assert len(dataset) == 0

    # How many an iterator gives is known when it ends.
    with pytest.raises(DatasetError, match="more of one than of the other; 2 were added before it"):
        dataset.add_many(iter([[1.0], [2.0], [3.0]]), ["a", "b"], gently=False)
    assert len(dataset) == 2


def test_an_instance_gets_another_label_and_keeps_all_else(dataset: Dataset) -> None:
    old = dataset.add(GREY, "a", note="kept")

    new = dataset.relabel(old["_id"], "b")

    assert (dataset.count("a"), dataset.count("b")) == (0, 1)
    assert {**new, "y": "a"}.items() >= {k: old[k] for k in ("x", "y", "thumbnail", "note", "datasetName")}.items()
    with pytest.raises(DatasetError, match="is not there"):
        dataset.relabel(old["_id"], "c")


def test_a_dataset_that_changes_while_it_is_read_says_so(
    dataset: Dataset, store: DataStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = dataset.add_many([[0.0]] * 150, ["a"] * 150, gently=False)[0]  # more than one page
    service = store.service(service_name(INSTANCES, dataset.name))
    meanwhile, told = threading.Event(), threading.Event()
    service.on("created", lambda document: told.set() if document["datasetName"] != dataset.name else None)
    decode = dataset._decode

    def write_once(document: dict[str, Any]) -> dict[str, Any]:
        if not meanwhile.is_set():
            meanwhile.set()
            dataset.remove(first)
            dataset.add([1.0], "new")
            service.create({"datasetName": "another of that service", "x": [1.0], "y": "b"})
            assert told.wait(10)  # handlers are told one after the other, so that all before have been, too
        return decode(document)

    monkeypatch.setattr(dataset, "_decode", write_once)

    with pytest.warns(MarcelleWarning, match=r"while it was read \(1 added, 1 removed\)"):
        dataset.to_numpy()


def test_instances_are_watched_as_they_are_recorded(dataset: Dataset) -> None:
    dataset.add(GREY, "a")
    with dataset.watch(timeout=10) as view:
        kind, document = next(view)
        assert (kind, document["y"], document["x"].shape) == ("initial", "a", (6, 8, 3))
        dataset.add([1.0], "b")
        kind, document = next(view)
        assert (kind, document["y"], document["x"].dtype) == ("added", "b", np.float32)


def test_a_table_is_read_by_pandas(dataset: Dataset, store: DataStore) -> None:
    pytest.importorskip("pandas")
    dataset.add(None, "setosa", length=5.1, width=3.5)
    dataset.add(None, "virginica", length=6.3, width=None)

    frame = dataset.to_pandas()

    assert sorted(frame.columns) == ["length", "width", "y"]
    assert frame.set_index("y").loc["setosa"].tolist() == [5.1, 3.5]
    assert len(frame.index) == 2
    with pytest.raises(DatasetError, match=r"to_pandas\(\)"):
        dataset.to_numpy()


def test_pytorch_gets_samples_by_place_with_the_channels_first(dataset: Dataset) -> None:
    ids = dataset.add_many([GREY, GREY[::-1]], ["a", "b"], gently=False)

    samples = dataset.to_torch(size=(5, 4), labels=["b", "a"])

    assert len(samples) == 2
    assert {identity: samples[place][1] for place, identity in enumerate(samples.ids)} == {ids[0]: 1, ids[1]: 0}
    x, _ = samples[0]
    assert (x.shape, x.dtype) == ((3, 5, 4), np.float32)
    with pytest.raises(IndexError):
        samples[2]
    dataset.remove(samples.ids[1])
    with pytest.raises(DatasetError, match="is not there"):
        samples[1]


def test_a_size_and_ways_that_there_are_not_are_refused(dataset: Dataset) -> None:
    dataset.add(GREY, "a")
    for size in ((0, 3), (3,), 3, ("a", 2), "64"):
        with pytest.raises(InvalidData, match=r"write it like \(64, 64\)"):
            dataset.to_numpy(size=size)  # type: ignore[arg-type]
    with pytest.raises(InvalidData, match="a label twice"):
        dataset.to_numpy(labels=["a", "b", "a"])
    with pytest.raises(UnsupportedFormat, match="page, smooth"):
        dataset.to_numpy(size=(3, 3), resizing="nearest")  # type: ignore[arg-type]
    with pytest.raises(UnsupportedFormat, match="raise, skip"):
        dataset.to_numpy(on_error="ignore")  # type: ignore[arg-type]


def test_the_smooth_way_lets_each_pixel_have_its_part(dataset: Dataset) -> None:
    image = np.full((60, 60, 3), 255, np.uint8)
    image[29:31] = 0
    dataset.add(image, "line")

    page, smooth = (dataset.to_numpy(size=(6, 6), resizing=way).x for way in ("page", "smooth"))

    assert page.min() < 10 or page.min() > 245
    assert 150 < smooth.min() < 245
