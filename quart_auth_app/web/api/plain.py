"""Converts values for JSON, and types to schemas (JSON Schema 2020-12)."""

from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

SCHEMAS: dict[type, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
}


def plain(value: Any) -> Any:
    """Convert a value for JSON; datetimes become ISO 8601 in UTC."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {str(name): plain(each) for name, each in value.items()}
    return value


def schema(type_: Any, named: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a type. Schemas of dataclasses are added to `named`, and referenced."""
    origin, arguments = get_origin(type_), get_args(type_)
    if type_ in SCHEMAS:
        return dict(SCHEMAS[type_])
    if origin in {Union, UnionType}:
        return _or_null(next(each for each in arguments if each is not NoneType), named)
    if origin is list:
        return {"type": "array", "items": schema(arguments[0], named)}
    if is_dataclass(type_):
        return _object(type_, named)
    return {"type": "object", "additionalProperties": True}


def _or_null(type_: Any, named: dict[str, Any]) -> dict[str, Any]:
    found = schema(type_, named)
    if "$ref" in found:
        return {"oneOf": [found, {"type": "null"}]}
    return found | {"type": [found["type"], "null"]}


def _object(type_: Any, named: dict[str, Any]) -> dict[str, Any]:
    if type_.__name__ not in named:
        named[type_.__name__] = {}  # reserved first, in case the type refers to itself
        properties = {name: schema(hint, named) for name, hint in get_type_hints(type_).items()}
        told = " ".join((type_.__doc__ or "").split())
        named[type_.__name__] = {
            "type": "object",
            "description": told,
            "properties": properties,
            "required": list(properties),
        }
    return {"$ref": f"#/components/schemas/{type_.__name__}"}
