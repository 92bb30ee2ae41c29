"""The refusals of this slice."""

from __future__ import annotations

from lotkeeper.core.errors import Conflict


class OutletNameTaken(Conflict):
    """Two outlets of one name would be told apart by nobody."""

    code = "outlet_name_taken"
    title = "Name already used"
    sentence = "There is already an outlet called {name}."
