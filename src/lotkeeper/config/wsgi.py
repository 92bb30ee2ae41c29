"""The WSGI application that the server runs."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from lotkeeper.config.processes import end_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lotkeeper.config.settings")

if os.environ.get("LOTKEEPER_SUPERVISED"):
    # The server's workers hold its port; one left over by a killed server would keep the next from starting.
    end_with_parent()

ordinary = get_wsgi_application()

# Only once Django is set up.
from lotkeeper.stock.api.till import till_lane  # noqa: E402

application = till_lane(ordinary)
