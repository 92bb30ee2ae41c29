from django.apps import AppConfig


class SeedGuideConfig(AppConfig):
    name = "benchmarks.seed_guide"
    label = "seed_guide"
