"""What a provider would hold against the sender: SPF, DKIM, DMARC, TLS, one-click."""
