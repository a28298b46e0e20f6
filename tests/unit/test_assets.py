from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from newsletter_cli import assets

if TYPE_CHECKING:
    import pytest

TOP = Path(__file__).parents[2]


def test_a_checkout_has_them_at_its_top() -> None:
    assert assets.templates() == TOP / "templates"
    assert assets.examples() == TOP / "examples"


def test_a_wheel_has_them_inside_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "newsletter_cli"
    for name in ("templates", "examples"):
        (package / "_shipped" / name).mkdir(parents=True)
    monkeypatch.setattr(assets, "_PACKAGE", package)
    assert assets.templates() == package / "_shipped" / "templates"
    assert assets.examples() == package / "_shipped" / "examples"
