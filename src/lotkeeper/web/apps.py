from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "lotkeeper.web"
    label = "web"
