"""Reads sweep specs and updates of sweeps from messages."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TypeVar

from wanllmdb.api.registry.v1 import registry_service_pb2 as pb
from wanllmdb.api.registry.v1 import search_space_pb2, sweep_pb2
from wanllmdb_common.algorithms.samplers import SAMPLERS
from wanllmdb_common.computing.time_slices import with_checkpoints
from wanllmdb_common.search_space.distributions import Condition, Parameter, SearchSpace
from wanllmdb_common.search_space.proto_conversion import (
    distribution_from_proto,
    parameters_from_proto,
    value_from_proto,
)
from wanllmdb_registry.domain.bounds import MAX_DESCRIPTION, MAX_SWEEP_METRICS
from wanllmdb_registry.domain.config.problems import ConfigPaths, invalid_config, parameter_path
from wanllmdb_registry.domain.config.validation.space import (
    MAX_CONDITIONS,
    MAX_FULL_NAME,
    MAX_PARAMETERS,
)
from wanllmdb_registry.domain.config.validation.values import MAX_ENTRIES
from wanllmdb_registry.domain.model import (
    DEFAULT_SAMPLERS,
    AlgorithmChoice,
    ArgsStyle,
    Goal,
    Hyperband,
    Impute,
    Method,
    Metric,
    ObjectiveValue,
    RetryPolicy,
    SweepSpec,
)
from wanllmdb_registry.domain.update_sweep import UPDATABLE_FIELDS, SweepUpdate
from wanllmdb_registry.rpc.conversion import enum_member
from wanllmdb_registry.rpc.request_reader import ProblemCollector, RequestReader

DEFAULT_ETA = 3.0
DEFAULT_STRICT = True

_T = TypeVar("_T")


class SpecReader(ProblemCollector):
    """Reads specs without validating them; records unreadable parts by their paths in a config."""

    def spec(self, message: sweep_pb2.SweepSpec) -> tuple[SweepSpec, ConfigPaths]:
        """Return the readable parts of the spec, with defaults filled in."""
        metrics_are_listed = len(message.metrics) > 1
        space, unreadable = self.space(message.search_space)
        written = ConfigPaths(metrics_are_listed=metrics_are_listed, unreadable=unreadable)
        method, sampler = self._sampler(message)
        spec = SweepSpec(
            method=method,
            space=space,
            sampler=sampler,
            metrics=tuple(
                self._metric(written.metric(index), metric)
                for index, metric in enumerate(message.metrics)
            ),
            early_termination=self.early_termination(message),
            run_cap=message.run_cap if message.HasField("run_cap") else None,
            seed=message.seed if message.HasField("seed") else None,
            retries=retries_from_proto(message.retries),
            terminator=self.terminator(message),
            max_failed_runs=(
                message.max_failed_runs if message.HasField("max_failed_runs") else None
            ),
            program=message.program,
            command=tuple(message.command),
            args_style=self._args_style(message),
        )
        return spec, written

    def space(self, message: search_space_pb2.SearchSpace) -> tuple[SearchSpace, frozenset[str]]:
        """Return the space, ordered by name, and the names of unreadable parameters."""
        parameters: list[Parameter] = []
        unreadable: set[str] = set()
        text = _too_large(message)
        if text is not None:
            self.problem("parameters", text)
            return SearchSpace((), ()), frozenset()
        for item in with_checkpoints(message.parameters, every=1):
            path = parameter_path(item.name)
            distribution = self.attempt(path, partial(distribution_from_proto, item))
            conditions = [
                self.attempt(
                    f"{path}.when.{condition.parameter}", partial(_condition_from_proto, condition)
                )
                for condition in item.conditions
            ]
            if distribution is None:
                unreadable.add(item.name)
            else:
                kept = tuple(condition for condition in conditions if condition is not None)
                parameters.append(Parameter(item.name, distribution, kept))
        parameters.sort(key=lambda parameter: parameter.name)
        return (
            SearchSpace(tuple(parameters), tuple(message.constraints)),
            frozenset(unreadable - {parameter.name for parameter in parameters}),
        )

    def early_termination(self, message: sweep_pb2.SweepSpec) -> Hyperband | AlgorithmChoice | None:
        """Return the early termination rule; None for none."""
        if not message.HasField("early_termination"):
            return None
        match message.early_termination.WhichOneof("rule"):
            case "hyperband":
                rule = message.early_termination.hyperband
                strict = rule.strict if rule.HasField("strict") else DEFAULT_STRICT
                return Hyperband(
                    rule.min_iter, rule.eta or DEFAULT_ETA, strict, rule.max_iter, rule.s
                )
            case "pruner":
                return self._algorithm("pruner", message.early_termination.pruner)
            case _:
                self.problem("early_terminate", "has no rule set: hyperband or pruner")
                return None

    def terminator(self, message: sweep_pb2.SweepSpec) -> AlgorithmChoice | None:
        """Return the terminator; None for none."""
        if not message.HasField("terminator"):
            return None
        return self._algorithm("terminate", message.terminator)

    def _sampler(self, message: sweep_pb2.SweepSpec) -> tuple[Method, AlgorithmChoice]:
        before = len(self.problems)
        method = self.attempt(
            "method", lambda: enum_member(Method, sweep_pb2.Method.Name(message.method), "METHOD")
        )
        sampler = None
        if message.HasField("sampler"):
            sampler = self._algorithm("sampler", message.sampler)
        if method is None:
            if sampler is None and len(self.problems) == before:
                names = ", ".join(member.value for member in Method)
                self.problem("method", f"is required: one of {names}; or else a sampler")
            families = {description.name: description.method for description in SAMPLERS}
            family = None if sampler is None else families.get(sampler.name)
            method = Method.RANDOM if family is None else Method(family)
        return method, sampler or AlgorithmChoice(DEFAULT_SAMPLERS[method])

    def _metric(self, path: str, message: sweep_pb2.Metric) -> Metric:
        goal = self.attempt(
            f"{path}.goal", lambda: enum_member(Goal, sweep_pb2.Goal.Name(message.goal), "GOAL")
        )
        value = self.attempt(
            f"{path}.value",
            lambda: enum_member(
                ObjectiveValue, sweep_pb2.ObjectiveValue.Name(message.value), "OBJECTIVE_VALUE"
            ),
        )
        return Metric(
            name=message.name,
            goal=goal or Goal.MINIMIZE,
            target=message.target if message.HasField("target") else None,
            value=value or ObjectiveValue.LAST,
            mean_over=message.mean_over,
            impute=self._impute(f"{path}.impute", message.impute),
            impute_while_running=self._impute(
                f"{path}.impute_while_running", message.impute_while_running
            ),
        )

    def _impute(self, path: str, number: sweep_pb2.Impute.ValueType) -> Impute | None:
        return self.attempt(
            path, lambda: enum_member(Impute, sweep_pb2.Impute.Name(number), "IMPUTE")
        )

    def _args_style(self, message: sweep_pb2.SweepSpec) -> ArgsStyle:
        style = self.attempt(
            "args_style",
            lambda: enum_member(
                ArgsStyle, sweep_pb2.ArgsStyle.Name(message.args_style), "ARGS_STYLE"
            ),
        )
        return style or ArgsStyle.FLAT

    def _algorithm(self, path: str, message: sweep_pb2.AlgorithmChoice) -> AlgorithmChoice:
        options = self.attempt(f"{path}.options", lambda: parameters_from_proto(message.options))
        return AlgorithmChoice(message.name, options or {})


def _too_large(message: search_space_pb2.SearchSpace) -> str | None:
    """Return why the space is too large to read any of its parameters; None if it is not."""
    if len(message.parameters) > MAX_PARAMETERS:
        return f"at most {MAX_PARAMETERS}, are {len(message.parameters)}"
    longest = max((len(item.name) for item in message.parameters), default=0)
    if longest > MAX_FULL_NAME:
        return (
            f"include a name of {longest:,} characters with its groups, at most {MAX_FULL_NAME:,} "
            "are allowed"
        )
    conditions = max((len(item.conditions) for item in message.parameters), default=0)
    if conditions > MAX_CONDITIONS:
        return f"include one with {conditions:,} conditions, at most {MAX_CONDITIONS} are allowed"
    values = sum(
        len(item.categorical.values) + sum(len(c.values) for c in item.conditions)
        for item in message.parameters
    )
    if values > MAX_ENTRIES:
        return f"have {values:,} values, at most {MAX_ENTRIES:,} are allowed"
    return None


def _condition_from_proto(message: search_space_pb2.ParameterCondition) -> Condition:
    return Condition(message.parameter, tuple(map(value_from_proto, message.values)))


def retries_from_proto(message: sweep_pb2.RetryPolicy) -> RetryPolicy:
    """Return the policy with defaults filled in."""
    default = RetryPolicy()
    if message.HasField("lost"):
        default = replace(default, lost=message.lost)
    return replace(default, failed=message.failed) if message.HasField("failed") else default


def read_sweep_update(reader: RequestReader, request: pb.UpdateSweepRequest) -> SweepUpdate:
    """Return the update; `reader` collects problems of the request itself.

    Raises:
        InvalidArgumentError: INVALID_SWEEP_CONFIG: a part of the spec is unreadable.
    """
    sweep, spec = request.sweep, request.sweep.spec
    fields = reader.mask("update_mask", request.update_mask.paths, UPDATABLE_FIELDS)
    name = reader.text("sweep.name", sweep.name, required="name" in fields)
    description = reader.text("sweep.description", sweep.description, limit=MAX_DESCRIPTION)
    if len(spec.metrics) > MAX_SWEEP_METRICS:
        text = f"are {len(spec.metrics):,}, at most {MAX_SWEEP_METRICS} are allowed"
        reader.problem("sweep.spec.metrics", text)
    reader.done()
    specs = SpecReader()
    early = specs.early_termination(spec) if "spec.early_termination" in fields else None
    terminator = specs.terminator(spec) if "spec.terminator" in fields else None
    space = None
    if "spec.search_space" in fields:
        space, _ = specs.space(spec.search_space)
    if specs.problems:
        raise invalid_config(specs.problems)
    return SweepUpdate(
        fields=fields,
        name=name,
        description=description,
        run_cap=spec.run_cap if spec.HasField("run_cap") else None,
        early_termination=early,
        terminator=terminator,
        retries=retries_from_proto(spec.retries),
        max_failed_runs=spec.max_failed_runs if spec.HasField("max_failed_runs") else None,
        targets=[
            (metric.name, metric.target if metric.HasField("target") else None)
            for metric in spec.metrics
        ],
        space=space,
    )
