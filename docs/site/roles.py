"""Docstrings refer to names as Sphinx has it, ``:func:`qgac.restore```; on the site they become plain code."""

from __future__ import annotations

import re
from typing import Any

import griffe

_ROLE = re.compile(r":(?:func|class|mod|meth|attr|data):`([^`]+)`")
_LITERAL = re.compile(r"``([^`]+)``")


class Roles(griffe.Extension):
    """Rewrites the roles and literals of every docstring."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite one."""
        if obj.docstring is not None:
            text = _ROLE.sub(lambda found: f"`{found[1].lstrip('~.')}`", obj.docstring.value)
            obj.docstring.value = _LITERAL.sub(r"`\1`", text)
