"""What is told to the terminal, and to whatever keeps its output: lines for people there, JSON elsewhere."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import structlog
from structlog.types import EventDict, Processor


class TerminalLogger:
    """Writes lines to wherever standard error leads at the moment; one write a line, so that threads do not mix."""

    def msg(self, line: str) -> None:
        """Write a line; one that cannot be written (a full disk, no reader) must not spoil a sale's answer."""
        with suppress(OSError, ValueError):
            sys.stderr.write(f"{line}\n")

    debug = info = warning = error = critical = msg


def configure_logs(level: str) -> Mapping[str, Any]:
    """Set up structlog for our own lines; gives Django's ``LOGGING`` for what libraries say, in the same form.

    Args:
        level: from which on our own lines are written; libraries are heard from WARNING on.
    """
    structlog.configure(
        processors=[*_before(), _renderer()],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: TerminalLogger(),
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"faults": {"()": "django.utils.log.CallbackFilter", "callback": _is_fault}},
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer()],
                "foreign_pre_chain": [*_before(), structlog.stdlib.add_logger_name],
            }
        },
        "handlers": {"terminal": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["terminal"], "level": max("WARNING", level, key=logging.getLevelName)},
        "loggers": {
            # It has handlers of its own, which would say everything twice or by e-mail.
            "django": {"handlers": [], "level": "WARNING", "propagate": True},
            # A refusal stands in the line of its request; what is worth another is the traceback of a fault.
            "django.request": {"filters": ["faults"]},
            "lotkeeper": {"level": level},
        },
    }


def _before() -> Sequence[Processor]:
    return [structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]


def _renderer() -> Processor:
    if sys.stderr.isatty():
        # Plain: rich tracebacks show the values of variables, and so secrets.
        return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    return _json


#: Made once: json.dumps would make one for each line, which takes as long as the rest of it.
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, default=str)


def _json(logger: Any, name: str, event: EventDict) -> str:
    if "exc_info" in event:
        event = structlog.processors.format_exc_info(logger, name, event)
    return _ENCODER.encode(event)


def _is_fault(record: logging.LogRecord) -> bool:
    return record.exc_info is not None
