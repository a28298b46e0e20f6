from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from newsletter_cli.doctor import records

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass
class Zone:
    texts: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def txt(self, name: str) -> Sequence[str]:
        return self.texts.get(name, ())


def spf(**texts: str) -> records.Findings:
    found = records.Findings()
    zone = Zone({name.replace("_", "."): [text] for name, text in texts.items()})
    records.spf("example.com", zone, found)
    return found


def codes(found: records.Findings) -> list[str]:
    return [problem.code for problem in found.problems]


def test_no_spf_record() -> None:
    assert codes(spf()) == ["spf-missing"]
    assert codes(spf(example_com="google-site-verification=x")) == ["spf-missing"]


def test_a_sound_spf_record_and_its_look_ups() -> None:
    found = spf(
        example_com="v=spf1 a mx include:relay.test -all",
        relay_test="v=spf1 ip4:192.0.2.0/24 include:b.test ~all",
        b_test="v=spf1 ip6:2001:db8::/32 -all",
    )
    assert codes(found) == []
    assert "4 of 10" in found.facts[0]


def test_the_ten_look_up_limit() -> None:
    names = [f"n{number}" for number in range(11)]
    texts = {f"{name}_test": "v=spf1 ip4:192.0.2.1 -all" for name in names}
    found = spf(example_com="v=spf1 " + " ".join(f"include:{name}.test" for name in names) + " -all", **texts)
    assert codes(found) == ["spf-lookups"]


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ("v=spf1 +all", "spf-all"),
        ("v=spf1 all", "spf-all"),
        ("v=spf1 ip4:192.0.2.1", "spf-all"),
        ("v=spf1 include:example.com -all", "spf-broken"),
        ("v=spf1 !nonsense -all", "spf-broken"),
        ("v=spf1 include:a.test include:b.test include:c.test -all", "spf-void"),
    ],
)
def test_spf_records_that_are_wrong(record: str, code: str) -> None:
    assert codes(spf(example_com=record)) == [code]


def test_two_spf_records_are_none() -> None:
    found = records.Findings()
    records.spf("example.com", Zone({"example.com": ["v=spf1 -all", "v=spf1 ~all"]}), found)
    assert codes(found) == ["spf-several"]


def test_a_redirect_is_followed() -> None:
    assert codes(spf(example_com="v=spf1 redirect=other.test", other_test="v=spf1 a -all")) == []


KEY = "v=DKIM1; k=rsa; p=MIIBIjANBgkq"


@pytest.mark.parametrize(
    ("there", "code"),
    [
        ([], ["dkim-missing"]),
        (["v=DKIM1; k=rsa; p="], ["dkim-revoked"]),
        (["v=DKIM1; k=rsa; p=AAAA"], ["dkim-other-key"]),
        ([KEY, KEY], ["dkim-several"]),
        (["k=rsa; p= MIIBIjAN Bgkq ;"], []),
    ],
)
def test_the_dkim_record_against_the_key(there: list[str], code: list[str]) -> None:
    found = records.Findings()
    records.dkim("s1._domainkey.example.com", KEY, Zone({"s1._domainkey.example.com": there}), found)
    assert codes(found) == code


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        ({}, ["dmarc-missing"]),
        ({"_dmarc.mail.example.com": ["v=DMARC1; p=none"]}, []),
        ({"_dmarc.example.com": ["v=DMARC1; p=reject; rua=mailto:x@example.com"]}, []),
        ({"_dmarc.example.com": ["v=DMARC1; pp=reject"]}, ["dmarc-policy"]),
        ({"_dmarc.example.com": ["v=DMARC1; p=none", "v=DMARC1; p=none"]}, ["dmarc-several"]),
    ],
)
def test_dmarc_of_the_domain_or_of_the_one_above(texts: dict[str, list[str]], code: list[str]) -> None:
    found = records.Findings()
    records.dmarc("mail.example.com", Zone(texts), found)
    assert codes(found) == code


def test_alignment() -> None:
    for envelope, keys, wrong in (
        ("bounce.example.com", [], []),
        ("relay.test", ["example.com"], []),
        ("relay.test", ["relay.test"], ["dmarc-alignment"]),
    ):
        found = records.Findings()
        records.alignment("example.com", envelope, keys, found)
        assert codes(found) == wrong


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_record_is_judged(one: str, other: str) -> None:
    zone = Zone({"example.com": ["v=spf1 " + one], "_dmarc.example.com": ["v=DMARC1" + other], "k.example.com": [one]})
    found = records.Findings()
    records.spf("example.com", zone, found)
    records.dmarc("example.com", zone, found)
    records.dkim("k.example.com", KEY, zone, found)
    assert all(problem.hint for problem in found.problems)
