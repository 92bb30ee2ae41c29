"""The guide's function as its own guide would serve it: through Django, without Lotkeeper's short way for tills."""

from __future__ import annotations

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
