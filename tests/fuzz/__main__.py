"""`python -m tests.fuzz --minutes 10` fuzzes every RPC of real servers and prints a table."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import grpc.aio
import hypothesis
from hypothesis import HealthCheck, Phase, given, settings

from tests.fuzz.footprint import Footprint
from tests.fuzz.inputs import Input, inputs
from tests.fuzz.raw_verdict import drawn_forms, try_raw
from tests.fuzz.rpcs import REGISTRY, SUGGESTION, Rpc, all_rpcs
from tests.fuzz.tally import Tally, report
from tests.fuzz.verdict import Answer, try_out
from tests.fuzz.world import World
from wanllmdb_local.data_dir import LOGS
from wanllmdb_local.platform import Endpoints, Platform
from wanllmdb_local.settings import PlatformSettings

# Inputs for one RPC before the next RPC.
EXAMPLES = 40
# RPCs between two rounds of all raw forms.
RAW_EVERY = 10


class Fuzzer:
    """Sends inputs to running servers, one at a time."""

    def __init__(self, endpoints: Endpoints, logs: Path, seed: int, end: float) -> None:
        self.tallies: dict[str, Tally] = {}
        self.slowest_bystander = 0.0
        self._logs = logs
        self._endpoints = endpoints
        self._seed = seed
        self._end = end

    def run(self, rpcs: Sequence[Rpc]) -> None:
        """Repeat rounds until the time is over; each round fuzzes one RPC after the other."""
        with asyncio.Runner() as runner:
            channels = runner.run(self._open())
            world = World(channels[REGISTRY], channels[SUGGESTION])
            for turn, rpc in enumerate(itertools.cycle(rpcs)):
                if time.monotonic() > self._end:
                    break
                runner.run(world.create())
                self._feed(runner, channels[rpc.server], rpc, world, self._seed + turn)
                if turn % RAW_EVERY == 0:
                    runner.run(self._feed_raw(channels, rpcs, world, self._seed + turn))
            for channel in channels.values():
                runner.run(channel.close())

    async def _feed_raw(
        self,
        channels: Mapping[str, grpc.aio.Channel],
        rpcs: Sequence[Rpc],
        world: World,
        seed: int,
    ) -> None:
        """Send every raw form once."""
        addresses = {
            REGISTRY: self._endpoints.registry,
            SUGGESTION: self._endpoints.suggestion,
        }
        for rpc, tried in drawn_forms(rpcs, seed):
            if time.monotonic() > self._end:
                return
            tally = self.tallies.setdefault(f"raw: {tried.form}", Tally())
            before = self._footprint()
            began = time.monotonic()
            answer, seen = await try_raw(
                addresses[rpc.server], channels[rpc.server], rpc, world, tried
            )
            took = time.monotonic() - began
            self.slowest_bystander = max(self.slowest_bystander, seen.slowest)
            faults = before.faults_of(self._footprint())
            tally.add(Answer(answer.code, (*answer.faults, *faults)), took, tried)

    def _footprint(self) -> Footprint:
        pids = self._endpoints.pids
        return Footprint.of([*pids[REGISTRY], *pids[SUGGESTION]], self._logs)

    async def _open(self) -> dict[str, grpc.aio.Channel]:
        return {
            REGISTRY: grpc.aio.insecure_channel(self._endpoints.registry),
            SUGGESTION: grpc.aio.insecure_channel(self._endpoints.suggestion),
        }

    def _feed(
        self, runner: asyncio.Runner, channel: grpc.aio.Channel, rpc: Rpc, world: World, seed: int
    ) -> None:
        tally = self.tallies.setdefault(rpc.name, Tally())

        @hypothesis.seed(seed)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(inputs(rpc))
        def feed(tried: Input) -> None:
            if time.monotonic() > self._end:
                return
            began = time.monotonic()
            answer = runner.run(try_out(channel, rpc, tried.data(world), tried.metadata))
            tally.add(answer, time.monotonic() - began, tried)

        feed()


def main() -> None:
    """Return exit code 1 if a fault was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1, help="the first round's")
    parser.add_argument("--rpc", default="", help="only RPCs whose names hold this")
    options = parser.parse_args()
    rpcs = [rpc for rpc in all_rpcs() if options.rpc in rpc.name]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        place = PlatformSettings(Path(folder) / "data", registry_port=0, suggestion_port=0)
        with Platform(place, say=print) as platform:
            platform.start()
            before = platform.endpoints.pids
            end = time.monotonic() + options.minutes * 60
            fuzzer = Fuzzer(platform.endpoints, place.data_dir / LOGS, options.seed, end)
            fuzzer.run(rpcs)
            died = platform.endpoints.pids != before
        found = report(fuzzer.tallies, Path(folder) / "data" / LOGS)
    print(f"the slowest call beside raw forms took {fuzzer.slowest_bystander * 1000:,.0f} ms")
    if died:
        print("a process died")
    sys.exit(1 if found or died else 0)


if __name__ == "__main__":
    main()
