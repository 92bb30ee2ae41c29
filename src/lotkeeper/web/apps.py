from django.apps import AppConfig
from django.urls import register_converter


class WebConfig(AppConfig):
    name = "lotkeeper.web"
    label = "web"

    def ready(self) -> None:
        """Make ``<id:…>`` known before any slice's addresses are read."""
        from lotkeeper.web.converters import IdConverter

        register_converter(IdConverter, "id")
