"""Tables of patterns, a pattern a line. Pure."""

from __future__ import annotations

import re


def any_of(*patterns: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    """One pattern that finds any of several, in any letter case."""
    return re.compile("|".join(patterns), re.IGNORECASE | flags)
