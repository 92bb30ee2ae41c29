from django.apps import AppConfig


class DashboardConfig(AppConfig):
    name = "lotkeeper.dashboard"
    label = "dashboard"
    verbose_name = "What needs attention today"
