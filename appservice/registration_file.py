"""registration.yaml: writing it for the homeserver, and reading what is there."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from appservice.files import write_file, yaml_complaint
from appservice.registration import FLAG_KEYS, Namespace, Namespaces, Registration

_REQUIRED = ("id", "as_token", "hs_token", "sender_localpart")
_KINDS = {str: "a text", bool: "true or false", dict: "a mapping", list: "a list"}


class RegistrationError(Exception):
    """A registration file that cannot be read; `problems` are sentences for the admin."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def dump(registration: Registration, *, heading: str = "") -> str:
    """The file as the homeserver reads it; each line of `heading` becomes a comment at its top."""
    body: dict[str, object] = {
        "id": registration.id,
        "url": registration.url,
        "as_token": registration.as_token,
        "hs_token": registration.hs_token,
        "sender_localpart": registration.sender_localpart,
        "namespaces": {
            kind: [{"exclusive": namespace.exclusive, "regex": namespace.regex} for namespace in namespaces]
            for kind, namespaces in registration.namespaces.by_kind().items()
        },
        "protocols": list(registration.protocols),
    }
    body |= {key: getattr(registration, name) for name, key in FLAG_KEYS.items()}
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 4096
    yaml.allow_unicode = False
    output = io.StringIO()
    yaml.dump(body, output)
    comment = "".join(f"# {line}".rstrip() + "\n" for line in heading.splitlines())
    return comment + output.getvalue()


def write(registration: Registration, path: Path, *, heading: str = "") -> None:
    """Write the file in one step, readable by its owner only. Raises OSError."""
    write_file(path, dump(registration, heading=heading))


def load(path: Path, domain: str) -> Registration:
    """Read a registration file of the homeserver `domain`.

    What is missing is left empty for `Registration.validate` to name. Raises `RegistrationError` when the file cannot
    be read or a value is of the wrong kind.
    """
    try:
        body = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RegistrationError([f"{path} cannot be read: {error}."]) from error
    except YAMLError as error:
        line, complaint = yaml_complaint(error)
        raise RegistrationError([f"{path}:{line}: {complaint}"]) from error
    if not isinstance(body, dict):
        raise RegistrationError([f"{path} is not a registration: it must be a mapping of keys to values."])
    return _Reader(path, body).registration(domain)


class _Reader:
    """Takes a parsed file apart, collecting every value of the wrong kind."""

    def __init__(self, path: Path, body: Mapping[str, Any]) -> None:
        self._path = path
        self._body = body
        self._problems: list[str] = []

    def registration(self, domain: str) -> Registration:
        required = {key: self._value(self._body, key, str, "") for key in _REQUIRED}
        # Synapse limits the rate of a service whose file does not say otherwise.
        flags = {name: self._value(self._body, key, bool, name == "rate_limited") for name, key in FLAG_KEYS.items()}
        url = self._value(self._body, "url", str, None)
        protocols = self._list(self._body, "protocols", str)
        namespaces = self._namespaces()
        if self._problems:
            raise RegistrationError(self._problems)
        return Registration(
            domain=domain, url=url, namespaces=namespaces, protocols=tuple(protocols), **required, **flags
        )

    def _namespaces(self) -> Namespaces:
        body = self._value(self._body, "namespaces", dict, {})
        return Namespaces(
            **{
                kind: tuple(
                    Namespace(
                        self._value(entry, "exclusive", bool, False, f"namespaces.{kind}.exclusive"),
                        self._value(entry, "regex", str, "", f"namespaces.{kind}.regex"),
                    )
                    for entry in self._list(body, kind, dict, f"namespaces.{kind}")
                )
                for kind in ("users", "aliases", "rooms")
            }
        )

    def _value(self, body: Mapping[str, Any], key: str, kind: type, default: Any, name: str = "") -> Any:
        value = body.get(key)
        if value is None:
            return default
        if isinstance(value, kind):
            return value
        self._problems.append(f"{self._path}: {name or key} must be {_KINDS[kind]}.")
        return default

    def _list(self, body: Mapping[str, Any], key: str, kind: type, name: str = "") -> list[Any]:
        entries: list[Any] = self._value(body, key, list, [], name)
        each = f"each entry of {name or key}"
        return [self._value({"entry": entry}, "entry", kind, kind(), each) for entry in entries]
