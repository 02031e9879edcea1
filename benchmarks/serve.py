"""Load on the web service: whether all answers are there and right, and its memory comes back to its level.

    python benchmarks/serve.py [--requests 200] [--clients 16]

Starts ``qgac serve`` at a free port of this machine and sends it, from some clients at a time, pictures of several
sizes and samplings, damaged files, files that are no JPEG, and one that says it has four thousand megapixels; some
clients leave without waiting. Every picture must be what ``qgac restore`` writes, to the bit, and every refusal in its
words. Clients that are told to come again do so. Memory is what the service says of itself at ``/metrics``: once it is
warm, and after the load.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import socket
import struct
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

EXAMPLE = Path(__file__).parents[1] / "examples" / "night.webp"
TIMEOUT = 120  # seconds for one answer


@dataclass
class Tally:
    """What the clients met."""

    seconds: list[float] = field(default_factory=list)
    restored: int = 0
    refused: int = 0
    left: int = 0
    again: int = 0
    wrong: list[str] = field(default_factory=list)


def pictures() -> dict[str, bytes]:
    """Return what is sent, by name."""
    found = {}
    with Image.open(EXAMPLE) as whole:
        for name, side, quality, sampling in (
            ("small", 64, 20, "4:2:0"),
            ("sharp", 96, 50, "4:4:4"),
            ("wide", 128, 10, "4:2:2"),
            ("large", 320, 30, "4:2:0"),
        ):
            buffer = io.BytesIO()
            part = whole.convert("RGB").crop((100, 150, 100 + side, 150 + side // 2))
            part.save(buffer, "JPEG", quality=quality, subsampling=sampling)
            found[name] = buffer.getvalue()
    found["damaged"] = found["large"][:-800]
    found["text"] = b"no picture at all"
    bomb = bytearray(found["small"])
    at = bomb.index(b"\xff\xc0") + 5
    bomb[at : at + 4] = struct.pack(">HH", 65500, 65500)
    found["bomb"] = bytes(bomb)
    return found


def by_command(contents: dict[str, bytes]) -> dict[str, bytes | str]:
    """Return what ``qgac restore`` makes of each: a file, or a sentence."""
    expected: dict[str, bytes | str] = {}
    with TemporaryDirectory() as folder:
        for name, content in contents.items():
            source, result = Path(folder) / f"{name}.jpg", Path(folder) / f"{name}.png"
            source.write_bytes(content)
            limit = ["--max-pixels", "100000000"]
            line = [sys.executable, "-m", "qgac", "restore", str(source), "-o", str(result), *limit]
            done = subprocess.run(line, capture_output=True, text=True, check=False)
            told = done.stderr.strip().removeprefix("qgac: ").removeprefix(f"{source}: ")
            expected[name] = result.read_bytes() if result.exists() else told
    return expected


def ask(port: int, method: str, path: str, body: bytes | None = None) -> tuple[int, dict[str, str], bytes]:
    """Send one request and take the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def leave(port: int, content: bytes) -> None:
    """Send a picture, and go away."""
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as sock:
        head = f"POST /api/restore HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(content)}\r\n\r\n"
        sock.sendall(head.encode() + content)


def memory(port: int) -> float:
    """Return the resident memory of the service in MB."""
    text = ask(port, "GET", "/metrics")[2].decode()
    (line,) = (line for line in text.splitlines() if line.startswith("process_resident_memory_bytes "))
    return float(line.split()[1]) / 1e6


def waiting(port: int) -> bool:
    """Whether anything is left to do."""
    text = ask(port, "GET", "/metrics")[2].decode()
    return not all(f'qgac_jobs{{state="{state}"}} 0\n' in text for state in ("sent", "waiting", "running"))


def client(
    port: int, todo: list[str], contents: dict[str, bytes], expected: dict[str, bytes | str], tally: Tally
) -> None:
    """Send pictures until none is left in the list that all clients share."""
    while True:
        try:
            name = todo.pop()
        except IndexError:
            return
        if name == "leave":
            leave(port, contents["large"])
            tally.left += 1
            continue
        started = time.monotonic()
        while True:
            status, headers, body = ask(port, "POST", "/api/restore", contents[name])
            if status not in (429, 503) or time.monotonic() - started > TIMEOUT:
                break
            tally.again += 1
            time.sleep(int(headers["retry-after"]))
        tally.seconds.append(time.monotonic() - started)
        if status == 200 and body == expected[name]:
            tally.restored += 1
        elif status in (413, 415, 422) and json.loads(body)["detail"] == expected[name]:
            tally.refused += 1
        else:
            tally.wrong.append(f"{name}: {status} {body[:200]!r}")


def main() -> None:
    """Run the service, load it, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--clients", type=int, default=16)
    arguments = parser.parse_args()
    contents = pictures()
    expected = by_command(contents)
    names = [*contents, "leave"]
    line = [sys.executable, "-m", "qgac", "serve", "--port", "0", "--per-client", "32"]
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True) as service:
        assert service.stderr is not None
        port = int(service.stderr.readline().rsplit(":", 1)[1].rstrip("/\n"))
        for name in contents:
            ask(port, "POST", "/api/restore", contents[name])
        warm = memory(port)
        todo = [names[number % len(names)] for number in range(arguments.requests)]
        tally = Tally()
        started = time.monotonic()
        threads = [
            threading.Thread(target=client, args=(port, todo, contents, expected, tally))
            for _ in range(arguments.clients)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.monotonic() - started
        while waiting(port):
            time.sleep(0.2)
        after = memory(port)
        service.terminate()
    latency = sorted(tally.seconds)
    print(f"{arguments.requests} requests from {arguments.clients} clients in {seconds:.1f} s")
    print(f"restored {tally.restored}, refused {tally.refused}, left {tally.left}, told to come again {tally.again}")
    print(f"seconds for an answer: median {latency[len(latency) // 2]:.2f}, largest {latency[-1]:.2f}")
    print(f"memory in MB: warm {warm:.0f}, after {after:.0f}")
    print(f"wrong or lost: {len(tally.wrong)}", *tally.wrong, sep="\n")
    if tally.wrong or tally.restored + tally.refused + tally.left != arguments.requests:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
