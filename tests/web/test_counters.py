from __future__ import annotations

import re

from qgac.web.counters import Counters

LINE = re.compile(r'(?P<name>[a-z_]+)(\{(?P<labels>[a-z]+="[^"]*"(,[a-z]+="[^"]*")*)\})? (?P<value>[0-9.]+)')


def test_figures_are_in_the_format_of_prometheus() -> None:
    counters = Counters()
    for method, status in [("GET", 200), ("GET", 200), ("POST", 413), ("BREW", 405)]:
        counters.answered(method, status)
    counters.ended("done")
    for seconds in (0.05, 2, 1000):
        counters.restored(seconds)
    text = counters.text({"waiting": 4})
    found: dict[str, float] = {}
    announced = set()
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            announced.add(line.split()[2])
        elif not line.startswith("#"):
            match = LINE.fullmatch(line)
            assert match, line
            assert re.sub("_(bucket|sum|count)$", "", match["name"]) in announced
            found[f"{match['name']} {match['labels'] or ''}".strip()] = float(match["value"])
    assert found['qgac_answers_total method="GET",status="200"'] == 2
    assert found['qgac_answers_total method="other",status="405"'] == 1
    assert found['qgac_jobs_total outcome="done"'] == 1
    assert found['qgac_jobs state="waiting"'] == 4
    buckets = [value for name, value in found.items() if "_bucket" in name]
    assert buckets == sorted(buckets)  # cumulative
    assert found['qgac_restoring_seconds_bucket le="3"'] == 2
    assert found['qgac_restoring_seconds_bucket le="+Inf"'] == found["qgac_restoring_seconds_count"] == 3
    assert found["qgac_restoring_seconds_sum"] == 1002.05
