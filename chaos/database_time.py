"""A PostgreSQL server of a world lives in the world's time: what its statements ask for the time follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from pathlib import Path

_NAME = "world_time"
# The first two integers of the shared time, least byte first: how far time was moved, and from where it began.
_FUNCTION = """
CREATE OR REPLACE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
  SELECT pg_catalog.clock_timestamp() + interval '1 microsecond' * (
    SELECT sum(('x' || part.hex)::bit(64)::bigint)
    FROM (
      SELECT string_agg(lpad(to_hex(get_byte(file.content, at)), 2, '0'), '' ORDER BY at DESC) AS hex
      FROM (SELECT pg_read_binary_file('{name}', 0, 16) AS content) AS file, generate_series(0, 15) AS at
      GROUP BY at / 8
    ) AS part)
$$
"""


def follow(clock: Path, url: str, data: Path) -> None:
    """From here on ``clock_timestamp()`` shows virtual time in the database of ``url``, in sessions that begin later.

    Time limits and keepalives of the server's own, ``now()`` and ``pg_stat_activity`` stay real.

    Args:
        clock: the file of the world's time; on the file system of ``data``, into which it is linked.
        url: of a superuser, who alone may let a function read a file.
        data: the server's folder.
    """
    link = data / _NAME
    link.unlink(missing_ok=True)
    link.hardlink_to(clock)
    link.chmod(0o644)  # the server may run as another user
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_FUNCTION.format(name=_NAME).encode())
        # What comes before pg_catalog hides what pg_catalog has; tables are made in public, as ever.
        database = psycopg.sql.Identifier(connection.info.dbname)
        connection.execute(psycopg.sql.SQL("ALTER DATABASE {} SET search_path = public, pg_catalog").format(database))
