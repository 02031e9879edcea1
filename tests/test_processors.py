"""How many processes run at once is what this process may use, not what the machine has; work beside other work."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from qgac.processors import beside, processors


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processes cannot be bound to processors here")
def test_a_process_bound_to_one_processor_uses_one() -> None:
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});"
        "from qgac.processors import processors; print(processors())"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "1\n"


@pytest.mark.parametrize(("counted", "expected"), [(6, 6), (None, 1)])
def test_without_binding_it_is_those_of_the_machine(
    counted: int | None, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: counted)
    assert processors() == expected


@pytest.mark.parametrize("count", ["1", "2"])
def test_work_beside_other_work_gives_what_it_gives_or_raises(count: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", count)
    result = beside(threading.get_ident)
    assert (result() == threading.get_ident()) == (count == "1")
    assert result() == result()
    with pytest.raises(ZeroDivisionError):
        beside(lambda: 1 // 0)()


def test_it_is_done_while_its_caller_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    gone_on = threading.Event()
    result = beside(lambda: gone_on.wait(60))
    gone_on.set()
    assert result()


def test_without_another_thread_it_is_done_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert beside(threading.get_ident)() == threading.get_ident()
