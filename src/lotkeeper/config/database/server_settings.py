"""The embedded server's settings, written anew at each start.

Durable first: a sale that was acknowledged survives a pulled plug. Whoever wants another value says so with
``ALTER SYSTEM``, which PostgreSQL reads after this file; the self-check then warns of the unsafe ones.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

MEGABYTE = 1024 * 1024

DURABLE: Mapping[str, str] = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
#: For the automated tests alone, whose data nobody misses.
THROWAWAY: Mapping[str, str] = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

COMMON: Mapping[str, str] = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "lc_messages": "'C'",
    "log_line_prefix": "'%m [%p] %u@%d '",
    # Compiling costs more than the short statements of a till ever take.
    "jit": "off",
    # Young tables grow from nothing: what the planner knows of them has to keep up.
    "autovacuum_naptime": "'10s'",
    "random_page_cost": "1.1",
    "work_mem": "'16MB'",
    "maintenance_work_mem": "'128MB'",
    "wal_compression": "on",
    "checkpoint_timeout": "'15min'",
    "max_wal_size": "'2GB'",
}


def server_settings(durability: Mapping[str, str]) -> str:
    """The text of ``postgresql.conf``."""
    memory = memory_megabytes()
    sized = {
        "shared_buffers": f"'{max(128, min(1024, memory // 8))}MB'",
        "effective_cache_size": f"'{max(256, memory // 2)}MB'",
    }
    lines = [f"{name} = {value}" for name, value in {**COMMON, **sized, **durability}.items()]
    return "\n".join(["# Written by Lotkeeper at each start; for your own values use ALTER SYSTEM.", *lines, ""])


def memory_megabytes() -> int:
    """The memory this machine, or the container around us, has."""
    of_machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    allowed = limit.read_text().strip() if limit.exists() else "max"
    return (min(of_machine, int(allowed)) if allowed.isdigit() else of_machine) // MEGABYTE
