"""The form of the set-up page."""

from __future__ import annotations

from typing import Any

from django import forms

from lotkeeper.accounts.operations.tenants import TenantDetails
from lotkeeper.core.timezones import timezone_names


class SetupForm(forms.Form):
    """What an empty Lotkeeper needs to know."""

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
        zones = self.fields["timezone"]
        zones.choices = [(name, name.replace("_", " ")) for name in sorted(timezone_names())]  # type: ignore[attr-defined]

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

    def show_errors(self, errors: dict[str, list[str]]) -> None:
        """Put what an operation found wrong beside the fields it is about."""
        for name, sentences in errors.items():
            place = {"owner_email": "email"}.get(name, name)
            for sentence in sentences:
                self.add_error(place if place in self.fields else None, sentence)
