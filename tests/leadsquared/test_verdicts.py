"""Every exception of the libraries has its verdict; a new one fails here until somebody has thought about it."""

from __future__ import annotations

import pytest
import requests
import urllib3.exceptions

from activities.leadsquared import NotSent, Unclear
from activities.leadsquared.wire import _translated

NOTHING_LEFT = {
    requests.exceptions: {"InvalidURL", "InvalidProxyURL", "InvalidSchema", "MissingSchema"},
    urllib3.exceptions: {"ConnectTimeoutError", "NameResolutionError", "NewConnectionError"},
}
MAY_HAVE_LEFT = {
    requests.exceptions: {
        "BaseHTTPError",
        "ChunkedEncodingError",
        "CompatJSONDecodeError",
        "ConnectTimeout",
        "ConnectionError",
        "ContentDecodingError",
        "HTTPError",
        "InvalidHeader",
        "InvalidJSONError",
        "JSONDecodeError",
        "ProxyError",
        "ReadTimeout",
        "RequestException",
        "RetryError",
        "SSLError",
        "StreamConsumedError",
        "Timeout",
        "TooManyRedirects",
        "URLRequired",
        "UnrewindableBodyError",
        "FileModeWarning",
        "RequestsDependencyWarning",
        "RequestsWarning",
    },
    urllib3.exceptions: {
        "BodyNotHttplibCompatible",
        "ClosedPoolError",
        "ConnectionError",
        "DecodeError",
        "EmptyPoolError",
        "FullPoolError",
        "HTTPError",
        "HTTPWarning",
        "HeaderParsingError",
        "HostChangedError",
        "IncompleteRead",
        "MessageDefect",
        "InvalidChunkLength",
        "InvalidHeader",
        "LocationParseError",
        "LocationValueError",
        "MaxRetryError",
        "PoolError",
        "ProtocolError",
        "ProxyError",
        "ProxySchemeUnknown",
        "ProxySchemeUnsupported",
        "ReadTimeoutError",
        "RequestError",
        "ResponseError",
        "ResponseNotChunked",
        "SSLError",
        "TimeoutError",
        "TimeoutStateError",
        "URLSchemeUnknown",
        "UnrewindableBodyError",
        "httplib_IncompleteRead",
        "DependencyWarning",
        "InsecurePlatformWarning",
        "InsecureRequestWarning",
        "NotOpenSSLWarning",
        "SecurityWarning",
        "SystemTimeWarning",
    },
}


@pytest.mark.parametrize("library", [requests.exceptions, urllib3.exceptions], ids=lambda each: each.__name__)
def test_every_exception_of_the_libraries_has_a_verdict(library):
    found = {name for name, each in vars(library).items() if isinstance(each, type) and issubclass(each, Exception)}

    assert found - NOTHING_LEFT[library] - MAY_HAVE_LEFT[library] == set()


@pytest.mark.parametrize(
    ("library", "name"), [(library, name) for library, names in NOTHING_LEFT.items() for name in sorted(names)]
)
def test_these_prove_that_nothing_left(library, name):
    kind = getattr(library, name)
    error = kind.__new__(kind)

    assert isinstance(_translated(error, None, 1, has_begun=False), NotSent)
    assert isinstance(_translated(error, None, 1, has_begun=True), Unclear)


@pytest.mark.parametrize(
    ("library", "name"), [(library, name) for library, names in MAY_HAVE_LEFT.items() for name in sorted(names)]
)
def test_these_prove_nothing(library, name):
    kind = getattr(library, name)
    error = kind.__new__(kind)

    assert isinstance(_translated(error, None, 1, has_begun=False), Unclear)
