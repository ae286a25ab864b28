"""What the code and the pages say of other pages is true."""

import re
from pathlib import Path

import pytest

from local.docs import reasons

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("events/*.md")])


def test_every_page_that_a_hint_names_exists() -> None:
    """A hint never sends a person to a page that is not there."""
    named = {page for reason in reasons() for page in re.findall(r"docs/[\w/.-]+\.md", reason.hint)}
    assert named
    assert [page for page in sorted(named) if not (ROOT / page).is_file()] == []


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    """Relative links point at files of the repository, and at headings that are there."""
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r"\]\((?!https?:|#)([^)\s]+)\)", text):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve()
        assert target.exists(), f"{page.name}: {link}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in headings}, link


def test_every_reason_has_a_code_a_title_and_a_hint() -> None:
    """Codes are snake_case; hints are sentences."""
    for reason in reasons():
        assert re.fullmatch(r"[a-z0-9]+(?:_[a-z0-9]+)*", reason.code), reason
        assert reason.title, reason
        assert reason.hint.endswith((".", "`.", ")")), reason
