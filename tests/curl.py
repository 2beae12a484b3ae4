"""Does what the examples of the API guide ask of curl, for machines that have none.

Knows the options that the guide uses and refuses others: `-s`, `-S`, `-X METHOD`, `-H HEADER`, `-d BODY`.
"""

import argparse
import sys
from urllib.error import HTTPError
from urllib.request import Request, urlopen


def main(words: list[str]) -> None:
    """Print the answer's body, whatever its status, as curl does."""
    parser = argparse.ArgumentParser(prog="curl")
    parser.add_argument("url")
    parser.add_argument("-s", action="store_true")
    parser.add_argument("-S", action="store_true")
    parser.add_argument("-X", dest="method")
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("-d", dest="body")
    asked = parser.parse_args(words)
    method = asked.method or ("GET" if asked.body is None else "POST")
    request = Request(asked.url, method=method, data=asked.body and asked.body.encode())
    for header in asked.headers:
        name, _, value = header.partition(": ")
        request.add_header(name, value)
    try:
        with urlopen(request, timeout=30) as answer:
            sys.stdout.write(answer.read().decode())
    except HTTPError as refusal:
        sys.stdout.write(refusal.read().decode())


if __name__ == "__main__":
    main(sys.argv[1:])
