"""Sign with DKIM: RFC 6376 (relaxed/relaxed, rsa-sha256), RFC 8301 (key sizes), RFC 8463 (Ed25519).

The only importer of `cryptography`, and only when a key is read or made. `compose` prepares the canonical forms once
(`relaxed_field`, `relaxed_body`, on undotted bytes); per mail a `Signer` hashes the headers and signs. Safe in threads;
RSA signing releases the interpreter lock. Same arguments, same bytes: both signature schemes are deterministic, and
the t= tag is the mail's own date.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from newsletter_cli.problems import Problem, Refused, Severity

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

# RFC 8301 §3.2: verifiers refuse RSA below 1024, signers should use 2048; above 4096 verifiers need not try.
RSA_REFUSED_BELOW, RSA_WEAK_BELOW, RSA_REFUSED_ABOVE = 1024, 2048, 4096
# A character-string of a TXT record holds 255 octets (RFC 1035 §3.3).
TXT_STRING = 255
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_LABELS = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\Z")

# Signed twice over, so that nobody can add a second one (RFC 6376 §5.4.2), and RFC 8058 §4 for the List pair.
OVERSIGNED = ("from", "to", "subject", "date", "list-unsubscribe", "list-unsubscribe-post")

Kind = Literal["rsa", "ed25519"]


@dataclass(frozen=True, slots=True)
class Record:
    """What to publish: the name and the text of a TXT record, and the text cut into strings as zone files want it."""

    name: str
    text: str

    @property
    def zone_line(self) -> str:
        """The record as a line of a zone file."""
        starts = range(0, len(self.text), TXT_STRING)
        strings = " ".join(f'"{self.text[start : start + TXT_STRING]}"' for start in starts)
        return f"{self.name}. IN TXT ( {strings} )"


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """A key and where its record stands. `problems` are warnings (a short RSA key)."""

    domain: str
    selector: str
    algorithm: str
    record: Record
    problems: tuple[Problem, ...]
    _sign: Callable[[bytes], bytes]

    @classmethod
    def load(cls, domain: str, selector: str, pem: bytes, *, file: str | None = None) -> Signer:
        """Read an unencrypted private key in PEM; `file` names it in problems. Raises Refused with everything wrong."""
        domain = _checked_domain(domain, selector, file)
        key = _read_key(pem, file)
        problems: tuple[Problem, ...] = ()
        if (bits := getattr(key, "key_size", None)) is not None and bits < RSA_WEAK_BELOW:
            problems = (
                Problem(
                    text=f"the DKIM key has {bits} bits; Gmail and others ask for {RSA_WEAK_BELOW}",
                    file=file,
                    hint="make a new one with `newsletter dkim generate`",
                    severity=Severity.WARNING,
                    code="dkim-key-short",
                ),
            )
        algorithm, record_text, sign = _scheme(key)
        record = Record(f"{selector}._domainkey.{domain}", record_text)
        return cls(domain, selector, algorithm, record, problems, sign)

    def header(self, *, names: bytes, signed: bytes, body_hash: bytes, at: int) -> bytes:
        """The DKIM-Signature field with its line end.

        `names` is the h= tag, `signed` the canonical fields it names, `body_hash` the SHA-256 of the canonical body,
        `at` the t= tag in seconds since 1970.
        """
        # The folds below are where relaxed canonicalisation sees one space; b= comes last and empty (§3.7).
        field = (
            f"v=1; a={self.algorithm}; c=relaxed/relaxed; d={self.domain};\r\n"
            f" s={self.selector}; t={at};\r\n"
            f" h={names.decode()};\r\n"
            f" bh={base64.b64encode(body_hash).decode()};\r\n"
            f" b="
        )
        relaxed = b"dkim-signature:" + field.replace("\r\n ", " ").encode()
        signature = base64.b64encode(self._sign(hashlib.sha256(signed + relaxed).digest())).decode()
        folded = "\r\n ".join(signature[start : start + 72] for start in range(0, len(signature), 72))
        return f"DKIM-Signature: {field}{folded}\r\n".encode()

    def __repr__(self) -> str:
        return f"Signer({self.selector}._domainkey.{self.domain}, {self.algorithm})"


def generate(kind: Kind = "rsa", *, domain: str, selector: str) -> tuple[bytes, Record]:
    """Make a key pair: the private key as PEM (PKCS 8, to be kept with mode 0600) and the record to publish."""
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    domain = _checked_domain(domain, selector, None)
    key = (
        ed25519.Ed25519PrivateKey.generate()
        if kind == "ed25519"
        else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem, Record(f"{selector}._domainkey.{domain}", _scheme(key)[1])


def relaxed_field(name: str, value: bytes) -> bytes:
    """RFC 6376 §3.4.2: lower-case name, unfolded value, single spaces, none at the ends; with its CRLF."""
    return name.lower().encode() + b":" + b" ".join(value.split()) + b"\r\n"


def relaxed_body(body: bytes) -> bytes:
    """RFC 6376 §3.4.4 but for empty lines at the end: here a body ends with the line of its last boundary.

    May be taken piece by piece where no run of white space and no line end is cut.
    """
    return re.sub(rb" (?=\r\n)", b"", re.sub(rb"[ \t]+", b" ", body))


def _checked_domain(domain: str, selector: str, file: str | None) -> str:
    """The domain in A-labels. Raises Refused."""
    from newsletter_cli.addresses import AddressError, parse

    problems: list[Problem] = []
    if not _LABELS.match(selector):
        problems.append(
            Problem(text=f"{selector!r} is no DKIM selector", file=file, hint="letters, digits and hyphens: s1")
        )
    try:
        domain = parse(f"x@{domain}").domain
    except AddressError as error:
        problems.append(Problem(text=f"{domain!r} is no domain to sign for: {error}", file=file))
    if problems:
        raise Refused(*problems)
    return domain


def _read_key(pem: bytes, file: str | None) -> RSAPrivateKey | Ed25519PrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    generate_one = "make one with `newsletter dkim generate`"
    if b"PUBLIC KEY-----" in pem:
        raise _refused("this is the public key; DKIM signs with the private one", file, generate_one)
    if b"PRIVATE KEY-----" not in pem:
        raise _refused("this is no private key in PEM", file, generate_one)
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError:
        hint = "take the passphrase off (openssl pkey -in KEY -out NEW) and keep the file at mode 0600"
        raise _refused("the private key is encrypted", file, hint) from None
    except (ValueError, UnsupportedAlgorithm):
        raise _refused("the private key cannot be read", file, generate_one) from None
    if isinstance(key, Ed25519PrivateKey):
        return key
    if not isinstance(key, RSAPrivateKey):
        raise _refused("DKIM knows RSA and Ed25519 keys, this is another", file, generate_one)
    if not RSA_REFUSED_BELOW <= key.key_size <= RSA_REFUSED_ABOVE:
        raise _refused(
            f"an RSA key of {key.key_size} bits is not verified by receivers (RFC 8301: 1024 to 4096)",
            file,
            generate_one,
        )
    return key


def _refused(text: str, file: str | None, hint: str) -> Refused:
    return Refused(Problem(text=text, file=file, hint=hint, code="dkim-key"))


def _scheme(key: RSAPrivateKey | Ed25519PrivateKey) -> tuple[str, str, Callable[[bytes], bytes]]:
    """The a= tag, the record's text, and what signs a SHA-256 digest."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    if isinstance(key, Ed25519PrivateKey):
        # RFC 8463 §3: PureEdDSA over the digest; the record holds the bare 32 octets.
        raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return "ed25519-sha256", f"v=DKIM1; k=ed25519; p={base64.b64encode(raw).decode()}", key.sign
    padding, digest = PKCS1v15(), Prehashed(SHA256())
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(hashed: bytes) -> bytes:
        return key.sign(hashed, padding, digest)

    return "rsa-sha256", f"v=DKIM1; k=rsa; p={base64.b64encode(der).decode()}", sign
