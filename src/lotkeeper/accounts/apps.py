from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "lotkeeper.accounts"
    label = "accounts"
    #: Installed anew after every migration.
    database_functions = ("sql/token_actor.sql",)
