"""The lines of one alert: as many as it says, in every width."""

import datetime

import pytest
from msgspec.structs import replace

from screens.alert_lines import AlertItem, draw_item
from screens.ink import make_ink
from screens.pen import Pen
from tests.screens import alerts
from tests.screens.boards import NOW

HIT = replace(alerts.FAILING, hits=tuple(f"shop/application-{number}" for number in range(9)))
OUTLOOK = "desk: told 4m ago, again in 3h 56m; am: silenced there by sam for 1h more: the cluster is being moved"


@pytest.mark.parametrize("alert", [alerts.FAILING, alerts.OVER, HIT, replace(HIT, summary="")])
@pytest.mark.parametrize("ascii_only", [False, True])
@pytest.mark.parametrize("width", [24, 60, 100, 240])
def test_an_alert_takes_as_many_lines_as_it_says(alert, ascii_only, width):
    pen = Pen(ink=make_ink({}, True), ascii=ascii_only, zone=datetime.UTC, now_ms=NOW, width=width)
    item = AlertItem(alert, OUTLOOK)
    strips = draw_item(item, 16, pen)
    assert len(strips) == item.height(pen) and {strip.cell_length for strip in strips} == {width}
    said = " ".join(" ".join(strip.text.split()) for strip in strips[1:])
    if width >= 60:
        assert said.endswith(f"{pen.arrow} {OUTLOOK}")
        assert (f"hits {', '.join(HIT.hits[:3])}" in said) is bool(alert.hits and alert.summary)
