from django.apps import AppConfig


class StockConfig(AppConfig):
    name = "lotkeeper.stock"
    label = "stock"
    #: Installed anew after every migration; each part may be run again.
    database_functions = ("sql/encoding.sql", "sql/functions")
