"""What every part of making the shop needs to know of it."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lotkeeper.accounts.policies import Actor
from lotkeeper.demo.policies.story import Place

#: Is told how far the work is: what is being done, and how much of it of how much.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Staff:
    """The people who work here today."""

    owner: Actor
    manager: Actor
    clerk: Actor
    counter: Actor


@dataclass(frozen=True, slots=True)
class DemoShop:
    """The shop while it is being made: ids by outlet code and by article number, one chance, one moment.

    ``bookkeeper`` enters the past.
    """

    bookkeeper: Actor
    outlets: Mapping[str, int]
    variations: Mapping[int, int]
    rng: random.Random
    now: dt.datetime

    def outlet(self, place: Place) -> int:
        """The id of an outlet."""
        return self.outlets[place.code]
