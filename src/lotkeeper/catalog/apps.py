from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "lotkeeper.catalog"
    label = "catalog"
