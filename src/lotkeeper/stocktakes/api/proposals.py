"""What to count next, over HTTP."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.outlets.queries import outlet_for
from lotkeeper.stock.api.fields import IdInAddressField, InstantField
from lotkeeper.stock.policies import outlet_today
from lotkeeper.stocktakes.queries import MAX_PROPOSALS, count_next
from lotkeeper.web.api import Endpoint, IdField, MoneyField, QuantityField, checked

_FEW = 20


class CountNextFilterSerializer(serializers.Serializer[Any]):
    """Where, and how many."""

    outlet_id = IdInAddressField()
    limit = serializers.IntegerField(min_value=1, max_value=MAX_PROPOSALS, default=_FEW)


class ProposalSerializer(serializers.Serializer[Any]):
    """A variation to count."""

    variation_id = IdField()
    sku = serializers.CharField()
    product_name = serializers.CharField()
    variation_name = serializers.CharField()
    unit = serializers.CharField()
    on_hand = QuantityField()
    unit_cost = MoneyField(help_text="The mean of what is on hand; of the whole outlet where no cost is known.")
    lines_since = serializers.IntegerField(help_text="Ledger lines since its batches were last counted, or ever.")
    counted_at = InstantField(allow_null=True, help_text="When one of its batches was last counted.")
    expected_error = MoneyField(help_text="By how much money shelf and book are expected to differ.")


class ProposalsSerializer(serializers.Serializer[Any]):
    """What to count next, the largest expected error first."""

    results = ProposalSerializer(many=True)


class CountNextEndpoint(Endpoint):
    """What to count next."""

    serializer_class = ProposalsSerializer
    pagination_class = None
    filter_backends = ()

    @extend_schema(
        operation_id="inventory_count_next",
        parameters=[CountNextFilterSerializer],
        responses={200: ProposalsSerializer},
    )
    def retrieve(self, request: Request) -> Response:
        """Propose what to count next at an outlet: where an error is likely, and dear.

        A stock take of the proposals is opened with the scope `list` and their `variation_id`s.
        """
        asked = checked(CountNextFilterSerializer(data=request.query_params.dict()))
        outlet = outlet_for(actor_of(request), asked["outlet_id"])
        found = count_next(outlet.pk, today=outlet_today(outlet.timezone), limit=asked["limit"])
        return self.shown({"results": found})
