"""PyYAML, stopped at the nodes: scalars keep their text and everything keeps its line.

Imported only when there is YAML to read. PyYAML's C loader is not used: heads are small, and it is not everywhere.
"""

from __future__ import annotations

from typing import Any

import yaml


class NodeLoader(yaml.SafeLoader):
    """A loader that gives the tree of nodes instead of values."""

    def get_single_data(self) -> Any:
        """The root node, or None for nothing but comments."""
        return self.get_single_node()
