"""Parts of countries by name: what stands under "State" in the lists of the countries that have them.

Pure. A column in which nothing else stands tells where people live, and says nothing on mail.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from newsletter_cli.audience.words import compact

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAMES = """
Alabama, Alaska, Arizona, Arkansas, California, Colorado, Connecticut, Delaware, District of Columbia, Florida,
Georgia, Hawaii, Idaho, Illinois, Indiana, Iowa, Kansas, Kentucky, Louisiana, Maine, Maryland, Massachusetts,
Michigan, Minnesota,
Mississippi, Missouri, Montana, Nebraska, Nevada, New Hampshire, New Jersey, New Mexico, New York, North Carolina,
North Dakota, Ohio, Oklahoma, Oregon, Pennsylvania, Puerto Rico, Rhode Island, South Carolina, South Dakota,
Tennessee, Texas,
Utah, Vermont, Virginia, Washington, Washington DC, West Virginia, Wisconsin, Wyoming, Alberta, British Columbia,
Manitoba,
New Brunswick, Newfoundland and Labrador, Nova Scotia, Ontario, Prince Edward Island, Quebec, Saskatchewan, Yukon,
New South Wales, Queensland, South Australia, Tasmania, Victoria, Western Australia, Northern Territory,
Baden-Württemberg, Bavaria, Bayern, Berlin, Brandenburg, Bremen, Hamburg, Hessen, Mecklenburg-Vorpommern, Niedersachsen,
Nordrhein-Westfalen, Rheinland-Pfalz, Saarland, Sachsen, Sachsen-Anhalt, Schleswig-Holstein, Thüringen
"""
_REGIONS = frozenset(compact(name) for name in re.split(r"[,\n]+", _NAMES)) - {""}


def are_regions(values: Iterable[str]) -> bool:
    """Whether all of some values are names of regions."""
    return {compact(value) for value in values} <= _REGIONS
