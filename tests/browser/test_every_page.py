"""Every page: accessible by axe-core, whole at the width of a phone, in English, on paper."""

import re
from importlib.resources import files

import pytest

from tests.browser.conftest import PEOPLE

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
WHO = ["", "official", "supervisor", "auditor", "admin"]
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


ONE_OF_A_KIND = """() => {
  const known = new Map(), kinds = new Map(), seen = new Set();
  const number = (words) => known.get(words) ?? (known.set(words, known.size), known.size - 1);
  const kind = (e) => {
    if (!e) return '';
    if (!kinds.has(e)) {
      const s = getComputedStyle(e);
      kinds.set(e, number([
        kind(e.parentElement), e.tagName, e.className, e.disabled, e.getAttribute('aria-disabled'),
        e.hidden, e.control?.disabled, s.color, s.backgroundColor, s.backgroundImage, s.opacity,
        s.fontSize, s.fontWeight, s.textShadow, s.visibility, s.display, s.position, s.zIndex,
      ].join('|')));
    }
    return kinds.get(e);
  };
  for (const e of document.querySelectorAll('body, body *')) {
    const { width, height } = e.getBoundingClientRect();
    const words = e.tagName === 'INPUT' ? e.value || e.placeholder
      : [...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.nodeValue).join('').trim();
    const whole = `${kind(e)} ${Math.min(words.length, 2)} ${width > 1 && height > 1}`;
    e.toggleAttribute('data-looked-at', !seen.has(whole));
    seen.add(whole);
  }
  axe.configure({rules: [{id: 'color-contrast', selector: '[data-looked-at]'}]});
}"""
"""Of elements that are alike, with all that they lie in, in what contrast is made of, the first is
looked at: a table has a hundred rows."""


def findings(page, *, contrast: bool = True) -> list[str]:
    """What axe-core finds serious or critical; without `contrast` of colours, which takes most of its
    time, where the page was looked at in these colours before."""
    page.evaluate(AXE)
    if contrast:
        page.evaluate(ONE_OF_A_KIND)
    rules = {"color-contrast": {"enabled": contrast}}
    found = page.evaluate("(rules) => axe.run({resultTypes: ['violations'], rules})", rules)
    return [
        f"{v['id']}: {node['target']} {node['failureSummary']}"
        for v in found["violations"]
        if v["impact"] in ("serious", "critical")
        for node in v["nodes"]
    ]


@pytest.mark.parametrize("who", WHO)
def test_in_chinese_on_a_desk(site, pages, who):
    """Nothing serious for axe-core; made as narrow as a phone, nothing sticks out."""
    with site.visit(who) as page:
        for path in pages[who]:
            page.goto(path)
            assert not findings(page), path
            page.set_viewport_size(PHONE)
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
            page.set_viewport_size(DESK)


@pytest.mark.parametrize("who", WHO)
def test_in_english_on_a_phone(site, pages, who):
    """The same; only the documents speak Chinese."""
    own = "".join(site.notice.document.text.split()) + "".join(p.name for p in PEOPLE)
    with site.visit(who, phone=True) as page:
        own += site.names(page)
        page.goto("/")
        page.get_by_role("link", name="English").click()
        page.wait_for_load_state()
        for path in pages[who]:
            page.goto(path)
            assert not findings(page, contrast=False), path
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], path
            assert page.locator("html").get_attribute("lang") == "en"
            assert page.title().endswith("Duban")
            shown = page.evaluate(
                """[...document.querySelectorAll('label, thead th, button, h2, summary, nav a, dt, .tile, .chip, .hint')]
                .filter((e) => !e.closest('.outline, .suggestions, [lang=zh-CN]') && !e.querySelector('option'))
                .map((e) => [...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.textContent).join(''))"""
            )  # fmt: skip
            # Names of units, people, plans and events are the documents' and the people's own.
            said = [run for words in shown for run in re.findall(r"[\u4e00-\u9fff]+", words)]
            assert not [run for run in said if run not in own], path


def test_printed_pages_leave_out_what_only_a_screen_needs(site, pages):
    with site.visit() as page:
        page.emulate_media(media="print")
        for path in pages[""]:
            page.goto(path)
            assert not page.locator("header.top").is_visible()
            assert page.get_by_role("main").is_visible()
        assert page.pdf()[:5] == b"%PDF-"
