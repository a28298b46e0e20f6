"""Where the shipped files lie: the built-in templates and the examples.

The wheel carries them inside the package, under ``_shipped``; a checkout (and an editable install, into which hatchling
puts no forced files) has them at its top.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def templates() -> Path:
    """The folder with ``email/<template>/...``."""
    return _shipped("templates")


def examples() -> Path:
    """The folder with the example post, list and images."""
    return _shipped("examples")


def _shipped(name: str) -> Path:
    inside = _PACKAGE / "_shipped" / name
    return inside if inside.is_dir() else _PACKAGE.parent / name
