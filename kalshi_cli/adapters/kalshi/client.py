"""The HTTP core: one client, no redirects, bounded bodies, signed and paid anew at every attempt.

Reads are tried up to five times. Writes are sent exactly once, because only the caller can find out
what became of an order; but a cancel that was throttled was not executed, and is tried again.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from io import BytesIO

import httpx

from kalshi_cli import __version__
from kalshi_cli.adapters.kalshi.answers import Answer, read_error
from kalshi_cli.adapters.kalshi.bucket import Charge, Sleep, sleep_monotonic
from kalshi_cli.adapters.kalshi.pace import Pace, takes_away
from kalshi_cli.adapters.kalshi.params import PRIMARY
from kalshi_cli.adapters.kalshi.signing import Signer
from kalshi_cli.adapters.kalshi.skew import Bounds, Moment, Skew, refusal_of
from kalshi_cli.domain.instant import from_datetime
from kalshi_cli.errors import ConfigError, Unavailable
from kalshi_cli.ports.clock import Clock
from kalshi_cli.ports.exchange import Permit

Params = Sequence[tuple[str, str | int]]

ATTEMPTS = 5
LARGEST_BODY = 64 * 2**20
"""Bytes after decompression; the largest known answer is the series list, about 18 MB."""
TIMEOUT = httpx.Timeout(20.0, connect=5.0)
ATTEMPT_TIMEOUT_S = 60.0
"""For one attempt as a whole: `TIMEOUT` alone lets a body drip for ever."""
_BACKOFF_S = (0.1, 5.0)
_RETRIED = frozenset({408, 429, 500, 502, 503, 504})
_DONE = 200
_THROTTLED = 429
STATUS = "/exchange/status"
_STATUS_ERRORS = frozenset({500, 503, 504})
"""The exchange tells its status with these errors too, in the same shape."""
_TIMED = "/portfolio/balance"
"""A read that no cache answers, and that costs next to nothing: its `Date` is of now."""
_TIMED_ANSWERS = (200, 401)
"""A signature whose time is refused is answered with the right time."""
_DATE = "%a, %d %b %Y %H:%M:%S GMT"


def is_done(answer: Answer) -> bool:
    """Whether a read was answered as asked."""
    return answer.status == _DONE


def is_a_status(answer: Answer) -> bool:
    """Whether an answer of `STATUS` tells the status: an error without it is only an error."""
    told = answer.status in _STATUS_ERRORS and b'"exchange_active"' in answer.body
    return is_done(answer) or told


def _is_timed(answer: Answer) -> bool:
    return answer.status in _TIMED_ANSWERS


@dataclass(slots=True)
class ReadClient:
    """Reads from one exchange. Without a `pace` they wait for nothing."""

    http: httpx.AsyncClient
    base: httpx.URL
    clock: Clock
    signer: Signer | None = None
    pace: Pace | None = None
    sleep: Sleep = sleep_monotonic
    skew: Skew = field(default_factory=Skew)

    async def get(
        self,
        path: str,
        params: Params = (),
        *,
        signed: bool = False,
        accept: Callable[[Answer], bool] = is_done,
    ) -> bytes:
        """The body of a read. Raises `Unavailable`, `ExchangeRefusal` or `ConfigError`."""
        what = f"GET {path}"
        for attempt in range(1, ATTEMPTS + 1):
            charge = await self.pace.read(path, signed=signed) if self.pace else None
            try:
                answer = await self._send("GET", path, params, signed=signed, charge=charge)
            except httpx.RequestError as error:
                if attempt == ATTEMPTS or not isinstance(error, httpx.TransportError):
                    raise self._unreachable(error) from error
            else:
                if accept(answer):
                    return answer.body
                if attempt == ATTEMPTS or answer.status not in _RETRIED:
                    raise read_error(answer, what)
            await self.sleep(backoff_s(attempt))
        raise AssertionError("the last attempt returns or raises")

    @property
    def clock_bounds(self) -> Bounds | None:
        """How far the exchange's clock may be from ours; None where that is not known."""
        return self.skew.bounds(self._moment())

    def _moment(self) -> Moment:
        return self.skew.moment(self.clock.wall())

    async def _send(
        self,
        method: str,
        path: str,
        params: Params,
        *,
        signed: bool,
        charge: Charge | None,
        body: bytes | None = None,
        permit: Permit | None = None,
    ) -> Answer:
        """One attempt, if `permit` allows it. Its charge is settled whatever happens."""
        throttled = False
        try:
            if permit is not None:
                await permit()
            answer = await self._answer(self._request(method, path, params, body, signed=signed))
            throttled = answer.status == _THROTTLED
            return answer
        finally:
            if charge is not None:
                charge.settle(throttled=throttled)

    async def _answer(self, request: httpx.Request) -> Answer:
        sent = self._moment()
        try:
            async with asyncio.timeout(ATTEMPT_TIMEOUT_S):
                response = await self.http.send(request, stream=True)
                try:
                    self._measure_skew(response.headers, sent)
                    return Answer(response.status_code, await _bounded(response))
                finally:
                    await response.aclose()
        except TimeoutError as error:
            raise httpx.ReadTimeout("The answer took too long.", request=request) from error

    def _request(
        self, method: str, path: str, params: Params, body: bytes | None, *, signed: bool
    ) -> httpx.Request:
        url, signed_path = _address(self.base, path, _query(params))
        headers = {"Accept": "application/json", "User-Agent": f"kalshi-cli/{__version__}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if signed:
            headers |= self._signature(method, signed_path)
        return self.http.build_request(method, url, content=body, headers=headers)

    def _signature(self, method: str, path: str) -> dict[str, str]:
        if self.signer is None:
            raise ConfigError(
                "The account cannot be reached without an API key.",
                remedy="Set the key id and the private key of this environment.",
            )
        return self.signer.headers(method, path, self.clock.wall())

    def _measure_skew(self, headers: httpx.Headers, sent: Moment) -> None:
        if "date" not in headers or "age" in headers:
            return
        try:
            told = datetime.strptime(headers["date"], _DATE).replace(tzinfo=UTC)
        except ValueError:
            return
        self.skew.measure(from_datetime(told), sent, self._moment())

    def _unreachable(self, error: httpx.RequestError) -> Unavailable:
        said = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        return Unavailable(
            f"The exchange at {origin_of(self.base)} cannot be reached: {said}.",
            remedy="Check the network and the address; `kalshi doctor` tests both.",
        )


class RestClient(ReadClient):
    """Reads, and writes for the account of its signer."""

    __slots__ = ()

    async def write(
        self,
        method: str,
        path: str,
        params: Params = (),
        *,
        body: bytes | None,
        items: int = 1,
        permit: Permit | None = None,
    ) -> Answer:
        """A signed write; a batch is paid for each of its `items`.

        Raises `httpx.RequestError` for what the wire did, `KalshiError` where nothing was sent.
        """

        async def allowed() -> None:
            if not takes_away(method, path):
                await self.check_clock()
            if permit is not None:
                await permit()

        attempt = 1
        while True:
            charge = await self.pace.write(method, path, items) if self.pace else None
            answer = await self._send(
                method, path, params, body=body, signed=True, charge=charge, permit=allowed
            )
            again = answer.status == _THROTTLED and takes_away(method, path)
            if not again or attempt == ATTEMPTS:
                return answer
            await self.sleep(backoff_s(attempt))
            attempt += 1

    async def check_clock(self) -> None:
        """Refuse to trade by a clock that is off, with `ClockOff`.

        One that was never measured, or jumped since, is measured first: `Unavailable` where the
        exchange does not tell its time.
        """
        bounds = self.clock_bounds
        if bounds is None:
            await self.get(_TIMED, [PRIMARY], signed=True, accept=_is_timed)
            bounds = self.clock_bounds
        if bounds is None:
            raise Unavailable(
                "The exchange did not tell its time, by which this machine's clock is checked: "
                "nothing is sent but cancels.",
                remedy="Try again; `kalshi doctor` shows whether the exchange is up.",
            )
        refusal = refusal_of(bounds)
        if refusal is not None:
            raise refusal


async def _bounded(response: httpx.Response) -> bytes:
    body = BytesIO()  # hands out what it holds without copying it
    async for piece in response.aiter_bytes():
        body.write(piece)
        if body.tell() > LARGEST_BODY:
            raise httpx.DecodingError("The answer is too large.", request=response.request)
    return body.getvalue()


@lru_cache(maxsize=256)
def _address(base: httpx.URL, path: str, query: bytes | None) -> tuple[httpx.URL, str]:
    """Where a request goes, and the path that its signature covers."""
    url = base.copy_with(path=f"{base.path}{path}", query=query)
    return url, url.raw_path.partition(b"?")[0].decode()


def _query(params: Params) -> bytes | None:
    return str(httpx.QueryParams(tuple(params))).encode() if params else None


def backoff_s(attempt: int) -> float:
    """Full jitter: anything up to a bound that doubles with each attempt (from 1)."""
    first, most = _BACKOFF_S
    return random.uniform(0, min(most, first * 2**attempt))  # noqa: S311 - no secret


def origin_of(url: httpx.URL) -> str:
    """Scheme, host and, where it is not the default, port."""
    port = "" if url.port is None else f":{url.port}"
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"{url.scheme}://{host}{port}"
