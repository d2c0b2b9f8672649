"""Pictures of the gallery as a phone and a desk show it: python -m tests.browser.take_screenshots FOLDER."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from werkzeug.serving import make_server

from tests.browser.chromium import CHROMIUM, FLAGS
from tests.browser.gallery import author_cookie, gallery_app, staff_cookie

WIDTHS = (375, 1280)
PAGES = {
    "home": "/",
    "case": "/cases/1",
    "sheet": "/cases/1/sheet",
    "check": "/cases/1/check",
    "receipt": "/cases/1/receipt",
    "empty": "/empty",
    "login": "/login",
    "missing": "/nowhere",
}


def main(folder: Path) -> None:
    """Serve the gallery on a free port and photograph each page."""
    folder.mkdir(parents=True, exist_ok=True)
    server = make_server("127.0.0.1", 0, gallery_app(), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.port}"
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            for width in WIDTHS:
                context = browser.new_context(viewport={"width": width, "height": 800}, base_url=base, locale="zh-CN")
                page = context.new_page()
                page.on("console", lambda message: say(message.text))
                shoot_all(page, folder, width, base)
            browser.close()
    finally:
        server.shutdown()


def say(text: str) -> None:
    """One line on standard error."""
    sys.stderr.write(f"{text}\n")


def shoot_all(page: Page, folder: Path, width: int, base: str) -> None:
    """Every page as the person it is for."""

    def shoot(name: str, *, full: bool = True) -> None:
        page.screenshot(path=folder / f"{name}-{width}.png", full_page=full)
        overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if overflow > 0:
            say(f"{name} at {width} is {overflow} px too wide")

    for name, path in PAGES.items():
        page.goto(path)
        if name == "home":
            shoot(name)
            page.context.add_cookies([{"name": "author", "value": author_cookie(), "url": base}])
            continue
        shoot(name)
    page.goto("/cases/1")
    if width < 900:
        page.locator("details.zj-nav--small > summary").click()
        shoot("menu", full=False)
    page.goto("/cases/1/sheet")
    page.fill("#title", "")
    page.fill("#mobile", "1380000")
    page.click("main button[type=submit]")
    shoot("errors")
    page.goto("/cases/1/sheet")
    page.context.clear_cookies()
    page.click("main button[type=submit]")
    shoot("kept")
    page.context.add_cookies([{"name": "staff", "value": staff_cookie(), "url": base}])
    page.goto("/centre")
    shoot("list")
    page.emulate_media(media="print")
    page.goto("/cases/1/receipt")
    shoot("print")
    page.emulate_media(media="screen")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("build/screenshots/gallery"))
