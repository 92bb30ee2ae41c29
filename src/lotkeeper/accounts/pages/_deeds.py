"""What is asked once more before it is done: in a dialog of the page that offers it, or on a page of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.web.forms import PostingForm

Subject = TypeVar("Subject")


@dataclass(frozen=True, slots=True)
class Deed(Generic[Subject]):
    """One thing that can be done to something, and what is told before and after. Shown by ``cotton/deed.html``."""

    title: Any
    explanation: Any
    button: Any
    permission: Permission
    form: type[PostingForm]
    do: Callable[[Actor, Subject, Mapping[str, Any]], object]
    done: Any
