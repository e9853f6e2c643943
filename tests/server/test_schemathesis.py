"""The API holds what its OpenAPI description says, whatever is sent."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from .apis import make_api, options, served
from .fakes import FakeAssistant
from .test_api import FakeHandOver

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis import GenerationMode

OPERATIONS = (
    ("POST", "/v1/chat"),
    ("GET", "/v1/site"),
    ("GET", "/v1/sources"),
    ("GET", "/v1/sources/{source_id}"),
    ("GET", "/v1/search"),
    ("POST", "/v1/feedback"),
    ("POST", "/v1/handover"),
    ("GET", "/v1/models"),
    ("POST", "/v1/chat/completions"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
)
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


class Everywhere(FakeHandOver):
    """Takes over from every site."""

    def kind(self, site):
        return "webhook"


@pytest.fixture(scope="module")
def described(library):
    given_options = options()
    app = make_api(library, given_options, FakeAssistant(library), hand_over=Everywhere())
    with served(app, given_options) as url:
        yield schemathesis.openapi.from_url(f"{url}/openapi.json")


def test_every_operation_is_tested(described):
    paths = described.raw_schema["paths"]
    assert {(method.upper(), path) for path, methods in paths.items() for method in methods} == set(OPERATIONS)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=lambda part: part)
def test_every_operation_keeps_to_its_description(described, method, path, mode):
    operation = described[path][method]
    if mode is GenerationMode.NEGATIVE and not operation.body and not any(operation.iter_parameters()):
        pytest.skip("there is nothing to get wrong")

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=25, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    def keeps(case):
        response = case.call()
        if response.status_code != 413:  # some of what is made up is larger than any request may be
            case.validate_response(response)

    keeps()
