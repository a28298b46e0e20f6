"""Bounces, complaints and unsubscribe mail come back and become suppressions."""
