from django.urls import path

from benchmarks.seed_guide.views import SeedDeductView

urlpatterns = [path("api/v1/inventory/deduct/", SeedDeductView.as_view())]
