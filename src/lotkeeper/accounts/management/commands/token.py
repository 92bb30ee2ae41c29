"""``lotkeeper token``: a new API token from the command line."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from lotkeeper.accounts.models import User
from lotkeeper.accounts.operations.tokens import issue_token
from lotkeeper.accounts.policies import Actor, Channel, Role, Scope
from lotkeeper.core.errors import Refusal
from lotkeeper.core.tenancy import tenant_scope


class Command(BaseCommand):
    """Who can run this command holds the database, so it acts as an owner."""

    help = "Print a new API token that acts as a person, within the scopes named. It is shown this once."

    def add_arguments(self, parser: CommandParser) -> None:
        """The person, the scopes and a name."""
        parser.add_argument("--email", required=True, help="whom the token acts as")
        parser.add_argument(
            "--scope",
            required=True,
            nargs="+",
            choices=[scope.value for scope in Scope],
            help="what it may be used for",
        )
        parser.add_argument("--name", default="command line", help="which till or program it is for")

    def handle(self, *args: Any, **options: Any) -> None:
        """Issue the token and print it."""
        user = User.objects.filter(email=options["email"].strip().lower()).first()
        if user is None or user.tenant_id is None:
            message = f"Nobody of a business logs in with {options['email']}."
            raise CommandError(message)
        owner = Actor(tenant_id=user.tenant_id, user_id=user.pk, channel=Channel.JOB, roles={None: Role.OWNER})
        try:
            with tenant_scope(user.tenant_id), transaction.atomic():
                issued = issue_token(
                    actor=owner,
                    name=options["name"],
                    scopes={Scope(scope) for scope in options["scope"]},
                    now=timezone.now(),
                )
        except Refusal as refusal:
            raise CommandError(refusal.detail) from refusal
        self.stdout.write(issued.plain)
