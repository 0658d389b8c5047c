"""Datasets as TensorFlow's and PyTorch's loaders read them; the only file here that knows TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

from .arrays import Samples, is_image, of_values
from .stored.unreadable import Unreadable

Document = dict[str, Any]
Sample = tuple[Any, Any]


def to_tf(samples: Callable[[], Iterator[Sample]], batch_size: int) -> Any:
    """A `tf.data.Dataset` that reads anew each time that it is iterated.

    Args:
        samples: Starts a reading; the first sample tells the types and shapes.
        batch_size: Samples in a batch.

    Raises:
        ImportError: TensorFlow is not installed.
    """
    import numpy as np

    try:
        import tensorflow as tf
    except ImportError as error:
        raise ImportError("to_tf needs TensorFlow: pip install tensorflow") from error

    def whole() -> Iterator[Sample]:
        for x, y in samples():
            yield np.asarray(x), np.asarray(y)

    def spec(value: Any) -> Any:
        array = np.asarray(value)
        text = array.dtype.kind in "US"
        return tf.TensorSpec(array.shape, tf.string if text else tf.as_dtype(array.dtype))

    first = next(samples())
    made = tf.data.Dataset.from_generator(whole, output_signature=(spec(first[0]), spec(first[1])))
    return made.batch(batch_size).prefetch(1)


class MapDataset:
    """What `torch.utils.data.DataLoader` takes: it has a length, and samples by their place.

    It reads each sample from the backend when it is asked for. Images come with their channels first, `[3, h, w]`, as
    PyTorch's layers have them.

    Args:
        ids: The instances' ids.
        read: Reads an instance, decoded; it raises for one that is gone or can't be decoded.
        samples: What makes a sample of one.
        fail: Raises for an instance that can't be used.

    Attributes:
        ids: As given.
    """

    def __init__(
        self,
        ids: Sequence[str],
        read: Callable[[str], Document],
        samples: Samples,
        fail: Callable[[Document, Unreadable], NoReturn],
    ) -> None:
        self.ids: list[str] = list(ids)
        self._read = read
        self._samples = samples
        self._fail = fail

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, place: int) -> Sample:
        """A sample: `x` and `y`.

        Raises:
            IndexError: There is none at that place.
            DatasetError: It can't be used, or is gone.
        """
        document = self._read(self.ids[place])
        try:
            x, y = self._samples.x(document), self._samples.y(document)
        except Unreadable as error:
            self._fail(document, error)
        if isinstance(y, list):  # a DataLoader would take a mask's rows apart
            y = of_values([y])[0]
        return (x.transpose(2, 0, 1) if is_image(document["x"]) else x), y
