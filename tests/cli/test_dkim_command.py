"""`dkim generate`: the domain of `from` signs where none is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.folder import Folder


def test_the_domain_of_from_signs_where_none_is_named(bare: Folder) -> None:
    bare.write("newsletter.toml", '[newsletter]\nname = "L"\nfrom = "L <l@tides.example>"\n')
    made = bare("dkim", "generate")
    assert made.code == 0
    assert "s1._domainkey.tides.example" in made.out
    assert 'domain = "tides.example"' in made.out
    assert "PRIVATE KEY" in bare.read("dkim.pem")


def test_without_from_the_domain_is_asked_for(bare: Folder) -> None:
    refused = bare("dkim", "generate")
    assert refused.code == 2
    assert "which domain signs?" in refused.err
    assert not (bare.path / "dkim.pem").exists()
