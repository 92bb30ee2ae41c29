"""The address of the overview."""

from __future__ import annotations

from django.urls import path

from lotkeeper.dashboard import pages

urlpatterns = [path("", pages.overview, name="home")]
