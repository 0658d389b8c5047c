"""The real parts that tests run on: a Marcelle backend, a Feathers 5 server, a browser."""

from __future__ import annotations

import os
import signal
import socket
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from marcelle_rt import DataStore, Remote, Writer
from marcelle_rt.backend import Backend, BackendError, users
from marcelle_rt.backend.node import find_node
from marcelle_rt.dashboard.site import Site
from marcelle_rt.processes import garbage
from marcelle_rt.redaction import known
from tests.helpers import Profile, chromium, dashboard_html, feathers5_server
from tests.support import lanes
from tests.support.lean import import_keras
from tests.support.mongodb.environment import NoMongoDB
from tests.support.mongodb.running import OnMongoDB, backend_on_mongodb
from tests.support.pictures import PNG
from tests.support.programs.forked import shared_by_a_run
from tests.support.proxy import Proxy
from tests.support.trainings.live_training import Live

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


CI = os.environ.get("CI") == "true"

WORKER_BYTES = 4 << 30
"""What a worker may take, with TensorFlow, PyTorch, a backend and a browser: 2.5 GB were measured."""

FRAMEWORKS = Path(__file__).parent / "frameworks"
"""The tests that need more than the extra `dev` brings. Asked for by `--frameworks`, none of them is skipped."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fast", action="store_true", help="only what needs no backend, no browser and no TensorFlow")
    parser.addoption("--frameworks", action="store_true", help="also what needs PyTorch and the other frameworks")


def pytest_configure(config: pytest.Config) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell's background jobs ignore Ctrl-C, and so would the programs that tests press it in.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.getoption("--fast"):
        lanes.refuse_what_is_heavy()
    # How long an example takes says how busy the machine is.
    hypothesis.settings.register_profile("any machine", deadline=None)
    hypothesis.settings.load_profile("any machine")
    # There are more workers than cores: threads of one product of matrices would wait for each other, at full speed.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if not hasattr(config, "workerinput"):  # the process that starts the workers, if there are any
        config.add_cleanup(shared_by_a_run())


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two workers a core, as tests wait for backends and pages half of the time; the fast ones never wait."""
    cores = os.cpu_count() or 1
    if config.getoption("--fast"):
        return cores
    return max(1, min(2 * cores, _memory() // WORKER_BYTES))


def _memory() -> int:
    """Of the machine, in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves out the files that can't be imported without what is heavy, or without what is not installed."""
    if collection_path == FRAMEWORKS:
        return None if config.getoption("--frameworks") else True
    is_test = collection_path.name.startswith("test_") and collection_path.suffix == ".py"
    return True if config.getoption("--fast") and is_test and not lanes.is_fast(collection_path) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out the tests that are not fast when only those are asked for; else runs them after the others."""
    quick = [item for item in items if lanes.is_fast(item.path, getattr(item, "fixturenames", ()))]
    quick_ones = set(map(id, quick))
    others = [item for item in items if id(item) not in quick_ones]
    if config.getoption("--fast"):
        config.hook.pytest_deselected(items=others)
        items[:] = quick
    else:
        items[:] = others + quick


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """What imports make stays: collections of garbage, Keras' own too, need not look at a million objects each."""
    with garbage.kept():
        if hasattr(session.config, "workerinput") and not session.config.getoption("--fast"):
            import_keras()  # each of several workers imports all tests
        return (yield)


def _refuse_the_fast(request: pytest.FixtureRequest) -> None:
    """Fails a test that was taken for a fast one, and asks for a slow fixture while it runs."""
    if request.config.getoption("--fast"):
        pytest.fail(f"{request.fixturename} is asked for by name; the fixture that asks must have it as a parameter")


def _missing(reason: str) -> None:
    """Skips what this machine can't run; in CI, where everything must run, that is a failure."""
    if CI:
        pytest.fail(reason)
    pytest.skip(reason)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fails the whole in CI when anything was skipped, for whatever reason."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if CI and reporter is not None and reporter.stats.get("skipped"):
        reporter.write_line("with CI=true every test must run, and some were skipped", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def node(request: pytest.FixtureRequest) -> None:
    """Node.js is there."""
    _refuse_the_fast(request)
    try:
        find_node()
    except BackendError as error:
        _missing(str(error))


@pytest.fixture(scope="session")
def nedb(node: None) -> Iterator[Backend]:
    """A Marcelle backend as this package starts it, on its file database."""
    with Backend() as running:
        yield running


@pytest.fixture(scope="session")
def mongodb(node: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnMongoDB]:
    """A stock Marcelle backend on MongoDB."""
    with ExitStack() as stack:
        try:
            running = stack.enter_context(backend_on_mongodb(tmp_path_factory.mktemp("mongodb")))
        except NoMongoDB as error:
            _missing(str(error))
        yield running


@pytest.fixture(scope="session")
def backend(nedb: Backend) -> Backend:
    """One Marcelle backend for all tests that don't stop it; use services or names of your own."""
    return nedb


@pytest.fixture(scope="session")
def _asking(node: None) -> Iterator[Backend]:
    with Backend(auth=True) as running:
        yield running


@pytest.fixture
def asking(_asking: Backend) -> Iterator[Backend]:
    """A backend that asks for a login, where nobody has an account yet; for tests that don't stop it."""
    yield _asking
    for user in users.every(_asking.data):
        users.remove(_asking.data, user.email)


@pytest.fixture(autouse=True)
def secrets_of_this_test_alone() -> Iterator[None]:
    """What one test signs in with, a word such as `one`, is not masked in the texts of the next."""
    before = set(known._secrets)
    yield
    known._secrets.intersection_update(before)


@pytest.fixture
def own_backend(node: None) -> Iterator[Callable[..., Backend]]:
    """Starts private backends, for tests that stop or fill them; arguments as for `Backend`."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(Backend(**options))


@pytest.fixture
def store(backend: Backend) -> Iterator[DataStore]:
    """A `DataStore` on the shared backend, closed after the test."""
    with DataStore(backend.url) as opened:
        yield opened


@pytest.fixture
def remote(backend: Backend) -> Iterator[Remote]:
    """A `Remote` on the shared backend, closed after the test."""
    with Remote(backend.url) as opened:
        yield opened


@pytest.fixture
def proxy(backend: Backend) -> Iterator[Proxy]:
    """A line to the shared backend that can break."""
    with Proxy(backend.url) as line:
        yield line


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    """A `Writer` without a backend, ended after the test."""
    made = Writer("w", remote=False, base_log_dir=tmp_path / "logs")
    yield made
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made.end("success")


@pytest.fixture
def model() -> Any:
    """A small Keras model."""
    keras = pytest.importorskip("keras")
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A picture in a file."""
    path = tmp_path / "fig.png"
    path.write_bytes(PNG)
    return path


@pytest.fixture
def train(model: Any, tmp_path: Path) -> Iterator[Callable[..., Live]]:
    """Starts trainings in this process; arguments as for `Live`, but for the folder and the model."""
    with ExitStack() as stack:
        yield lambda url, **options: stack.enter_context(Live(url, tmp_path, model, **options))


@pytest.fixture(scope="session")
def feathers5(node: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Feathers 5 / Socket.IO 4 server with memory services (ids are numbers, 0 included)."""
    with feathers5_server(tmp_path_factory.mktemp("feathers5") / "server.log") as url:
        yield url


@pytest.fixture(scope="session")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """A headless Chromium."""
    _refuse_the_fast(request)
    from playwright.sync_api import Error

    with ExitStack() as stack:
        try:
            running = stack.enter_context(chromium())
        except Error as error:
            way_out = "`apt-get install chromium` or `playwright install chromium`"
            _missing(f"no Chromium; {way_out} gets one ({error.message})")
        yield running


@pytest.fixture(scope="session")
def profile(browser: Browser) -> Iterator[Profile]:
    """The profile of the browser in which all tests have their pages, one after the other."""
    with closing(Profile(browser)) as opened:
        yield opened


@pytest.fixture
def page(profile: Profile) -> Iterator[Page]:
    """A page that finds nothing of what other tests' pages kept."""
    with profile.page() as opened:
        yield opened


@pytest.fixture
def dashboard_page(node: None) -> Iterator[Callable[..., str]]:
    """Serves a page made of a module script (and a body), and gives its URL; see `dashboard_html`."""
    with ExitStack() as stack:

        def serve(script: str, body: str = "") -> str:
            return stack.enter_context(Site({"index.html": dashboard_html(script, body)})).url

        yield serve


@pytest.fixture
def unused_url() -> Iterator[str]:
    """A URL on this machine where nobody listens; its port is held, so that nobody begins to."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"
