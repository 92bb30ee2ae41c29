from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "lotkeeper.accounts"
    label = "accounts"
