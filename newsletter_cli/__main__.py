"""Start the command line, and map whatever escapes it to a message and an exit code.

The one place where an exception meets the user: no traceback is ever printed. What is the program's own fault is kept
in a file, named in one line, so that it can be reported. Imports nothing heavy: `--version` costs what Python costs.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line on `arguments` (default: those of the process) and give its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _run(given)
        if sys.stdout is not None:
            sys.stdout.flush()  # here a failure can still be answered
    except BaseException as error:  # noqa: BLE001 - nothing may end in a traceback
        from newsletter_cli.cli.escaped import answer, wants_json

        return answer(error, as_json=wants_json(given))
    return code


def _run(given: list[str]) -> int:
    if given == ["--version"]:
        from newsletter_cli import __version__

        if sys.stdout is not None:
            sys.stdout.write(f"newsletter {__version__}\n")
        return 0
    from newsletter_cli.cli.app import run

    return run(given)


if __name__ == "__main__":
    sys.exit(main())
