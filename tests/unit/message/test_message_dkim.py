from __future__ import annotations

import base64
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import dkim as dkimpy
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from newsletter_cli.message import dkim
from newsletter_cli.message.check import check
from newsletter_cli.message.compose import compose
from newsletter_cli.message.fill import fill
from newsletter_cli.problems import Refused, Severity
from newsletter_cli.rendering.model import Context, Slot
from tests.doubles import mails

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from newsletter_cli.message.model import Draft

NAME = Slot("tokenname1", Context.HTML, ("name",), "friend")
TITLE = Slot("tokensubj1", Context.SUBJECT, ("name",), "friend")


@pytest.fixture(scope="module")
def signers() -> tuple[dkim.Signer, ...]:
    made = []
    for selector in ("rsa", "ed25519"):
        pem, record = dkim.generate("rsa" if selector == "rsa" else "ed25519", domain="example.com", selector=selector)
        signer = dkim.Signer.load("example.com", selector, pem)
        assert signer.record == record
        made.append(signer)
    return tuple(made)


@pytest.fixture(scope="module")
def draft(signers: Sequence[dkim.Signer]) -> Draft:
    return compose(
        mails.rendered(
            subject="For  tokensubj1:  spaced",
            html="<p>  tokenname1  \t</p> \n" * 3 + "<p>é</p>" * 30 + "\n\n",
            text="  indented\t text  \n \n\ntokenname1\n",
            slots=(NAME, TITLE),
        ),
        mails.sender(reply_to=mails.sender().mailbox, extra_headers={"X-Stream": "b"}, automatic=True),
        signers=signers,
    )


def verified(data: bytes, signers: Sequence[dkim.Signer], *, by: int = 0) -> bool:
    """Whether dkimpy accepts the signature of the signer with this number."""
    if signers[by].algorithm.startswith("ed25519"):
        pytest.importorskip("nacl", reason="dkimpy verifies Ed25519 with PyNaCl: install dkimpy[ed25519]")
    records = {f"{signer.record.name}.": signer.record.text.encode() for signer in signers}
    try:
        return bool(dkimpy.DKIM(data).verify(idx=by, dnsfunc=lambda name, timeout=5: records.get(name.decode())))
    except dkimpy.ValidationError:  # its word for a body that was changed
        return False


@pytest.mark.parametrize("by", [0, 1])
@pytest.mark.parametrize("name", ["", "Ann", " two  spaces\t\r\n \n", "Zoë " * 40, ".", "漢字"])
def test_dkimpy_accepts_both_signatures_of_every_fill(
    draft: Draft, signers: Sequence[dkim.Signer], name: str, by: int
) -> None:
    data = fill(draft, mails.person("bo", fields={"name": name})).data
    assert verified(data, signers, by=by)
    assert not check(data)


@pytest.mark.parametrize("by", [0, 1])
def test_marked_redirected_and_international_mails_verify_too(
    draft: Draft, signers: Sequence[dkim.Signer], by: int
) -> None:
    person = mails.person("bo", marked="[test] ", redirect_to=mails.person().address)
    assert verified(fill(draft, person).data, signers, by=by)
    assert verified(fill(draft, mails.person("zoë")).data, signers, by=by)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"From: The Letter", b"From: Another"),
        (b"Subject: For", b"Subject: Four"),
        (b"One-Click", b"Two-Click"),
        (b"\r\nList-Unsubscribe: ", b"\r\nList-Unsubscribe: <https://evil.example/>, "),
        (b"=C3=A9", b"=C3=A8"),
        (b"\r\nTo: ", b"\r\nTo: x@y.example\r\nTo: "),
        (b"\r\nTo: ", b"\r\nFrom: x@y.example\r\nTo: "),
        (b"\r\nTo: ", b"\r\nSubject: another\r\nTo: "),
        (b"\r\nTo: ", b"\r\nDate: Fri, 02 Jan 2026 03:04:05 +0000\r\nTo: "),
        (b"\r\nTo: ", b"\r\nList-Unsubscribe: <https://evil.example/>\r\nTo: "),
        (b"\r\nTo: ", b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nTo: "),
        (b"Message-ID: <", b"Message-ID: <x"),
        (b"auto-generated", b"auto-replied"),
        (b"Content-Type: multipart/alternative", b"Content-Type: multipart/mixed"),
    ],
)
def test_what_is_signed_cannot_be_changed_nor_added_to(
    draft: Draft, signers: Sequence[dkim.Signer], old: bytes, new: bytes
) -> None:
    data = fill(draft, mails.person()).data
    assert old in data
    assert not verified(data.replace(old, new, 1), signers)


def test_a_field_that_a_relay_takes_out_is_not_signed(draft: Draft, signers: Sequence[dkim.Signer]) -> None:
    data = fill(draft, mails.person()).data
    assert b"X-Stream: b\r\n" in data
    assert verified(data.replace(b"X-Stream: b\r\n", b""), signers)


def test_without_one_click_its_field_cannot_be_added(signers: Sequence[dkim.Signer]) -> None:
    draft = compose(mails.rendered(), mails.sender(unsubscribe_url=""), signers=signers)
    data = fill(draft, mails.person()).data
    assert verified(data, signers)
    added = data.replace(b"\r\nTo: ", b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nTo: ")
    assert not verified(added, signers)


def test_the_same_mail_is_signed_with_the_same_bytes(draft: Draft) -> None:
    assert fill(draft, mails.person()) == fill(draft, mails.person())


def test_mails_are_signed_in_threads_as_in_one(draft: Draft) -> None:
    people = [mails.person(f"ann{number}") for number in range(40)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda person: fill(draft, person), people)) == [fill(draft, one) for one in people]


def test_the_library_is_imported_by_keys_alone() -> None:
    code = "import sys, newsletter_cli.message.compose; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_fields_of_a_signature_are_folded_short(draft: Draft) -> None:
    header = fill(draft, mails.person()).data.partition(b"\r\nFrom:")[0]
    assert header.count(b"DKIM-Signature: ") == 2
    assert all(len(line) <= 79 for line in header.split(b"\r\n"))


def test_opendkim_accepts_both_signatures(draft: Draft, signers: Sequence[dkim.Signer], tmp_path: Path) -> None:
    program = shutil.which("opendkim") or shutil.which("opendkim", path="/usr/sbin")
    if program is None:
        pytest.skip("no opendkim: install Debian's package")
    mail, settings = tmp_path / "mail.eml", tmp_path / "opendkim.conf"
    mail.write_bytes(fill(draft, mails.person()).data)
    keys = tmp_path / "keys"
    keys.write_text("".join(f"{signer.record.name} {signer.record.text}\n" for signer in signers))
    settings.write_text(f"Mode v\nTestPublicKeys {keys}\n")
    # The exit code is 0 either way: the verdict stands in the field that it would add.
    ran = subprocess.run([program, "-x", settings, "-vv", "-t", mail], capture_output=True, text=True, check=True)
    assert ran.stdout.count("dkim=pass") == 2, ran.stdout


def test_a_record_is_what_dns_wants(signers: Sequence[dkim.Signer]) -> None:
    rsa_record, ed_record = (signer.record for signer in signers)
    assert ed_record.name == "ed25519._domainkey.example.com"
    assert re.fullmatch(r"v=DKIM1; k=ed25519; p=[A-Za-z0-9+/]{43}=", ed_record.text)
    assert rsa_record.text.startswith("v=DKIM1; k=rsa; p=MII")
    strings = re.findall(r'"([^"]*)"', rsa_record.zone_line)
    assert "".join(strings) == rsa_record.text
    assert [len(string) for string in strings[:-1]] == [255]
    assert rsa_record.zone_line.startswith("rsa._domainkey.example.com. IN TXT ( ")


def pem_of(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, password: bytes = b"") -> bytes:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL if not password else PrivateFormat.PKCS8, encryption
    )


def test_a_short_rsa_key_signs_with_a_warning() -> None:
    signer = dkim.Signer.load("example.com", "s1", pem_of(rsa.generate_private_key(65537, 1024)), file="dkim.pem")
    assert [(problem.severity, problem.file, problem.code) for problem in signer.problems] == [
        (Severity.WARNING, "dkim.pem", "dkim-key-short")
    ]
    draft = compose(mails.rendered(), mails.sender(), signers=[signer])
    assert draft.problems == signer.problems
    assert verified(fill(draft, mails.person()).data, [signer])


def _bad_keys() -> dict[str, bytes]:
    key = rsa.generate_private_key(65537, 2048)
    small = b"-----BEGIN RSA PRIVATE KEY-----\n" + base64.encodebytes(b"nonsense") + b"-----END RSA PRIVATE KEY-----\n"
    return {
        "is encrypted": pem_of(key, b"secret"),
        "the public key": key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "no private key in PEM": b"\0\1\2",
        "cannot be read": small,
        "another": pem_of(ec.generate_private_key(ec.SECP256R1())),
    }


def test_a_key_that_cannot_sign_is_refused_in_clear_words() -> None:
    for words, pem in _bad_keys().items():
        with pytest.raises(Refused, match=words) as raised:
            dkim.Signer.load("example.com", "s1", pem, file="dkim.pem")
        assert raised.value.problems[0].place == "dkim.pem"


@pytest.mark.parametrize("bits", [512, 8192])
def test_an_rsa_key_that_nobody_verifies_is_refused(bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # The library makes no key of 512 bits, and one of 8192 takes a minute: the limits are moved instead.
    monkeypatch.setattr(dkim, "RSA_REFUSED_BELOW" if bits < 1024 else "RSA_REFUSED_ABOVE", 2000)
    key = rsa.generate_private_key(65537, 1024 if bits < 1024 else 2048)
    with pytest.raises(Refused, match="is not verified by receivers"):
        dkim.Signer.load("example.com", "s1", pem_of(key))


def test_a_bad_domain_and_selector_are_both_named() -> None:
    pem, _ = dkim.generate("ed25519", domain="example.com", selector="s1")
    with pytest.raises(Refused) as raised:
        dkim.Signer.load("no domain", "s 1", pem)
    assert len(raised.value.problems) == 2


def test_the_domain_is_taken_in_a_labels() -> None:
    pem, record = dkim.generate("ed25519", domain="Bücher.example", selector="s1")
    assert record.name == "s1._domainkey.xn--bcher-kva.example"
    assert dkim.Signer.load("bücher.example", "s1", pem).domain == "xn--bcher-kva.example"


def test_a_key_is_not_shown() -> None:
    pem, _ = dkim.generate("ed25519", domain="example.com", selector="s1")
    assert repr(dkim.Signer.load("example.com", "s1", pem)) == "Signer(s1._domainkey.example.com, ed25519-sha256)"
