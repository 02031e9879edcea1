"""The page in a browser without a window, driven as people drive it."""

from __future__ import annotations

import base64
import io
import shutil
import zipfile
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from made.metadata import exif_data
from made.pasts import decoded, file_of, saved_again, scene
from made.pictures import compressed, photo
from made.web import Halting, Running, Standins, eventually, serving
from qgac.web.gate import Door
from qgac.web.service import Service

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Download, Page

playwright = pytest.importorskip("playwright.sync_api")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")

QUIET = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--no-first-run", "--no-sandbox"]  # fmt: skip
Open = Callable[..., "Page"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    playwright.expect.set_options(timeout=30_000)
    with playwright.sync_playwright() as engine:
        found = engine.chromium.launch(executable_path=BROWSER, args=QUIET)
        yield found
        found.close()


@pytest.fixture
def page_of(browser: Browser, running: Running) -> Iterator[Open]:
    """Opens the page; afterwards nothing of it may be left at the service, nor may it have asked anybody else."""
    contexts = []

    def open_page(address: str = "", base: Running = running, **options: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        context.set_default_timeout(30_000)
        contexts.append(context)
        page = context.new_page()
        asked: list[str] = []
        failed: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: failed.append(str(error)))
        page.on("console", lambda message: message.type == "error" and failed.append(message.text))
        page.asked, page.failed = asked, failed  # type: ignore[attr-defined]
        page.goto(f"{base.address}/{address}")
        return page

    yield open_page
    for context in contexts:
        for page in context.pages:
            base = page.url.split("/")[2]
            assert all(url.split("/")[2] == base or url.startswith("blob:") for url in page.asked)  # type: ignore[attr-defined]
            page.close(run_before_unload=False)
    assert running.leaves_nothing()  # before the contexts end, and with them what the pages still had to say
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def night() -> bytes:
    return compressed(photo(200, 300), 20)


def files(*contents: bytes, name: str = "photo") -> list[dict[str, Any]]:
    return [
        {"name": f"{name}{number}.jpg", "mimeType": "image/jpeg", "buffer": content}
        for number, content in enumerate(contents)
    ]


def restored(page: Page, number: int) -> None:
    """Wait until so many pictures are restored, and the chosen one is shown."""
    playwright.expect(page.locator(".how.done")).to_have_count(number)
    playwright.expect(page.locator("#slider")).to_be_visible()


def shown(page: Page) -> np.ndarray:
    """What the canvas shows, (H, W, 3)."""
    page.wait_for_timeout(100)  # drawn with the next frame
    url = page.evaluate("document.getElementById('canvas').toDataURL()")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("RGB"), np.int16)


def saved(download: Download) -> bytes:
    return Path(download.path()).read_bytes()


def test_before_after_and_difference_are_shown_to_the_pixel(page_of: Open, running: Running) -> None:
    sharp = compressed(photo(200, 300), 20, subsampling="4:4:4")  # other decoders double chroma in other ways
    page = page_of()
    page.set_input_files("#files", files(sharp))
    playwright.expect(page.locator("#facts")).to_contain_text("300 \xd7 200 pixels")
    playwright.expect(page.locator("#facts")).to_contain_text("quality 20 · 4:4:4")
    restored(page, 1)
    page.click("#pixels")
    playwright.expect(page.locator("#scale")).to_have_text("100 %")
    before = np.asarray(Image.open(io.BytesIO(sharp)), np.int16)
    after = np.asarray(Image.open(io.BytesIO(running.post("/api/restore", sharp).body)), np.int16)
    found = middle_of(shown(page))
    assert np.abs(found[:, :140] - before[:, :140]).max() <= 2  # two decoders
    assert np.abs(found[:, 160:] - after[:, 160:]).max() <= 1
    page.check("input[value=difference]")
    playwright.expect(page.locator("#legend")).to_contain_text("eight times")
    playwright.expect(page.locator("#slider")).to_be_hidden()
    expected = (8 * np.abs(after - before)).clip(0, 255)
    assert np.abs(middle_of(shown(page)) - expected).max() <= 16
    assert page.failed == []  # type: ignore[attr-defined]


def middle_of(canvas: np.ndarray) -> np.ndarray:
    """Return the 300 x 200 pixels in the middle; half ones are rounded up, as JavaScript does."""
    top, left = (canvas.shape[0] - 200 + 1) // 2, (canvas.shape[1] - 300 + 1) // 2
    return canvas[top : top + 200, left : left + 300]


def test_a_turned_picture_stands_upright(page_of: Open, running: Running) -> None:
    buffer = io.BytesIO()
    picture = Image.fromarray(photo(300, 200))
    picture.save(buffer, "JPEG", quality=50, subsampling="4:4:4", exif=b"Exif\0\0" + exif_data())  # orientation 6
    page = page_of()
    page.set_input_files("#files", files(buffer.getvalue()))
    restored(page, 1)
    page.click("#pixels")
    answer = running.post("/api/restore", buffer.getvalue()).body
    for slider, content in (("1000", buffer.getvalue()), ("0", answer)):  # before, after
        page.fill("#slider", slider)
        with Image.open(io.BytesIO(content)) as lying:
            upright = np.rot90(np.asarray(lying.convert("RGB"), np.int16), -1)  # a quarter to the right
        assert np.abs(middle_of(shown(page)) - upright).max() <= 2, slider


def test_the_border_is_moved_by_mouse_and_keys(page_of: Open, night: bytes) -> None:
    page = page_of()
    page.set_input_files("#files", files(night))
    restored(page, 1)
    box = page.locator("#stage").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, middle, steps=4)
    page.mouse.up()
    value = int(page.input_value("#slider"))
    assert 200 < value < 300
    first = shown(page)
    page.focus("#slider")
    page.keyboard.press("ArrowLeft")
    assert int(page.input_value("#slider")) == value - 1
    page.keyboard.press("Home")
    assert np.abs(shown(page) - first).max() > 20


def test_zoom_and_place_by_mouse_wheel_and_keys(page_of: Open, night: bytes) -> None:
    page = page_of()
    page.set_input_files("#files", files(night))
    restored(page, 1)
    scale = page.locator("#scale")
    fitted = scale.inner_text()
    page.focus("#canvas")
    page.keyboard.press("1")
    playwright.expect(scale).to_have_text("100 %")
    for _ in range(30):
        page.keyboard.press("+")
    playwright.expect(scale).to_have_text("3200 %")  # single pixels
    near = shown(page)
    square = near[::32, ::32]
    assert len(np.unique(near.reshape(-1, 3), axis=0)) < 3 * len(np.unique(square.reshape(-1, 3), axis=0)) + 10
    page.keyboard.press("ArrowRight")
    assert not np.array_equal(shown(page), near)
    page.keyboard.press("0")
    playwright.expect(scale).to_have_text(fitted)
    box = page.locator("#stage").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.wheel(0, -400)
    playwright.expect(scale).not_to_have_text(fitted)
    before = shown(page)
    page.mouse.down()
    page.mouse.move(box["x"] + 160, box["y"] + 130, steps=3)
    page.mouse.up()
    assert not np.array_equal(shown(page), before)
    page.mouse.dblclick(box["x"] + 100, box["y"] + 100)
    playwright.expect(scale).to_have_text(fitted)


def test_two_fingers_zoom(page_of: Open, night: bytes) -> None:
    page = page_of(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.set_input_files("#files", files(night))
    restored(page, 1)
    fitted = page.inner_text("#scale")
    page.evaluate(
        """() => {
            const canvas = document.getElementById("canvas");
            canvas.setPointerCapture = () => {};
            const box = canvas.getBoundingClientRect();
            const send = (kind, id, x) => canvas.dispatchEvent(new PointerEvent(kind,
                { pointerId: id, pointerType: "touch", clientX: box.left + x, clientY: box.top + 60 }));
            send("pointerdown", 1, 100);
            send("pointerdown", 2, 140);
            send("pointermove", 2, 220);
            send("pointerup", 1, 100);
            send("pointerup", 2, 220);
        }"""
    )
    page.wait_for_timeout(100)
    assert float(page.inner_text("#scale").split()[0]) == pytest.approx(3 * float(fitted.split()[0]), rel=0.02)


def test_the_error_map_lies_over_the_picture(page_of: Open, running: Running, night: bytes) -> None:
    page = page_of()
    page.set_input_files("#files", files(night))
    restored(page, 1)
    page.click("#pixels")
    page.check("input[value=heat]")
    playwright.expect(page.locator("#legend")).to_contain_text("levels")
    blocks = np.asarray(Image.open(io.BytesIO(running.post("/api/heat-map", night).body)), np.float64)
    after = np.asarray(Image.open(io.BytesIO(running.post("/api/restore", night).body)), np.float64)
    colors = blocks.repeat(8, 0).repeat(8, 1)[:200, :300]
    expected = 0.3 * after + 0.7 * colors
    assert np.abs(middle_of(shown(page))[:, 160:] - expected[:, 160:]).max() <= 3
    page.check("input[value=compare]")
    playwright.expect(page.locator("#slider")).to_be_visible()


def test_many_pictures_and_one_zip(page_of: Open, running: Running) -> None:
    contents = [compressed(photo(40, 60, seed), 30) for seed in range(6)]
    page = page_of()
    page.set_input_files("#files", files(*contents[:4]))
    page.set_input_files("#files", files(*contents[4:]))  # names that are there already
    restored(page, 6)
    playwright.expect(page.locator("#count")).to_have_text("6 pictures")
    page.select_option("#format", label="WebP, lossless")
    with page.expect_download() as download:
        page.click("#save-all")
    with zipfile.ZipFile(io.BytesIO(saved(download.value))) as archive:
        assert archive.testzip() is None
        names = [f"photo{number}.restored.webp" for number in range(4)]
        assert archive.namelist() == [*names, "photo0.restored (2).webp", "photo1.restored (2).webp"]
        for name, content in zip(archive.namelist(), contents, strict=True):
            assert archive.read(name) == running.post("/api/restore", content, format="webp").body
    page.click("[aria-label='Remove photo2.jpg']")
    playwright.expect(page.locator("#count")).to_have_text("5 pictures")


FORMATS = {
    "PNG": ({"format": "png"}, "png"),
    "PNG, 16 bit": ({"format": "png", "depth": 16}, "png"),
    "TIFF, float": ({"format": "tiff", "depth": "float"}, "tiff"),
    "JPEG": ({"format": "jpeg", "quality": 95}, "jpg"),
    "JPEG, consistent": ({"format": "jpeg", "quality": 95, "consistent": True}, "jpg"),
}


def test_every_format_is_the_service_s_own_without_another_restoration(
    page_of: Open, running: Running, night: bytes
) -> None:
    page = page_of()
    page.set_input_files("#files", files(night))
    restored(page, 1)
    for label, (query, suffix) in FORMATS.items():
        page.select_option("#format", label=label)
        with page.expect_download() as download:
            page.click("#save")
        assert download.value.suggested_filename == f"photo0.restored.{suffix}"
        assert saved(download.value) == running.post("/api/restore", night, **query).body, label
    posted = [url for url in page.asked if "/api/jobs?" in url]  # type: ignore[attr-defined]
    assert len(posted) == 1


def test_settings_restore_again_what_is_shown_first(page_of: Open, running: Running) -> None:
    contents = [compressed(photo(300, 400, seed), 30) for seed in (1, 2)]
    page = page_of()
    page.set_input_files("#files", files(*contents))
    restored(page, 2)
    page.click("#pixels")
    page.click("#larger")
    page.click("#larger")
    page.click("#larger")
    asked = page.asked  # type: ignore[attr-defined]
    already = len(asked)
    page.fill("#strength", "50")
    playwright.expect(page.locator("#strength-out")).to_have_text("50 %")
    page.wait_for_timeout(700)
    restored(page, 2)
    posted = [url for url in asked[already:] if "/api/jobs?" in url]
    assert len(posted) == 2
    assert all("strength=0.5" in url for url in posted)
    assert "view=" in posted[0]  # the part that is looked at goes before all else
    assert "view=" not in posted[1]
    with page.expect_download() as download:
        page.click("#save")
    assert saved(download.value) == running.post("/api/restore", contents[0], format="png", strength=0.5).body
    already = len(asked)
    page.click("text=Reset")
    page.wait_for_timeout(300)
    restored(page, 2)
    assert not [url for url in asked[already:] if "/api/jobs?" in url]  # it is still there


def test_what_cannot_be_restored_is_told_and_the_rest_goes_on(page_of: Open, night: bytes) -> None:
    page = page_of()
    page.set_input_files("#files", files(b"\x89PNG\r\n\x1a\n" + bytes(50), night[:-900], night))
    playwright.expect(page.locator("#notice")).to_contain_text("This PNG file cannot be read")
    playwright.expect(page.locator(".how.failed")).to_have_count(2)
    playwright.expect(page.locator(".how.done")).to_have_count(1)
    page.click("text=photo1.jpg")
    playwright.expect(page.locator("#notice")).to_contain_text("The JPEG data are damaged")
    page.click("text=Restore what can be read")
    playwright.expect(page.locator(".how.done")).to_have_count(2)
    playwright.expect(page.locator("#notice")).to_be_hidden()
    playwright.expect(page.locator("#facts")).to_contain_text("missing")


def test_what_is_no_jpeg_is_restored_as_the_one_it_was(page_of: Open, running: Running) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = decoded(compressed(scene(200, 300), 20))[2:, 5:]
    was, never = file_of(pixels, exif=exif.tobytes()), file_of(scene(100, 120))
    webp = file_of(pixels, "WEBP", exif=exif.tobytes())
    page = page_of()
    sent = files(was, never, webp, file_of(pixels, "TIFF"), compressed(scene(40, 60), 30))
    for file, name in zip(sent, ("was.png", "never.png", "was.webp", "was.tif", "a.jpg"), strict=True):
        file["name"] = name
    page.set_input_files("#files", sent)
    playwright.expect(page.locator(".how.done")).to_have_count(5)
    assert page.locator(".how").all_inner_texts() == ["Restored", "Left as it is", *["Restored"] * 3]
    found = "libjpeg at quality 20 (100 % sure) · blocks from 3,6 (100 % sure) · 4:2:0 (100 % sure)"
    playwright.expect(page.locator("#facts")).to_contain_text(found)
    assert page.locator("#consistent").is_disabled()
    page.click("text=a.jpg")
    page.select_option("#format", label="JPEG, consistent")
    page.click("text=was.png")
    playwright.expect(page.locator("#format-help")).to_contain_text("No JPEG to be consistent with")
    with page.expect_download() as download:
        page.click("#save")
    assert download.value.suggested_filename == "was.restored.jpg"
    assert saved(download.value) == running.post("/api/restore", was, format="jpeg", quality=95).body
    assert page.is_disabled("#heat")
    upright = np.rot90(pixels, -1).astype(np.int16)  # a quarter to the right
    answer = np.asarray(Image.open(io.BytesIO(running.post("/api/restore", was).body)).convert("RGB"), np.int16)
    page.click("#pixels")
    for name in ("was.png", "was.webp"):
        page.click(f"text={name}")
        playwright.expect(page.locator("#slider")).to_be_visible()
        page.click("#pixels")
        for slider, picture in (("1000", upright), ("0", np.rot90(answer, -1))):  # before, after
            page.fill("#slider", slider)
            canvas = shown(page)
            top, left = ((canvas.shape[axis] - picture.shape[axis] + 1) // 2 for axis in (0, 1))
            part = canvas[top : top + picture.shape[0], left : left + picture.shape[1]]
            assert np.abs(part - picture).max() <= 1, (name, slider)
    page.click("text=never.png")
    playwright.expect(page.locator("#facts")).to_contain_text("no trace of a JPEG was found, so the picture was left")
    page.click("text=was.tif")  # which no browser shows: the restored one alone
    playwright.expect(page.locator("#facts")).to_contain_text("TIFF · was libjpeg at quality 20")
    playwright.expect(page.locator("#slider")).to_be_hidden()
    assert page.failed == []  # type: ignore[attr-defined]


def test_an_earlier_compression_is_told(page_of: Open) -> None:
    page = page_of()
    page.set_input_files("#files", files(saved_again(scene(320, 400)[..., 1], 20, 75, 4, 4)))
    restored(page, 1)
    playwright.expect(page.locator("#facts")).to_contain_text(
        "levels · this JPEG was one before (libjpeg at quality 20, blocks beginning at 4,4)"
    )


def test_the_past_of_a_picture_can_be_told(page_of: Open, running: Running) -> None:
    pixels = file_of(decoded(compressed(scene(120, 200), 20))[2:, 5:])
    twice = saved_again(scene(120, 200), 20, 85, 4, 4)
    page = page_of()
    sent = files(twice, pixels)
    sent[1]["name"] = "pixels.png"
    page.set_input_files("#files", sent)
    restored(page, 2)
    page.click("#past summary")
    assert page.locator("#quality-was").is_hidden()
    page.select_option("#earlier", "quality")
    page.fill("#earlier-quality", "30")
    playwright.expect(page.locator("#facts")).to_contain_text("was one before (libjpeg at quality 30")
    page.click("text=pixels.png")
    assert page.locator("#earlier").is_hidden()
    page.fill("#grid", "9,9")  # which is none: nothing happens
    page.fill("#quality-was", "25")
    page.wait_for_timeout(1000)
    assert "restored as the JPEG" not in page.locator("#facts").inner_text()
    page.fill("#grid", "3,6")
    playwright.expect(page.locator("#facts")).to_contain_text(
        "as the JPEG it was: libjpeg at quality 25, blocks beginning at 3,6"
    )
    with page.expect_download() as download:
        page.click("#save")
    assert saved(download.value) == running.post("/api/restore", pixels, grid="3,6", quality_was=25, format="png").body
    page.select_option("#rescaled", "quality")
    page.fill("#rescaled-quality", "3e1")
    playwright.expect(page.locator("#facts")).to_contain_text("artifacts of a JPEG that was scaled or changed since")
    assert page.is_disabled("#grid")  # there is none left
    assert page.is_disabled("#quality-was")
    page.click("text=photo0.jpg")  # of each what was told of it
    assert (page.input_value("#earlier"), page.input_value("#earlier-quality")) == ("quality", "30")
    page.select_option("#earlier", "off")
    playwright.expect(page.locator("#facts")).not_to_contain_text("was one before")
    page.click("text=pixels.png")
    assert page.is_disabled("#grid")
    assert page.input_value("#rescaled-quality") == "30"
    page.fill("#rescaled-quality", "40")  # and not yet told
    page.click("#settings button[type=reset]")
    playwright.expect(page.locator("#facts")).not_to_contain_text("artifacts of a JPEG")
    assert page.input_value("#grid") == ""
    assert page.is_enabled("#grid")
    page.wait_for_timeout(1000)
    assert "artifacts of a JPEG" not in page.locator("#facts").inner_text()
    page.click("text=photo0.jpg")
    assert page.input_value("#earlier") == "off"
    assert page.failed == []  # type: ignore[attr-defined]


def test_pictures_come_by_drop_and_by_paste(page_of: Open, night: bytes) -> None:
    page = page_of()
    for kind, field in (("drop", "dataTransfer"), ("paste", "clipboardData")):
        page.evaluate(
            """([kind, field, bytes]) => {
                const data = new DataTransfer();
                data.items.add(new File([Uint8Array.from(bytes)], `${kind}.jpg`, { type: "image/jpeg" }));
                const event = new Event(kind, { bubbles: true, cancelable: true });
                Object.defineProperty(event, field, { value: data });
                document.body.dispatchEvent(event);
            }""",
            [kind, field, list(night)],
        )
    restored(page, 2)
    assert page.locator(".label").all_inner_texts() == ["drop.jpg", "paste.jpg"]


def test_all_of_it_by_keyboard(page_of: Open, running: Running, night: bytes) -> None:
    other = compressed(photo(64, 64, 3), 40)
    page = page_of()
    reach(page, "Choose pictures")
    with page.expect_file_chooser() as chooser:
        page.locator("#choose").press("Enter")
    chooser.value.set_files(files(night, other))
    restored(page, 2)
    reach(page, "photo1.jpg")
    page.keyboard.press("Enter")
    playwright.expect(page.locator("#name")).to_have_text("photo1.jpg")
    reach(page, "Compare")
    page.keyboard.press("ArrowRight")
    playwright.expect(page.locator("#legend")).to_contain_text("eight times")
    page.keyboard.press("ArrowLeft")
    reach(page, "Border between before and after")
    page.keyboard.press("ArrowRight")
    assert page.input_value("#slider") == "501"
    reach(page, "Download")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert saved(download.value) == running.post("/api/restore", other, format="png").body
    playwright.expect(page.locator("#live")).to_contain_text("restored")


def reach(page: Page, name: str) -> None:
    """Press Tab until something of this name has the focus."""
    told = """() => { const e = document.activeElement;
        return e.getAttribute("aria-label") || e.labels?.[0]?.innerText || e.innerText || ""; }"""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(told).startswith(name):
            return
    pytest.fail(f"{name} is not reached")


@pytest.mark.parametrize(("width", "text"), [(320, "200%"), (390, "100%"), (800, "200%")])
def test_nothing_sticks_out(width: int, text: str, page_of: Open, night: bytes) -> None:
    page = page_of(viewport={"width": width, "height": 700})
    page.evaluate("size => { document.documentElement.style.fontSize = size; }", text)
    sizes = "[document.documentElement.scrollWidth, innerWidth]"
    assert page.evaluate(sizes) == [width, width]
    page.set_input_files("#files", files(night, night))
    restored(page, 2)
    assert page.evaluate(sizes) == [width, width]
    for button in ("#save", "#fit", "#add"):
        page.locator(button).scroll_into_view_if_needed()
        box = page.locator(button).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width + 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(scheme: str, page_of: Open, night: bytes) -> None:
    pytest.importorskip("axe_playwright_python")
    axe = (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
    page = page_of(color_scheme=scheme)

    def check(place: str) -> None:
        page.evaluate(axe)
        found = page.evaluate("async () => (await axe.run()).violations.map(v => [v.id, v.nodes.map(n => n.html)])")
        assert found == [], place

    check("welcome")
    page.set_input_files("#files", files(night, b"no picture"))
    restored(page, 1)
    check("pictures")
    page.check("input[value=heat]")
    playwright.expect(page.locator("#legend")).to_contain_text("levels")
    page.locator(".shot").nth(1).click()
    playwright.expect(page.locator("#notice")).to_be_visible()
    check("problem")
    page.goto(page.url + "docs")
    page.wait_for_selector("article")
    check("API")


def test_colours_can_be_chosen_and_stay(page_of: Open) -> None:
    page = page_of(color_scheme="light")
    color = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(color)
    page.click("#theme")
    page.click("#theme")
    playwright.expect(page.locator("#theme")).to_have_text("Dark")
    assert page.evaluate(color) != light
    page.reload()
    playwright.expect(page.locator("#theme")).to_have_text("Dark")
    assert page.evaluate(color) != light


def test_the_page_says_how_far_a_picture_is(browser: Browser, night: bytes) -> None:
    halting = Halting()
    with serving(Service(Standins(halting))) as running:
        page = browser.new_page()
        page.goto(running.address)
        page.set_input_files("#files", files(night, night))
        playwright.expect(page.locator(".how").nth(0)).to_have_text("Restoring")
        playwright.expect(page.locator(".how").nth(1)).to_have_text("Waiting behind 1")
        halting.let(3)
        playwright.expect(page.locator(".how").nth(0)).to_have_text("Restoring, 3 of 10")
        playwright.expect(page.locator("#progress")).to_have_js_property("value", 0.3)
        page.close()  # and with it, what it wanted
        eventually(lambda: b'qgac_jobs{state="waiting"} 0' in running.get("/metrics").body)
        halting.let(1)
        eventually(lambda: halting.stopped == 1)
        assert running.leaves_nothing()


def test_a_token_opens_the_page_once(browser: Browser, night: bytes) -> None:
    halting = Halting()
    halting.let(10)
    with serving(Service(Standins(halting), door=Door("a-token"))) as running:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{running.address}/?token=a-token")
        assert "token" not in page.url
        page.set_input_files("#files", files(night))
        playwright.expect(page.locator(".how.done")).to_have_count(1)
        context.close()


def test_what_was_removed_stays_away(page_of: Open, halting: Halting) -> None:
    with serving(Service(Standins(halting))) as running:
        page = page_of(base=running)
        page.set_input_files("#files", files(*(compressed(photo(40, 60, seed), 30) for seed in range(2))))
        playwright.expect(page.locator(".how").nth(1)).to_contain_text("Waiting")
        for number in (1, 0):  # one that waits, and one that is being restored
            page.click(f"[aria-label='Remove photo{number}.jpg']")
        page.wait_for_timeout(500)
        playwright.expect(page.locator(".label")).to_have_count(0)
        halting.let(100)
        page.set_input_files("#files", files(compressed(photo(40, 60, 2), 30)))
        restored(page, 1)
        playwright.expect(page.locator(".label")).to_have_count(1)


def test_a_consistent_file_is_of_the_file_itself(page_of: Open, running: Running) -> None:
    twice = saved_again(scene(120, 200), 20, 85, 4, 4)
    page = page_of()
    page.set_input_files("#files", files(twice))
    restored(page, 1)
    page.click("#past summary")
    page.select_option("#earlier", "quality")
    page.fill("#earlier-quality", "30")
    playwright.expect(page.locator("#facts")).to_contain_text("was one before (libjpeg at quality 30")
    page.select_option("#format", label="JPEG, consistent")
    with page.expect_download() as download:
        page.click("#save")
    expected = running.post("/api/restore", twice, format="jpeg", quality=95, consistent=True)
    assert saved(download.value) == expected.body
