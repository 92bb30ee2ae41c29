"""The refusals of this slice."""

from __future__ import annotations

from lotkeeper.core.errors import Conflict, Refusal


class EmailTaken(Conflict):
    """Somebody already logs in with that address, here or at another business."""

    code = "email_taken"
    title = "Address already used"
    sentence = "Somebody already logs in with {email}; one address belongs to one person."


class LastOwner(Conflict):
    """Without an owner nobody could let anybody in again."""

    code = "last_owner"
    title = "The last owner stays"
    sentence = "This is the last active owner of every outlet; make somebody else an owner first."


class SetupLinkInvalid(Refusal):
    """The one-time link is unknown, used or older than a day."""

    code = "setup_link_invalid"
    status = 404
    title = "This link does not work"
    sentence = "The set-up link is unknown, was used, or is older than 24 hours. Start Lotkeeper again for a new one."


class AlreadySetUp(Conflict):
    """There is a business already; set-up happens once."""

    code = "already_set_up"
    title = "Already set up"
    sentence = "Lotkeeper is already set up here. Log in instead."
