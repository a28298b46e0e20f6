"""Bounces, complaints and unsubscribe mail in: bytes to values, and where the bytes come from. Knows no ledger."""
