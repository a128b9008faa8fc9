"""The agent: what runs a training function, or any other program, for the runs of a sweep.

An `Agent` has one `Loop` or several, each with a thread; what they do with a run is a
`RunOne`, such as `FunctionRunner`.
"""

from wanllmdb._agent.active_run import ActiveRun
from wanllmdb._agent.agent import Agent, agent_name
from wanllmdb._agent.commands import StopOrder
from wanllmdb._agent.console import Console
from wanllmdb._agent.counts import AgentResult
from wanllmdb._agent.display import View
from wanllmdb._agent.failure_policy import GiveUpPolicy
from wanllmdb._agent.function import FunctionRunner
from wanllmdb._agent.loop import Ended, RunOne
from wanllmdb._agent.wait_policy import OutageWaiter, Patience

__all__ = [
    "ActiveRun",
    "Agent",
    "AgentResult",
    "Console",
    "Ended",
    "FunctionRunner",
    "GiveUpPolicy",
    "OutageWaiter",
    "Patience",
    "RunOne",
    "StopOrder",
    "View",
    "agent_name",
]
