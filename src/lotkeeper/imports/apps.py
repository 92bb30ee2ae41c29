from django.apps import AppConfig


class ImportsConfig(AppConfig):
    name = "lotkeeper.imports"
    label = "imports"
