from django.apps import AppConfig


class OutletsConfig(AppConfig):
    name = "lotkeeper.outlets"
    label = "outlets"
