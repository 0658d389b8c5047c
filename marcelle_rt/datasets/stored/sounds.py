"""Sounds as samples; the only file that knows soundfile and PyAV."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any, NamedTuple

from .unreadable import Unreadable

if TYPE_CHECKING:
    from numpy.typing import NDArray

URL = "data:audio/wav;base64,"
"""How the text begins that a sound of Python's is stored as."""

_LOUDEST = 2.0  # filters and decoders go a little beyond 1; what is far beyond was not scaled

_WEBM = b"\x1a\x45\xdf\xa3"
_HEADS = (b"RIFF", b"OggS", b"fLaC", b"ID3", b"\xff\xfb", b"\xff\xf3", _WEBM)


class Sound(NamedTuple):
    """A sound.

    Attributes:
        samples: `float32 [n]`, or `[n, channels]` where there are several, from -1 to 1; `int16` is taken, too.
        rate: Samples a second.
    """

    samples: NDArray[Any]
    rate: int


def is_sound(head: bytes) -> bool:
    """Whether bytes begin as a sound's file does."""
    return head.startswith(_HEADS)


def decode(data: bytes) -> Sound:
    """Reads a sound file's bytes: WAV, FLAC, OGG or MP3, and webm, which is what browsers record.

    Raises:
        Unreadable: It is another format, or a library for it is missing.
    """
    if not data:
        raise Unreadable("is empty, of 0 bytes")
    return _webm(data) if data.startswith(_WEBM) else _by_soundfile(data)


def encode(sound: Sound) -> str:
    """The text that a sound is stored as: a `data:` URL of a WAV file, which an `<audio>` of a page plays.

    A backend takes a megabyte at once, which are 23 seconds of one channel at 16,000 samples a second.

    Raises:
        Unreadable: It has no samples, or some far beyond -1 and 1, or soundfile is missing.
    """
    return URL + base64.b64encode(wav(sound)).decode()


def wav(sound: Sound) -> bytes:
    """The bytes of a WAV file, of 16 bits a sample; what is a little beyond -1 and 1 is cut off.

    Raises:
        Unreadable: As `encode`.
    """
    import numpy as np

    samples = np.asarray(sound.samples)
    if samples.ndim not in (1, 2) or not samples.size:
        raise Unreadable(
            f"is a sound of the shape {list(samples.shape)}; give samples of the shape [n] or [n, channels]"
        )
    if samples.dtype != np.int16:  # what many recorders give, and is written as it is
        samples = samples.astype(np.float32)
        if not np.abs(samples).max() <= _LOUDEST:
            raise Unreadable(
                "is a sound whose samples are not all between -1 and 1; divide them by the largest there is"
            )
    rate = int(sound.rate)
    if rate < 1:
        raise Unreadable(f"is a sound of the rate {sound.rate}; give samples a second, for example 16000")
    soundfile = _soundfile()
    target = io.BytesIO()
    soundfile.write(target, samples, rate, format="WAV", subtype="PCM_16")
    return target.getvalue()


def _by_soundfile(data: bytes) -> Sound:
    soundfile = _soundfile()
    try:
        samples, rate = soundfile.read(io.BytesIO(data), dtype="float32")
    except soundfile.SoundFileError as error:
        raise Unreadable(f"can't be read as a sound: {error}") from error
    return Sound(samples, rate)


def _soundfile() -> Any:
    try:
        import soundfile
    except (ImportError, OSError) as error:  # OSError: its library is not on this system
        raise Unreadable(f"is a sound, which needs soundfile: pip install 'marcelle-rt[sound]' ({error})") from error
    return soundfile


def _webm(data: bytes) -> Sound:
    import numpy as np

    try:
        import av
    except ImportError:
        raise Unreadable("is a webm recording, which needs PyAV: pip install av") from None
    try:
        with av.open(io.BytesIO(data)) as container:
            if not container.streams.audio:
                raise Unreadable("is a webm recording without sound")
            rate = container.streams.audio[0].rate
            resampler = av.AudioResampler(format="fltp")
            decoded = container.decode(audio=0)
            frames = [part.to_ndarray() for frame in decoded for part in resampler.resample(frame)]
    except av.FFmpegError as error:
        raise Unreadable(f"can't be read as a webm recording: {error}") from error
    if not frames:
        raise Unreadable("is a webm recording without a sample in it")
    samples = np.concatenate(frames, axis=1).T
    return Sound(np.ascontiguousarray(samples[:, 0] if samples.shape[1] == 1 else samples), rate)
