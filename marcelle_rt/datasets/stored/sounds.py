"""Sounds as samples; the only file that knows soundfile and PyAV."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, NamedTuple

from .unreadable import Unreadable

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WEBM = b"\x1a\x45\xdf\xa3"
_HEADS = (b"RIFF", b"OggS", b"fLaC", b"ID3", b"\xff\xfb", b"\xff\xf3", _WEBM)


class Sound(NamedTuple):
    """A sound.

    Attributes:
        samples: `float32 [n]`, or `[n, channels]` where there are several, from -1 to 1.
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


def wav(sound: Sound) -> bytes:
    """The bytes of a WAV file, of 16 bits a sample."""
    soundfile = _soundfile()
    target = io.BytesIO()
    soundfile.write(target, sound.samples, sound.rate, format="WAV", subtype="PCM_16")
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
