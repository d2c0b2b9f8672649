"""Takes a picture of every letter at 600 px and on a phone: python -m tests.notify.take_letter_pictures FOLDER."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from services.notify.adapters.paper import Paper
from tests.browser.chromium import CHROMIUM, FLAGS
from tests.notify.given import NOW, VALUES, a_letter, the_campaign


def main(folder: Path) -> None:
    """One picture for each letter and width."""
    paper = Paper(public_url="https://huodong.example.cn", sender="jsyxmoe@zhengji.example")
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        for width in (648, 375):
            page = browser.new_page(viewport={"width": width, "height": 400})
            for kind in VALUES:
                letter = a_letter(kind, possibly_twice=kind == "assignment")
                written = paper.write(letter, campaign=the_campaign(), at=NOW, code="7KQP-M3XA-9TBD")
                page.set_content(written.html)
                page.screenshot(path=folder / f"{kind}-{width}.png", full_page=True)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
