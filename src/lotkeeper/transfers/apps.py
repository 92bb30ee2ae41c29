from django.apps import AppConfig


class TransfersConfig(AppConfig):
    name = "lotkeeper.transfers"
    label = "transfers"
