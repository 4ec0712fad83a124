"""YAML by libyaml, which takes a tenth of the time of the reader in Python.

libyaml's composer is recursive in C: a text that is nested deeply enough ends the process. So the
depth is counted before, by its parser, which is not recursive.
"""

from typing import Any

import yaml

_DEEPEST = 100
"""Levels of lists and mappings; the deepest of our files has a dozen."""


class _Unique:
    """Raises an error on a duplicate key, instead of using the later one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)  # type: ignore[attr-defined]
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} is duplicate", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)  # type: ignore[misc,no-any-return]


class _UniqueInC(_Unique, yaml.CSafeLoader):
    pass


class _UniqueInPython(_Unique, yaml.SafeLoader):
    pass


def load(text: str, *, unique: bool = False) -> Any:
    """Return what a text says. unique : refuse duplicate keys.

    Raises `yaml.YAMLError`, or ValueError, TypeError or RecursionError of a wrong value.
    """
    try:
        _refuse_depth(text)
        return yaml.load(text, Loader=_UniqueInC if unique else yaml.CSafeLoader)
    except yaml.YAMLError:  # the reader in Python also shows the line
        return yaml.load(text, Loader=_UniqueInPython if unique else yaml.SafeLoader)


def _refuse_depth(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                raise RecursionError(f"more than {_DEEPEST} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
