"""Stored values of every kind, good and broken, without a backend."""

from __future__ import annotations

import base64
import io
import sys
from typing import Any

import numpy as np
import pytest

from marcelle_rt.datasets.stored import decoding, encoding, images, sounds
from marcelle_rt.datasets.stored.unreadable import Unreadable

Image = pytest.importorskip("PIL.Image")


def url(image: Any, kind: str = "JPEG", **options: Any) -> str:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(target.getvalue()).decode()}"


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "WEBP", "JPEG"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_images_of_all_kinds_are_three_channels_of_bytes(kind: str, mode: str) -> None:
    pixels = decoding.value(url(Image.new(mode, (3, 2), 100 if mode == "L" else (100, 100, 100)), kind))

    assert (pixels.shape, pixels.dtype) == ((2, 3, 3), np.uint8)
    assert np.abs(pixels.astype(int) - 100).max() <= 1


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": "4:4:4", "quality": 30}], ids=str)
def test_pixels_are_the_same_whatever_decodes_them(
    mode: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("simplejpeg")
    noise = np.random.default_rng(0).integers(0, 255, (37, 53, 3), dtype=np.uint8)
    stored = url(Image.fromarray(noise).convert(mode), **options)
    fast = decoding.value(stored)

    monkeypatch.setitem(sys.modules, "simplejpeg", None)

    assert np.array_equal(fast, decoding.value(stored))


def test_a_cut_jpeg_is_never_half_an_image(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (37, 53, 3), dtype=np.uint8)
    data = images.url_bytes(images.encode(noise))
    cut = [data[:size] for size in (len(data) - 3, len(data) // 2, 700, 20, 3)]
    for image in cut:
        with pytest.raises(Unreadable):
            images.decode(image)
    monkeypatch.setitem(sys.modules, "simplejpeg", None)
    for image in cut:
        with pytest.raises(Unreadable):
            images.decode(image)


def test_a_transparent_image_is_black_there_as_on_a_page() -> None:
    half = Image.new("RGBA", (2, 1), (200, 100, 50, 255))
    half.putpixel((1, 0), (200, 100, 50, 0))
    palette = half.quantize(4)

    for image in (half, palette):
        assert decoding.value(url(image, "PNG")).tolist() == [[[200, 100, 50], [0, 0, 0]]]


def test_a_cmyk_jpeg_is_read() -> None:
    assert decoding.value(url(Image.new("CMYK", (2, 2), (0, 0, 0, 255)))).max() < 10


def test_a_photograph_is_turned_as_its_camera_says() -> None:
    photo = Image.new("RGB", (4, 2))
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decoding.value(url(photo, exif=exif)).shape == (4, 2, 3)


def test_the_rgba_bytes_of_a_square_are_an_image_and_of_another_size_say_what_to_do() -> None:
    def bytes_of(pixels: int, **more: int) -> dict[str, Any]:
        return {"data": {str(n): (n * 7) % 256 for n in range(pixels * 4)}, **more}

    square = decoding.value(bytes_of(9))
    assert square.shape == (3, 3, 3)
    assert square[0, 1].tolist() == [28, 35, 42]
    assert decoding.value(bytes_of(6, width=3, height=2)).shape == (2, 3, 3)
    with pytest.raises(Unreadable, match="6 pixels whose width and height are not known"):
        decoding.value(bytes_of(6))


@pytest.mark.parametrize(
    ("stored", "reason"),
    [
        ("data:image/jpeg;base64,####", "its base64 is broken"),
        ("data:image/jpeg;base64", "is a text"),
        ("data:image/svg+xml;base64,PHN2Zy8+", "is not an image of a known kind"),
        ([[1, 2], [3]], "different lengths"),
        ([1, "two"], "something else"),
        ({"0": 1, "2": 2}, "gaps"),
        ({"0": "a"}, "gaps"),
        ([{"keypoints": [{"x": 1}]}], "no x and y"),
        ({str(n): byte for n, byte in enumerate(b"RIFF1234WAVEfmt")}, "can't be read as a sound"),
    ],
)
def test_what_can_not_be_read_says_why(stored: Any, reason: str) -> None:
    pytest.importorskip("soundfile")
    with pytest.raises(Unreadable, match=reason):
        decoding.value(stored)


@pytest.mark.parametrize("stored", ["hello", "", 1.5, True, None, [], ["a", "b"], {"any": "mapping"}, [{"bbox": [1]}]])
def test_what_is_neither_image_nor_sound_nor_numbers_stays_as_it_is(stored: Any) -> None:
    value = decoding.value(stored)
    assert (value.tolist() if stored == [] else value) == stored


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG"])
@pytest.mark.parametrize("channels", [1, 2])
def test_sounds_are_samples_with_their_rate(kind: str, channels: int) -> None:
    soundfile = pytest.importorskip("soundfile")
    tone = np.sin(np.linspace(0, 300, 8000)).astype(np.float32) / 2
    samples = np.stack([tone] * channels, axis=-1)
    target = io.BytesIO()
    soundfile.write(target, samples, 16000, format=kind)

    sound = decoding.value({str(n): byte for n, byte in enumerate(target.getvalue())})

    assert sound.rate == 16000
    assert sound.samples.shape == ((8000,) if channels == 1 else (8000, 2))
    assert sound.samples.dtype == np.float32
    assert np.abs(sound.samples.reshape(8000, channels) - samples).max() < 0.1


@pytest.mark.parametrize("channels", [1, 2])
def test_a_sound_of_pythons_is_stored_so_that_it_comes_back(channels: int) -> None:
    pytest.importorskip("soundfile")
    tone = np.sin(np.linspace(0, 300, 8000)).astype(np.float32)
    samples = tone if channels == 1 else np.stack([tone, -tone], axis=-1)

    for given in (samples, (samples * 32767).astype(np.int16), samples.astype(np.float64)):
        read = decoding.value(encoding.value(sounds.Sound(given, np.int64(16000))))
        assert (read.rate, read.samples.shape) == (16000, samples.shape)
        assert np.abs(read.samples - samples).max() < 1e-3


@pytest.mark.parametrize(
    ("samples", "rate", "reason"),
    [
        ([], 16000, "of the shape"),
        (np.zeros((2, 3, 4)), 16000, "of the shape"),
        ([0.0, float("nan")], 16000, "between -1 and 1"),
        ([0, 20000], 16000, "divide them"),
        ([0.0], 0, "samples a second"),
    ],
    ids=str,
)
def test_what_is_not_a_sound_is_never_stored(samples: Any, rate: int, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        encoding.value(sounds.Sound(samples, rate))


def test_the_base64_of_a_file_is_what_its_bytes_are_and_a_text_that_begins_so_stays_a_text() -> None:
    """On MongoDB, the bytes that a page keeps come back as base64."""
    pytest.importorskip("soundfile")
    wav = sounds.wav(sounds.Sound(np.zeros(100, np.float32), 8000))
    png = images.url_bytes(url(Image.new("RGB", (3, 2)), "PNG"))

    assert decoding.value(base64.b64encode(wav).decode()).samples.shape == (100,)
    assert decoding.value(base64.b64encode(png).decode()).shape == (2, 3, 3)
    for text in ("SUQz is how it begins", "UklGR", "GkXfo!"):
        assert decoding.value(text) == text


def webm() -> bytes:
    av = pytest.importorskip("av")
    target = io.BytesIO()
    with av.open(target, "w", format="webm") as container:
        stream = container.add_stream("libopus", rate=48000, layout="mono")
        tone = (np.sin(np.linspace(0, 3000, 48000)) / 2).astype(np.float32)[None]
        frame = av.AudioFrame.from_ndarray(tone, format="flt", layout="mono")
        frame.sample_rate = 48000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return target.getvalue()


def test_a_webm_recording_is_samples() -> None:
    sound = sounds.decode(webm())

    assert sound.rate == 48000
    assert abs(len(sound.samples) - 48000) < 2000
    assert 0.4 < np.abs(sound.samples).max() < 0.6


def test_a_webm_recording_names_what_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    data = webm()
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(Unreadable, match="pip install av"):
        sounds.decode(data)
    with pytest.raises(Unreadable, match="0 bytes"):
        sounds.decode(b"")


def test_images_without_pillow_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match=r"marcelle-rt\[images\]"):
        images.encode(np.zeros((2, 2), np.uint8))


def test_an_image_is_stored_as_a_page_stores_it() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (16, 16, 3), dtype=np.uint8)

    stored = Image.open(io.BytesIO(images.url_bytes(images.encode(pixels))))

    quality_92 = Image.fromarray(pixels)
    target = io.BytesIO()
    quality_92.save(target, "JPEG", quality=92)
    assert stored.quantization == Image.open(target).quantization
    assert stored.layer[0][1:3] == (2, 2)  # 4:2:0: the colors have half the places in both directions
