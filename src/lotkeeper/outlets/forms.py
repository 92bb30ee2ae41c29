"""The forms of the set-up, of outlets and of people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from lotkeeper.accounts.models import EMAIL_LIMIT, NAME_LIMIT
from lotkeeper.accounts.operations.tenants import TenantDetails
from lotkeeper.accounts.policies import Role
from lotkeeper.core.timezones import timezone_names
from lotkeeper.outlets.models import OUTLET_NAME_LIMIT
from lotkeeper.web.forms import PageForm

_ADDRESS_LIMIT: Final = 500
_ROLES: Final = [
    (Role.OWNER.value, _("Owner: everything")),
    (Role.MANAGER.value, _("Manager: all stock and products")),
    (Role.CLERK.value, _("Clerk: sells, receives, writes off, counts")),
    (Role.COUNTER.value, _("Counter: counts")),
    (Role.AUDITOR.value, _("Auditor: looks")),
]


class SetupForm(PageForm):
    """What an empty Lotkeeper needs to know."""

    refusals = {"owner_email": "email", "email_taken": "email"}

    name = forms.CharField(label="Name of the business", max_length=200)
    currency = forms.RegexField(
        label="Currency",
        regex="^[A-Za-z]{3}$",
        max_length=3,
        initial="EUR",
        help_text="Three letters, such as KES or EUR.",
    )
    timezone = forms.ChoiceField(label="Time zone", help_text="Decides what “today” means for expiry.", initial="UTC")
    outlet_name = forms.CharField(label="First outlet", max_length=120, help_text="A shop, counter or store room.")
    email = forms.EmailField(label="Your e-mail address", max_length=254, help_text="You log in with it.")
    password = forms.CharField(
        label="Password",
        min_length=10,
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 10 characters.",
    )
    password_again = forms.CharField(
        label="Password, once more",
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        offer_timezones(self)

    def clean_currency(self) -> str:
        """Currencies are written in capitals."""
        return str(self.cleaned_data["currency"]).upper()

    def clean_password_again(self) -> str:
        """Typed twice, so that a slip of the finger locks nobody out."""
        again = str(self.cleaned_data["password_again"])
        if self.cleaned_data.get("password") not in {None, again}:
            raise forms.ValidationError("The two passwords differ.")
        return again

    def details(self) -> TenantDetails:
        """The business that was described."""
        entered = self.cleaned_data
        return TenantDetails(
            name=entered["name"],
            currency=entered["currency"],
            timezone=entered["timezone"],
            owner_email=entered["email"],
            owner_password=entered["password"],
        )


class OutletForm(PageForm):
    """A place that holds stock."""

    refusals = {"outlet_name_taken": "name"}

    name = forms.CharField(label=_("Name"), max_length=OUTLET_NAME_LIMIT)
    timezone = forms.ChoiceField(label=_("Time zone"), help_text=_("Decides what “today” means for expiry there."))
    address = forms.CharField(
        label=_("Address"), max_length=_ADDRESS_LIMIT, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        offer_timezones(self)


class RoleForm(PageForm):
    """A role, at one outlet or everywhere."""

    role = forms.ChoiceField(label=_("Role"), choices=_ROLES, initial=Role.CLERK.value)
    outlet_id = forms.IntegerField(label=_("Where"), widget=forms.Select, required=False, min_value=1)

    def __init__(self, *args: Any, outlets: Sequence[tuple[int, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["outlet_id"].widget.choices = [("", _("Every outlet")), *outlets]


class PersonForm(RoleForm):
    """Somebody who is let in."""

    refusals = {"email_taken": "email"}

    name = forms.CharField(label=_("Name"), max_length=NAME_LIMIT)
    email = forms.EmailField(label=_("E-mail address"), max_length=EMAIL_LIMIT, help_text=_("They log in with it."))
    password = forms.CharField(
        label=_("First password"),
        min_length=10,
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 10 characters. They can change it."),
    )

    field_order = ("name", "email", "password", "role", "outlet_id")

    def person(self) -> dict[str, Any]:
        """What was entered, for the operation."""
        return {**self.cleaned_data, "role": Role(self.cleaned_data["role"])}


def offer_timezones(form: forms.Form) -> None:
    """Let a form's time zone be any that is known."""
    zones = [(name, name.replace("_", " ")) for name in sorted(timezone_names())]
    form.fields["timezone"].choices = zones  # type: ignore[attr-defined]  # a ChoiceField has them
