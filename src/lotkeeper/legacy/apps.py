from django.apps import AppConfig


class LegacyConfig(AppConfig):
    name = "lotkeeper.legacy"
    label = "legacy"
