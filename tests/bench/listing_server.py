"""The exchange's list of open events from a file of pages, in a process of its own."""

import json
import sys
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from tests.bench.bare_server import serve

SERIES, *PAGES = Path(sys.argv[1]).read_bytes().split(b"\n")

NO_NOTICES = json.dumps(
    {name: [] for name in ("series_fee_change_arr", "event_fee_changes", "incentive_programs")}
    | {"cursor": ""}
).encode()


async def answer(request: Request) -> Response:
    """`/series`, no notices, or the page of `/events` that the cursor numbers."""
    what = request.url.path.rpartition("/")[2]
    if what == "events":
        body = PAGES[int(request.query_params.get("cursor", 0))]
    else:
        body = SERIES if what == "series" else NO_NOTICES
    return Response(body, media_type="application/json")


if __name__ == "__main__":
    serve(answer)
