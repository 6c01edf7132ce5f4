"""The app against its own OpenAPI: whatever is sent, no 5xx, no status, type or shape that is not
documented, whoever sends it. Half of the cases lead to things that are there."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.service.identity import COOKIE, CSRF_HEADER
from tests.api.service.contracts.test_matrix import TABLE
from tests.api.service.world import ROLES, forget_tries

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)
EXAMPLES = 10
ANSWERED: dict[tuple[str, str], set[int]] = {}


class Started:
    """The app without its start and end: it runs already."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            await self.app(scope, receive, send)
            return
        while (message := await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        assert message["type"] == "lifespan.shutdown"
        await send({"type": "lifespan.shutdown.complete"})


@pytest.fixture(scope="module")
def app(world):
    """What the cases are sent to. The models are loaded: a case has ten seconds."""
    assert world.client("public").post("/api/v1/ask", json={"question": "0"}).status_code == 200
    return Started(world.app)


@pytest.fixture(scope="module")
def schema(world):
    """The schema as the app gives it."""
    return schemathesis.openapi.from_dict(world.app.openapi())


@pytest.fixture(scope="module")
def there(world):
    """Ids of things that are there."""
    first = world.open.tasks[0]
    return {
        "task_id": first.id, "target_id": first.targets[0].id,
        "milestone_id": first.milestones[0].id, "unit": "区水利局", "week": "2026-W02",
        "document_id": world.open.document.id, "sha256": world.evidence, "login": "other",
        "correction_id": world.correction, "channel": "email",
    }  # fmt: skip


def ways_in(world, role, *, browser):
    """What a request proves by who it is from: a token, or a session's cookie with its CSRF
    value; nothing for those who are not signed in."""
    secret = world.secrets.get(role)
    if secret is None:
        return {"headers": {}}
    if not browser:
        return {"headers": {"Authorization": f"Bearer {secret}"}}
    # A new one each time: cases sign out.
    cookie, session = world.service.access.open_session(role, world.service.now(), 1)
    return {"headers": {CSRF_HEADER: session.csrf}, "cookies": {COOKIE: cookie}}


@pytest.mark.parametrize(("method", "path"), TABLE)
def test_nothing_undocumented(world, app, schema, there, method, path):
    operation = schema[path][method]
    allowed = max(TABLE[method, path][0].allowed, key=ROLES.index)
    modes = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]
    cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in modes))

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(
        case=cases, known=st.booleans(), browser=st.booleans(),
        role=st.sampled_from((allowed, allowed, *ROLES)),
    )  # fmt: skip
    def try_it(case, known, browser, role):
        if known:
            names = {k: there[k] for k in case.path_parameters or {} if k in there}
            case.path_parameters = {**(case.path_parameters or {}), **names}
        forget_tries(world.service)
        response = case.call(**ways_in(world, role, browser=browser), app=app)
        ANSWERED.setdefault((method, path), set()).add(response.status_code)
        case.validate_response(response, checks=list(CHECKS))

    try_it()


def test_the_cases_got_through():
    """Most operations also answered with success, and each with more than a refusal."""
    well = [key for key, codes in ANSWERED.items() if any(code < 300 for code in codes)]
    assert len(well) > 0.6 * len(TABLE), sorted(set(TABLE) - set(well))
    assert not [key for key, codes in ANSWERED.items() if codes <= {401, 403}]


def test_what_is_told_of_ids_that_lead_nowhere_is_true(schema):
    """Each operation that tells of 404 for an id of its path was seen to answer it."""
    told = {key for key in ANSWERED if "{" in key[1] and "404" in responses(schema, key)}
    silent = {key for key in told if 404 not in ANSWERED[key]}
    assert len(silent) < 0.25 * len(told), sorted(silent)


def responses(schema, key):
    method, path = key
    return schema.raw_schema["paths"][path][method.lower()]["responses"]
