"""Write newsletter_cli/rendering/support/caniemail.tsv: which mail programs lack which feature of HTML and CSS.

The figures are those of caniemail.com, as the npm package `caniemail` (MIT) ships them. Run by hand when they are to
be newer: `python docs/caniemail.py [VERSION]`. Needs npm and the network; nothing else of this project does. The
package is unpacked in a temporary folder; of its 640 kB one letter a feature and program is kept: y, n, a (in part),
u (unknown) or - (not tested).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parents[1] / "newsletter_cli" / "rendering" / "support" / "caniemail.tsv"


def compact(data: dict[str, Any], *, version: str, licence: str) -> str:
    """The table, from the package's `data/caniemail.json`."""
    features = sorted(data["data"], key=lambda feature: str(feature["slug"]))
    clients = sorted(
        {
            f"{family}/{platform}"
            for feature in features
            for family, tested in feature["stats"].items()
            for platform in tested
        }
    )
    names = data["nicenames"]
    head = [
        "Which mail programs show which feature of HTML and CSS: the figures of https://www.caniemail.com,",
        f"as of {data['last_update_date'][:10]}, from the npm package caniemail {version}.",
        "Written by docs/caniemail.py; not to be edited. The package's licence:",
        "",
        *licence.strip().splitlines(),
    ]
    lines = [f"# {line}".rstrip() for line in head]
    lines.append(f"as-of\t{data['last_update_date'][:10]}\t{version}")
    lines += [f"family\t{slug}\t{name}" for slug, name in sorted(names["family"].items())]
    lines += [f"platform\t{slug}\t{name}" for slug, name in sorted(names["platform"].items())]
    lines.append("clients\t" + " ".join(clients))
    for feature in features:
        marks = "".join(_mark(feature["stats"], *client.split("/")) for client in clients)
        lines.append(f"{feature['slug']}\t{feature['title'].strip()}\t{feature.get('last_test_date', '')}\t{marks}")
    return "\n".join(lines) + "\n"


def _mark(stats: dict[str, dict[str, dict[str, str]]], family: str, platform: str) -> str:
    """The letter of a program's newest version, which stands last; the notes behind it are left away."""
    versions = list(stats.get(family, {}).get(platform, {}).values())
    return versions[-1][0] if versions else "-"


def main(version: str = "latest") -> None:
    """Fetch the package and write the table."""
    with tempfile.TemporaryDirectory() as place:
        packed = subprocess.run(  # noqa: S603 - the version is the argument of whoever runs this
            ["npm", "pack", "--silent", f"caniemail@{version}"],  # noqa: S607 - npm as the path has it
            cwd=place,
            check=True,
            capture_output=True,
            text=True,
        )
        with tarfile.open(Path(place) / packed.stdout.split()[-1]) as archive:
            archive.extractall(place, filter="data")
        package = Path(place) / "package"
        table = compact(
            json.loads((package / "data" / "caniemail.json").read_text(encoding="utf-8")),
            version=json.loads((package / "package.json").read_text(encoding="utf-8"))["version"],
            licence=(package / "LICENSE").read_text(encoding="utf-8"),
        )
    TABLE.write_text(table, encoding="utf-8")
    print(f"{TABLE}: {len(table) // 1000} kB")


if __name__ == "__main__":
    main(*sys.argv[1:2])
