"""What the service counts, in the text format of Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

__all__ = ["Counters"]

_BUCKETS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)


class Counters:
    """Figures since the start; used on the event loop only."""

    def __init__(self) -> None:
        self._answers: Counter[tuple[str, int]] = Counter()
        self._ended: Counter[str] = Counter()
        self._buckets = [0] * len(_BUCKETS)
        self._seconds = 0.0
        self._restored = 0

    def answered(self, method: str, status: int) -> None:
        """Count an answer; by method and status alone, since addresses would be without number."""
        self._answers[method if method in ("GET", "HEAD", "POST", "DELETE", "OPTIONS") else "other", status] += 1

    def ended(self, state: str) -> None:
        """Count a job that has come to its end."""
        self._ended[state] += 1

    def restored(self, seconds: float) -> None:
        """Count a picture that was restored, and the time it took."""
        self._restored += 1
        self._seconds += seconds
        for index, border in enumerate(_BUCKETS):
            self._buckets[index] += seconds <= border

    def text(self, jobs: Mapping[str, int]) -> str:
        """Return all figures.

        Parameters
        ----------
        jobs : mapping of str to int
            How many there are now, by state.

        Returns
        -------
        str
        """
        lines = ["# HELP qgac_answers_total Answers by method and status.", "# TYPE qgac_answers_total counter"]
        for (method, status), count in sorted(self._answers.items()):
            lines.append(f'qgac_answers_total{{method="{method}",status="{status}"}} {count}')
        lines += ["# HELP qgac_jobs_total Jobs that ended, by outcome.", "# TYPE qgac_jobs_total counter"]
        lines += [
            f'qgac_jobs_total{{outcome="{state}"}} {self._ended[state]}' for state in ("done", "failed", "cancelled")
        ]
        lines += ["# HELP qgac_jobs Jobs that there are now, by state.", "# TYPE qgac_jobs gauge"]
        lines += [f'qgac_jobs{{state="{state}"}} {count}' for state, count in jobs.items()]
        lines += [
            "# HELP qgac_restoring_seconds Time that restoring a picture took.",
            "# TYPE qgac_restoring_seconds histogram",
        ]
        for border, count in zip(_BUCKETS, self._buckets, strict=True):
            lines.append(f'qgac_restoring_seconds_bucket{{le="{border:g}"}} {count}')
        lines.append(f'qgac_restoring_seconds_bucket{{le="+Inf"}} {self._restored}')
        lines += [f"qgac_restoring_seconds_sum {self._seconds:.6f}", f"qgac_restoring_seconds_count {self._restored}"]
        resident = _resident_bytes()
        if resident is not None:
            lines += [
                "# HELP process_resident_memory_bytes Resident memory size in bytes.",
                "# TYPE process_resident_memory_bytes gauge",
                f"process_resident_memory_bytes {resident}",
            ]
        return "\n".join(lines) + "\n"


def _resident_bytes() -> int | None:
    """Return the memory of this process, where the system tells it."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    fields = dict(line.split(":", 1) for line in status.splitlines())
    return int(fields["VmRSS"].split()[0]) * 1024
