"""Asking a local program over HTTP whether it is well."""

import http.client


def answers(port: int, path: str) -> int | None:
    """The status with which 127.0.0.1:port answers GET path; None when it does not answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
