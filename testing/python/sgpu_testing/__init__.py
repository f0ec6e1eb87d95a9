"""Tests of an app against the whole platform, on this machine and a port of its own.

    # pytest.ini
    [pytest]
    pythonpath = node_modules/cdk-serverless-gpu/testing/python

    # conftest.py
    pytest_plugins = ["sgpu_testing.pytest_plugin"]

    # test_app.py
    from app import Painter

    def test_it_paints(serve_app):
        painter = serve_app(Painter)
        assert painter.paint({"prompt": "a cat"}) == {"painted": "a cat"}

The client is fal's own `AppClient`: one method an endpoint. Requests go through the queue to runners that start, scale
and end as they do in production. It needs Node.js 20.19 or newer, and fal where the tests run. Without pytest,
`with serving(Painter) as painter:` does the same for a block.
"""

from sgpu_testing.fal_client_calls import fal_client_calls
from sgpu_testing.platform import Platform, PlatformDidNotStartError, platform
from sgpu_testing.serving import serving

__all__ = ["Platform", "PlatformDidNotStartError", "fal_client_calls", "platform", "serving"]
