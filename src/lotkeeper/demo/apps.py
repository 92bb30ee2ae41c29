from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "lotkeeper.demo"
    label = "demo"
    verbose_name = "The demonstration shop"
