from django.apps import AppConfig


class StockTakesConfig(AppConfig):
    name = "lotkeeper.stocktakes"
    label = "stocktakes"
