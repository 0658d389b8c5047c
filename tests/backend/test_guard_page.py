"""Real pages in Chromium: one of a foreign origin gets nowhere, and stock dashboards work as they did."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from marcelle_rt.backend import Backend
from marcelle_rt.dashboard.site import Site
from tests.backend.wire import ask, part, upload
from tests.helpers import FOREIGN_HOST, dashboard_html, eventually

if TYPE_CHECKING:
    from playwright.sync_api import Page

ATTACK = """
const [backend, rebound, outside] = ARGUMENTS;
const tried = {};
const refused = async (name, attempt) => {
  try { tried[name] = await attempt(); } catch (error) { tried[name] = 'refused'; }
};
const text = async (url, options) => (await fetch(url, options)).text();
const form = () => {
  const data = new FormData();
  data.append(outside, new Blob(['EVIL'], { type: 'image/png' }), 'a.png');
  data.append('b.png', new Blob(['EVIL'], { type: 'image/png' }), 'b.png');
  return data;
};
const loaded = (element, place) => new Promise((resolve, reject) => {
  element.onload = () => resolve('loaded');
  element.onerror = () => reject(new Error());
  Object.assign(element, place);
  document.body.append(element);
});
const socket = (url) => new Promise((resolve, reject) => {
  const line = new WebSocket(url);
  line.onopen = () => resolve('open');
  line.onerror = () => reject(new Error());
});

for (const [name, url] of [['direct', backend], ['rebound', rebound]]) {
  const json = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"by": "evil"}' };
  await refused(`${name}: read`, () => text(`${url}/runs`));
  await refused(`${name}: write`, () => text(`${url}/runs`, json));
  await refused(`${name}: remove`, () => text(`${url}/runs`, { method: 'DELETE' }));
  await refused(`${name}: poll`, () => text(`${url}/socket.io/?EIO=3&transport=polling`));
  await refused(`${name}: upload`, () => text(`${url}/assets/upload`, { method: 'POST', body: form() }));
  await refused(`${name}: image`, () => loaded(new Image(), { src: `${url}PICTURE` }));
  const script = document.createElement('script');
  window.___eio = [(payload) => { tried[`${name}: script`] = payload; }];
  const jsonp = `${url}/socket.io/?EIO=3&transport=polling&j=0`;
  await refused(`${name}: script`, () => loaded(script, { src: jsonp }));
  await refused(`${name}: socket`, () => socket(`${url.replace('http', 'ws')}/socket.io/?EIO=3&transport=websocket`));
  // These say nothing to the page; whether they did something is looked for in the backend.
  const plain = { method: 'POST', mode: 'no-cors', body: new URLSearchParams({ by: 'evil' }) };
  await fetch(`${url}/runs`, plain).catch(() => {});
  await fetch(`${url}/assets/upload`, { method: 'POST', mode: 'no-cors', body: form() }).catch(() => {});
  await fetch(`${url}/made-by-reading`, { mode: 'no-cors' }).catch(() => {});
  navigator.sendBeacon(`${url}/runs`, new URLSearchParams({ by: 'evil' }));
  const frame = document.createElement('iframe');
  frame.sandbox = 'allow-scripts allow-forms';
  const inside = `<form method="post" action="${url}/runs"><input name="by" value="evil"></form>`;
  await loaded(frame, { srcdoc: `${inside}<script>document.forms[0].submit()</` + 'script>' });
}
window.tried = tried;
"""


@pytest.fixture(scope="module")
def home(node: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """A backend in a folder with a picture beside it."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "me.png").write_text("old")
    with Backend(data=folder / "data") as running:
        yield running


def test_a_page_of_a_foreign_origin_gets_nowhere(home: Backend, page: Page) -> None:
    picture = upload(home.url, "assets", part("a.png", PNG)).json["a.png"]
    outside = "../" * 12 + str(home.data.parent / "me.png")[1:]
    arguments = [home.url, f"http://{FOREIGN_HOST}:{home.port}", outside]
    script = ATTACK.replace("ARGUMENTS", json.dumps(arguments)).replace("PICTURE", f"/assets/{picture}")
    before = sorted((home.data / "uploads").rglob("*"))

    with Site({"index.html": dashboard_html(script)}) as site:
        page.goto(f"http://{FOREIGN_HOST}:{urlsplit(site.url).port}/")
        page.wait_for_function("window.tried")
        tried = page.evaluate("window.tried")
        rebound = page.goto(f"http://{FOREIGN_HOST}:{home.port}/info")

    assert len(tried) == 16
    assert set(tried.values()) == {"refused"}, tried
    assert rebound is not None
    assert rebound.status == 403
    assert ask(home.url, "GET", "/runs").json["total"] == 0
    assert "made-by-reading" not in ask(home.url, "GET", "/info").json["services"]
    assert sorted((home.data / "uploads").rglob("*")) == before
    assert (home.data.parent / "me.png").read_text() == "old"


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010804000000b51c0c020000000b4944415478da6364f80f00010501012718e3660000000049454e44ae426082"
)
SHOW = """
const shown = (src) => new Promise((resolve) => {
  const image = new Image();
  image.onload = () => resolve(true);
  image.onerror = () => resolve(false);
  image.src = src;
});
"""
DASHBOARD = (
    SHOW
    + """
import { dataStore, dataset } from './marcelle.js';
const store = dataStore(BACKEND);
await store.connect();
const place = await store.uploadAsset(new Blob([new Uint8Array(PNG)], { type: 'image/png' }), 'asset.png');
const set = dataset('guarded', store);
await set.ready;
await set.create({ x: [1, 2], y: 'cat', thumbnail: BACKEND + place });
window.result = { image: await shown(BACKEND + place), count: (await store.service('instances-guarded').find()).total };
"""
)


def test_a_stock_dashboard_of_another_port_and_name_of_this_machine_works(home: Backend, page: Page) -> None:
    script = DASHBOARD.replace("BACKEND", json.dumps(home.url)).replace("PNG", json.dumps(list(PNG)))

    with Site({"index.html": dashboard_html(script)}) as site:
        page.goto(site.url.replace("127.0.0.1", "localhost"))
        page.wait_for_function("window.result")

    assert page.evaluate("window.result") == {"image": True, "count": 1}


LOGGED_IN = (
    SHOW
    + """
import { dataStore, tfjsModel } from './marcelle.js';
const store = dataStore(BACKEND);
await store.connect().catch(() => {}); // nobody is logged in yet
const image = BACKEND + IMAGE;
const before = await shown(image + '?before');
await store.login(EMAIL, PASSWORD);
const place = await store.uploadAsset(new Blob([new Uint8Array(PNG)], { type: 'image/png' }), 'asset.png');
const model = tfjsModel({ inputType: 'generic', taskType: 'generic' });
await model.load(store, MODEL);
const jwt = await store.feathers.authentication.getAccessToken();
const fetched = await fetch(image, { headers: { Authorization: `Bearer ${jwt}` } });
window.result = {
  before, after: await shown(image + '?after'), uploaded: await shown(BACKEND + place), fetched: fetched.status,
  predicted: await model.predict([1, 2]),
};
"""
)


class Members(NamedTuple):
    """A backend with a sign-in, and what a user has uploaded there."""

    url: str
    image: str
    model: str


LOGIN = {"email": "ada@example.org", "password": "correct horse"}


@pytest.fixture(scope="module")
def members(node: None) -> Iterator[Members]:
    with Backend(auth=True, signup=True) as running:
        url = running.url
        ask(url, "POST", "/users", LOGIN)
        token = ask(url, "POST", "/authentication", {"strategy": "local", **LOGIN}).json["accessToken"]
        headers = {"Authorization": f"Bearer {token}"}
        image = upload(url, "assets", part("a.png", PNG), headers=headers).json["a.png"]
        parts = [part(name, content, name) for name, content in MODEL.items()]
        document = {
            "name": "sum",
            "files": upload(url, "tfjs-models", *parts, headers=headers).json,
            "format": "tfjs",
            "metadata": {"tfjsModelFormat": "layers-model"},
        }
        yield Members(url, f"/assets/{image}", ask(url, "POST", "/tfjs-models", document, headers).json["_id"])


@pytest.mark.parametrize(("host", "same"), [("127.0.0.1", True), ("localhost", False)])
def test_a_stock_page_that_has_logged_in_loads_models_and_shows_images_of_its_own_host(
    members: Members, page: Page, host: str, same: bool
) -> None:
    url, image, model = members
    script = LOGGED_IN
    for name, value in {
        "BACKEND": url,
        "IMAGE": image,
        "EMAIL": LOGIN["email"],
        "PASSWORD": LOGIN["password"],
        "MODEL": model,
        "PNG": list(PNG),
    }.items():
        script = script.replace(name, json.dumps(value))

    with Site({"index.html": dashboard_html(script)}) as site:
        page.goto(site.url.replace("127.0.0.1", host))
        page.wait_for_function("window.result")
        result = page.evaluate("window.result")
        assert result == {"before": False, "after": same, "uploaded": same, "fetched": 200, "predicted": [3]}
        page.goto("about:blank")
    cookies = page.context.cookies(url)
    assert [(cookie["httpOnly"], cookie["sameSite"]) for cookie in cookies] == [(True, "Strict")] * same
    for cookie in cookies:  # nobody is logged in any more
        header = {"Cookie": f"{cookie['name']}={cookie['value']}"}
        assert eventually(lambda header=header: ask(url, "GET", image, headers=header).code == 401)


def _model() -> dict[str, bytes]:
    """A layers-model that adds two numbers."""
    import struct

    dense: dict[str, Any] = {
        "class_name": "Dense",
        "config": {"name": "sum", "units": 1, "use_bias": False, "batch_input_shape": [None, 2], "dtype": "float32"},
    }
    weights = [{"name": "sum/kernel", "shape": [2, 1], "dtype": "float32"}]
    model = {
        "format": "layers-model",
        "modelTopology": {"class_name": "Sequential", "config": {"name": "m", "layers": [dense]}},
        "weightsManifest": [{"paths": ["group1-shard1of1.bin"], "weights": weights}],
    }
    return {"model.json": json.dumps(model).encode(), "group1-shard1of1.bin": struct.pack("<2f", 1.0, 1.0)}


MODEL = _model()
