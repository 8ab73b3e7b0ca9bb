"""The exchange's list of open events from a file of pages, in a process of its own."""

import sys
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from tests.bench.bare_server import serve

SERIES, *PAGES = Path(sys.argv[1]).read_bytes().split(b"\n")


async def answer(request: Request) -> Response:
    """`/series`, or the page of `/events` that the cursor numbers."""
    is_series = request.url.path.endswith("/series")
    body = SERIES if is_series else PAGES[int(request.query_params.get("cursor", 0))]
    return Response(body, media_type="application/json")


if __name__ == "__main__":
    serve(answer)
