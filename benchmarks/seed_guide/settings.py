"""The product's own settings with the guide's tables beside it."""

from lotkeeper.config.settings import *  # noqa: F403
from lotkeeper.config.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks.seed_guide"]
ROOT_URLCONF = "benchmarks.seed_guide.urls"
