"""Models into files on disk, and into files that a browser can run."""

from __future__ import annotations

from ..formats import DISK_FORMATS, REMOTE_FORMATS
from .checkpoints.usage import ImageInput
from .child import convert_in_subprocess
from .conversion import convert, is_quick
from .converted import Converted

__all__ = ["DISK_FORMATS", "REMOTE_FORMATS", "Converted", "ImageInput", "convert", "convert_in_subprocess", "is_quick"]
