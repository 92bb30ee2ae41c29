"""The overview: what needs attention today. A part of it is asked for again every minute."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.accounts.pages import for_people
from lotkeeper.accounts.policies import Permission
from lotkeeper.accounts.queries import tenant_of
from lotkeeper.dashboard.queries import SOLD_DAYS, Week, overview_of
from lotkeeper.stock.checks import last_check
from lotkeeper.stock.pages import place_to_look
from lotkeeper.web.charts import Bar, column_chart, sparkline
from lotkeeper.web.fragments import show
from lotkeeper.web.templatetags.shown import money, short_day, short_money

#: What expires within so many weeks is painted as urgent, and within so many as soon.
_URGENT_WEEKS, _SOON_WEEKS = 2, 5


@require_safe
@for_people
def overview(request: HttpRequest) -> HttpResponse:
    """The front page. Who has no role yet is told so."""
    actor = actor_of(request)
    tenant = tenant_of(actor)
    if not actor.may_somewhere(Permission.VIEW):
        return render(request, "dashboard/nothing_yet.html")
    place = place_to_look(request)
    now = timezone.now()
    seen = overview_of(actor, outlet_id=place.outlet_id, now=now, timezone=tenant.timezone)
    bars = [_bar(number, week, tenant.currency) for number, week in enumerate(seen.weeks)]
    most = max((outlet.value for outlet in seen.outlets), default=0)
    context = {
        "place": place,
        "seen": seen,
        "total": seen.total,
        "chart": column_chart(bars, lambda amount: short_money(amount, tenant.currency)),
        "sold": sum(seen.sold),
        "sold_days": SOLD_DAYS,
        "sparkline": sparkline(seen.sold),
        "outlets": [(outlet, round(100 * outlet.value / most, 1) if most else 0) for outlet in seen.outlets],
        "check": last_check(tenant.pk),
        "sees_all": actor.may(Permission.VIEW),
    }
    return show(request, "dashboard/overview.html", "overview", context)


def _bar(number: int, week: Week, currency: str) -> Bar:
    tone = "bad" if number < _URGENT_WEEKS else "warn" if number < _SOON_WEEKS else "mid"
    label = short_day(week.first_day) if number % 2 == 0 else ""
    return Bar(week.value, label, f"{short_day(week.first_day)}: {money(week.value, currency)}", tone)
