"""Reads a bundle as the Databricks CLI puts it together: files, targets, variables, names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

REFERENCE = re.compile(r"\$\{([a-zA-Z0-9_.]+)\}")
# What the CLI knows by itself.
KNOWN = {
    "workspace.file_path": "/Workspace/Users/ci/.bundle/sales_pipeline/dev/files",
    "workspace.current_user.userName": "ci",
    "bundle.target": "dev",
}


def load_yaml(text: str) -> Any:
    """What a text says as YAML 1.2, which does not take `no` for false; a key twice is an error."""
    return YAML(typ="safe").load(text)


@dataclass(frozen=True)
class Bundle:
    """A bundle in one of its targets.

    Attributes:
        root: What databricks.yml holds.
        resources: What is deployed: kind, key, and the resource as it is written.
        target: The target's own part.
    """

    root: dict[str, Any]
    resources: dict[str, dict[str, dict[str, Any]]]
    target: dict[str, Any]

    def jobs(self) -> dict[str, dict[str, Any]]:
        return self.resources["jobs"]

    def schemas(self) -> dict[str, dict[str, Any]]:
        return self.resources["schemas"]

    def resolved(self, text: str) -> str:
        """A text with every reference replaced, as the target deploys it.

        Raises:
            KeyError: It refers to something that does not exist.
        """
        while reference := REFERENCE.search(text):
            text = text[: reference.start()] + self._value(reference[1]) + text[reference.end() :]
        return text

    def _value(self, path: str) -> str:
        if path in KNOWN:
            return KNOWN[path]
        kind, _, name = path.partition(".")
        if kind == "var":
            return self._variable(name)
        if kind == "bundle":
            return str(self.root["bundle"][name])
        if kind != "resources":
            raise KeyError(path)
        of, key, field = name.split(".")
        if field == "id":
            return f"id of {self.resources[of][key]['name']}"
        return self.deployed_name(of, key) if field == "name" else self.resources[of][key][field]

    def _variable(self, name: str) -> str:
        if name not in self.root["variables"]:
            raise KeyError(name)
        own = self.target.get("variables", {})
        return str(own[name] if name in own else self.root["variables"][name]["default"])

    def deployed_name(self, kind: str, key: str) -> str:
        """The name of a resource where it is deployed; in dev those of schemas get a prefix."""
        name = self.resolved(self.resources[kind][key]["name"])
        is_prefixed = kind == "schemas" and self.target["mode"] == "development"
        return f"dev_ci_{name}" if is_prefixed else name


def read_bundle(folder: Path, target: str = "dev", *, jobs: str | None = None) -> Bundle:
    """Reads a bundle; `jobs` names another file of jobs in place of the one that is included."""
    root = load_yaml((folder / "databricks.yml").read_text(encoding="utf-8"))
    chosen = root["targets"][target]
    names = [jobs if jobs and "jobs" in name else name for name in root["include"]]
    resources: dict[str, Any] = {}
    for name in names:
        part = load_yaml((folder / name).read_text(encoding="utf-8"))
        assert part.keys() == {"resources"}
        for kind, of_kind in part["resources"].items():
            assert not resources.get(kind, {}).keys() & of_kind.keys(), "a key is there twice"
            resources.setdefault(kind, {}).update(of_kind)
    for kind, of_kind in chosen.get("resources", {}).items():
        for key, own in of_kind.items():
            resources[kind][key] = {**resources[kind][key], **own}
    return Bundle(root, resources, chosen)


def texts(value: Any) -> Iterator[str]:
    """Every text within a value."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value
