"""Every exception of the SMTP library means something to us."""

from __future__ import annotations

import inspect
import ssl

import aiosmtplib
import pytest
from aiosmtplib import errors

from newsletter_cli.delivery.dialogue import Lost
from newsletter_cli.delivery.smtp import EXCEPTIONS, translate
from newsletter_cli.replies import Reply

CLASSES = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, Exception) and kind.__module__ == errors.__name__
]


def made(kind: type[Exception]) -> Exception:
    """One exception of each class, with what its constructor wants."""
    if issubclass(kind, aiosmtplib.SMTPRecipientsRefused):
        return kind([aiosmtplib.SMTPRecipientRefused(550, "5.1.1 unknown", "a@example.com")])
    if issubclass(kind, aiosmtplib.SMTPSenderRefused | aiosmtplib.SMTPRecipientRefused):
        return kind(550, "5.1.1 unknown", "a@example.com")
    if issubclass(kind, aiosmtplib.SMTPResponseException):
        return kind(550, "5.1.1 unknown")
    return kind("words")


def test_there_are_exceptions_to_map() -> None:
    assert len(CLASSES) >= 15
    assert set(aiosmtplib.errors.__all__) == {kind.__name__ for kind in CLASSES}


@pytest.mark.parametrize("kind", CLASSES)
def test_it_is_mapped_by_itself(kind: type[Exception]) -> None:
    assert kind in EXCEPTIONS
    answer = translate(made(kind))
    coded = issubclass(kind, aiosmtplib.SMTPResponseException | aiosmtplib.SMTPRecipientsRefused)
    assert answer == Reply(550, "5.1.1 unknown") if coded else isinstance(answer, Lost)
    assert str(answer)


@pytest.mark.parametrize("error", [OSError(113, "No route to host"), ValueError("host name"), TimeoutError()])
def test_what_else_may_come(error: Exception) -> None:
    assert isinstance(translate(error), Lost)


def caused(error: Exception, cause: Exception) -> Exception:
    """As `raise error from cause` leaves it."""
    error.__cause__ = cause
    return error


def test_the_systems_words_are_kept() -> None:
    refused = ConnectionRefusedError(111, "Connection refused")
    assert translate(caused(aiosmtplib.SMTPConnectError("Error connecting"), refused)) == Lost("Connection refused")
    assert translate(aiosmtplib.SMTPConnectError("no words")) == Lost("no words")


def test_a_code_that_is_none_is_a_loss() -> None:
    assert isinstance(translate(aiosmtplib.SMTPResponseException(-1, "Malformed")), Lost)


def test_a_certificate_behind_a_connect_error_is_named() -> None:
    broken = ssl.SSLCertVerificationError(1, "certificate verify failed")
    broken.verify_message = "self-signed certificate"
    assert "self-signed" in str(translate(caused(aiosmtplib.SMTPConnectError("Error connecting"), broken)))
    assert "TLS" in str(translate(ssl.SSLError(1, "wrong version number")))
