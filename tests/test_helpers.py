"""What tests of all rooms rely on: a page that finds nothing of what the test before has left."""

from __future__ import annotations

from marcelle_rt.dashboard.site import Site
from tests.helpers import Profile

KEEP = """async () => {
  localStorage.setItem('kept', '1');
  document.cookie = 'kept=1; max-age=1000';
  await (await caches.open('kept')).put('/x', new Response('1'));
  const opening = indexedDB.open('kept');
  await new Promise((opened) => { opening.onsuccess = opened; });
  opening.result.close();
}"""
KEPT = """async () => [
  localStorage.length, document.cookie.length, (await caches.keys()).length, (await indexedDB.databases()).length,
]"""


def test_a_page_finds_nothing_of_what_the_one_before_kept(node: None, profile: Profile) -> None:
    with Site({"index.html": ""}) as site:
        with profile.page() as page:
            page.goto(site.url)
            page.evaluate(KEEP)
            assert page.evaluate(KEPT) == [1, 6, 1, 1]
            page.context.new_page()
            page.context.set_offline(True)

        with profile.page() as page:
            page.goto(site.url)
            assert page.evaluate(KEPT) == [0, 0, 0, 0]
            assert len(page.context.pages) == 2, "the empty one, and this one"
