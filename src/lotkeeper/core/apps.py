from django.apps import AppConfig
from django.core import checks


class CoreConfig(AppConfig):
    name = "lotkeeper.core"
    label = "core"
    verbose_name = "Shared kernel"

    def ready(self) -> None:
        """Let every command look over the models first."""
        from lotkeeper.core.checks import check_models  # models can be read only now

        checks.register(check_models, checks.Tags.models)
