"""Exit status 0 if the web process of this container answers /healthz.

Usage: healthcheck.py [PORT]. Asks under the first name of ALLOWED_HOSTS, since any other is refused.
"""

import http.client
import os
import sys


def main(port: int) -> int:
    name = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".") or "localhost"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3)
    try:
        connection.request("GET", "/healthz", headers={"Host": name})
        status = connection.getresponse().status
    except OSError as error:
        sys.stderr.write(f"no answer on port {port}: {error}\n")
        return 1
    if status != http.client.OK:
        sys.stderr.write(f"/healthz answered {status} to the host name {name}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 8000))
