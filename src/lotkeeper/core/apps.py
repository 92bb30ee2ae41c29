from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "lotkeeper.core"
    label = "core"
    verbose_name = "Shared kernel"
