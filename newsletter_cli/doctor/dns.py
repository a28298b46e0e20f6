"""The look-ups: a thin door to dnspython. A name that does not exist gives nothing; a silent DNS raises NoAnswer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dns.resolver import Resolver

# Long enough for a slow resolver, short enough that a person waits for all of it.
TIMEOUT_S = 5.0


class NoAnswer(Exception):
    """The DNS did not answer: nothing can be said about the records."""


class Dns:
    """Looks names up, each once. `server` and `port` name a resolver; without, the machine's."""

    def __init__(self, *, server: str = "", port: int = 53) -> None:
        self._server, self._port = server, port
        self._known: dict[tuple[str, str], tuple[str, ...]] = {}
        self._resolver: Resolver | None = None

    def txt(self, name: str) -> Sequence[str]:
        """The TXT records of a name, each joined to one text (RFC 7208 §3.3). Raises NoAnswer."""
        return self._look_up(name, "TXT")

    def mx(self, name: str) -> Sequence[str]:
        """The mail hosts of a name, best first. Raises NoAnswer."""
        return self._look_up(name, "MX")

    def _look_up(self, name: str, kind: str) -> tuple[str, ...]:
        if (name, kind) not in self._known:
            self._known[name, kind] = self._ask(name, kind)
        return self._known[name, kind]

    def _ask(self, name: str, kind: str) -> tuple[str, ...]:
        import dns.exception
        import dns.resolver

        if self._resolver is None:
            self._resolver = dns.resolver.Resolver(configure=not self._server)
            if self._server:
                self._resolver.nameservers = [self._server]
                self._resolver.port = self._port
        try:
            answer = self._resolver.resolve(name, kind, lifetime=TIMEOUT_S)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except (dns.exception.DNSException, OSError) as error:
            raise NoAnswer(f"the DNS gave no answer for {name} ({kind}): {error}") from error
        if kind == "MX":
            found = sorted((record.preference, str(record.exchange).rstrip(".")) for record in answer)
            return tuple(host for _, host in found)
        return tuple(b"".join(record.strings).decode("utf-8", "replace") for record in answer)
