"""``qgac serve``: the web service and its page."""

from __future__ import annotations

import re
import secrets
import signal
from typing import TYPE_CHECKING

import rich_click as click

from qgac.commands.options import model_option
from qgac.commands.terminal import ManualCommand, fail, say, sentence
from qgac.web.limits import Limits

if TYPE_CHECKING:
    from qgac.engine.choice import EngineName

__all__ = ["serve"]

_EPILOG = """\
Examples
  qgac serve --open                                   the page, in a browser on this machine
  curl --data-binary @photo.jpg http://127.0.0.1:8000/api/restore -o photo.png
  qgac serve --host 0.0.0.0 --allow-host pictures.example.org    for others, with a token

Environment
  QGAC_TOKEN  as --token, which other users of the machine would see in the list of processes
  TMPDIR      where uploads and results lie while they are needed
"""


@click.command(cls=ManualCommand, epilog=_EPILOG)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at; 0.0.0.0 is every one.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes any that is free."
)
@click.option("--open", "open_page", is_flag=True, help="Open the page in a browser.")
@model_option()
@click.option(
    "--engine",
    type=click.Choice(["auto", "onnx", "torch"]),
    default="auto",
    show_default=True,
    help="What computes: ONNX Runtime, or PyTorch if it is installed.",
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda", "mps"]),
    default="auto",
    show_default=True,
    help="Where to compute; auto takes a GPU if there is one.",
)
@click.option(
    "--token",
    envvar="QGAC_TOKEN",
    metavar="TEXT",
    help="What every request must carry. On an address that other machines reach, one is made up if none is given.",
)
@click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="Name that the service may be called by, besides localhost and addresses; several times for several.",
)
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    metavar="URL",
    help="Page elsewhere that may use the service (CORS), https://example.org; several times for several.",
)
@click.option(
    "--max-bytes",
    type=click.IntRange(min=1),
    default=Limits.max_bytes,
    show_default=True,
    help="Refuse larger files.",
)
@click.option(
    "--max-pixels",
    type=click.IntRange(min=1),
    default=Limits.max_pixels,
    show_default=True,
    help="Refuse larger pictures.",
)
@click.option(
    "--max-seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=Limits.seconds,
    show_default=True,
    help="End a restoration that takes longer.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=Limits.workers,
    show_default=True,
    help="Pictures restored at a time. One uses all processors already; more need more memory.",
)
@click.option(
    "--queue",
    type=click.IntRange(min=1),
    default=Limits.queue,
    show_default=True,
    help="Pictures that may be sent, wait or be worked on; those beyond are refused for the time being.",
)
@click.option(
    "--per-client",
    type=click.IntRange(min=1),
    default=Limits.per_client,
    show_default=True,
    help="The same of one client.",
)
def serve(
    host: str,
    port: int,
    open_page: bool,
    model: str,
    engine: EngineName,
    device: str,
    token: str | None,
    hosts: tuple[str, ...],
    origins: tuple[str, ...],
    max_bytes: int,
    max_pixels: int,
    max_seconds: float,
    workers: int,
    queue: int,
    per_client: int,
) -> None:
    """Serve a page that restores pictures, and an API for programs.

    What comes out is what `qgac restore` writes. The page is at /, the description of the API at /docs; docs/serving.md
    says more, also about proxies. Ctrl-C finishes the picture that is being restored.
    """
    from qgac.batch.malloc import give_back_freed_memory

    if token is not None and not re.fullmatch(r"[\w.~+/-]+=*", token, re.ASCII):  # RFC 6750
        raise click.BadParameter("a token is one word of letters, digits and -._~+/", param_hint="--token")
    for origin in origins:
        if not re.fullmatch(r"https?://[^/?#\s]+", origin):
            raise click.BadParameter(
                f"an origin is a scheme and a host, such as https://example.org, and not {origin}",
                param_hint="--allow-origin",
            )
    give_back_freed_memory()
    import python_multipart  # noqa: F401  (what forms are read with, imported when the first one comes)

    from qgac.web.gate import Door, is_loopback
    from qgac.web.restorers import Restorers
    from qgac.web.server import Server, listen
    from qgac.web.service import Service

    made_up = token is None and not is_loopback(host)
    if made_up:
        token = secrets.token_urlsafe(24)
    limits = Limits(
        max_bytes=max_bytes,
        max_pixels=max_pixels,
        seconds=max_seconds,
        workers=workers,
        queue=queue,
        per_client=per_client,
    )
    door = Door(token, frozenset(name.lower() for name in (*hosts, host)), frozenset(origins))
    try:
        sock = listen(host, port)
    except OSError as error:
        fail(f"{host}:{port} cannot be listened at ({error.strerror or error}); choose another --host or --port")
    with sock:
        try:
            service = Service(Restorers(model, engine=engine, device=device, kept=workers), limits, door)
        except (ValueError, OSError) as error:
            fail(sentence(error))
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{sock.getsockname()[1]}/"
        whole = f"{address}?token={token}" if token else address

        def ready() -> None:
            # What was given is known already, and what is said here may be kept in a log.
            say(f"serving at {whole if made_up else address}")
            if open_page:
                click.launch(whole)

        try:
            if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
                # A terminal that is closed leaves no pictures behind.
                signal.signal(signal.SIGHUP, lambda number, frame: signal.raise_signal(signal.SIGTERM))
            Server(service, ready).run([sock])
        finally:
            service.jobs.abandon()
