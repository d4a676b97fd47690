"""What the two ClickHouse adapters share, so that the same call means the same on both: names, parameters, error codes.

Times are integers on both sides of both adapters: a DateTime64(6) column takes and gives microseconds since the epoch, a
DateTime column seconds. Columns name their zone ('UTC') in the DDL.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*):([A-Za-z][A-Za-z0-9_]*(?:\([^{}]*\))?)\}")
_DATETIME64 = re.compile(r"(?:Nullable\()?DateTime64\((\d)")
_ERROR_CODE = re.compile(r"Code: (\d+)")
_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\0": "\\0", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"})
_FROM_UNIX = {3: "fromUnixTimestamp64Milli", 6: "fromUnixTimestamp64Micro", 9: "fromUnixTimestamp64Nano"}

# Errors of the server that pass: too slow or too busy, out of memory, a replica that is not ready. All others are permanent.
TRANSIENT_CODES = frozenset({159, 160, 202, 203, 209, 210, 241, 242, 252, 279, 285, 319, 394, 425, 999})


def identifier(name: str) -> str:
    """Return a quoted name, `table` or `database.table`; raises ValueError for anything but letters, digits and underscores."""
    parts = name.split(".")
    if len(parts) > 2 or not all(_IDENTIFIER.fullmatch(part) for part in parts):  # noqa: PLR2004
        raise ValueError(f"expected a name or database.name of letters, digits and underscores, found {name!r}")
    return ".".join(f"`{part}`" for part in parts)


def insert_statement(table: str, columns: Iterable[str]) -> str:
    """INSERT INTO … (…), without VALUES and FORMAT."""
    return f"INSERT INTO {identifier(table)} ({', '.join(identifier(column) for column in columns)})"


def bind(sql: str, parameters: Mapping[str, object]) -> str:
    """Put typed literals in the place of `{name:Type}`, as ClickHouse's own parameters do, for servers that lack them too.

    Raises ValueError for a parameter that is missing or unused, and TypeError for a value that has no literal.
    """
    used: set[str] = set()

    def literal_of(match: re.Match[str]) -> str:
        name, type_name = match.groups()
        if name not in parameters:
            raise ValueError(f"expected a value for {{{name}:{type_name}}}, found only {sorted(parameters)}")
        used.add(name)
        return _typed(parameters[name], type_name)

    bound = _PLACEHOLDER.sub(literal_of, sql)
    if unused := parameters.keys() - used:
        raise ValueError(f"expected placeholders for {sorted(unused)} in the statement, found none")
    return bound


def datetime64_scale(type_name: str) -> int | None:
    """Return the scale of a DateTime64 type, None for other types."""
    match = _DATETIME64.match(type_name)
    return int(match.group(1)) if match else None


def error_code(message: str) -> int | None:
    """Return the code in a message of the engine, such as `Code: 60. DB::Exception: …`."""
    match = _ERROR_CODE.search(message)
    return int(match.group(1)) if match else None


def _typed(value: object, type_name: str) -> str:
    if type_name == "Identifier":
        return identifier(str(value))
    scale = datetime64_scale(type_name)
    if scale is not None and isinstance(value, int):
        if scale not in _FROM_UNIX:
            raise TypeError(f"expected a DateTime64 of scale 3, 6 or 9, found {type_name}")
        return f"{_FROM_UNIX[scale]}({value})"
    return f"CAST({literal(value)}, {literal(type_name)})"


def literal(value: object) -> str:
    """Return the ClickHouse literal of a value; raises TypeError for types that have none here (times go in as integers)."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Decimal):
        return f"'{value}'"
    if isinstance(value, str):
        return f"'{value.translate(_ESCAPES)}'"
    if isinstance(value, list | tuple):
        return f"[{', '.join(literal(item) for item in value)}]"
    raise TypeError(f"expected None, bool, int, float, Decimal, str, list or tuple as a parameter, found {type(value).__name__}")
