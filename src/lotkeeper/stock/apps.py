from django.apps import AppConfig


class StockConfig(AppConfig):
    name = "lotkeeper.stock"
    label = "stock"
