"""A peer's service or clients: a script for the peers' own environment, which has none of ours.

    peer.py serve KIND DATABASE_URL               # prints its address; runs until SIGTERM
    peer.py load KIND ADDRESS CLIENTS SECONDS     # prints JSON: {"latencies": [...], "failed": 0}

KIND is `optuna-rdb`, `optuna-grpc` or `vizier`. Optuna's RDB storage needs no service: its address
is the URL of the database. Clients are threads of at most four processes, because the clients of
the peers block, and one process of Python uses one processor.
"""

from __future__ import annotations

import json
import signal
import socket
import sys
import time
import uuid
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

# The gRPC proxy of Optuna warns that it is experimental.
warnings.filterwarnings("ignore", category=Warning, message=".*is experimental")
PROCESSES = 4
# Until all processes have imported their packages and all threads have made a trial.
WARM_UP = 8.0

Trial = Callable[[], None]


def objective(parameters: dict[str, Any]) -> float:
    """The function that our clients minimize, too."""
    return float(
        abs(parameters["lr"] - 0.01) * 10
        + (parameters["dropout"] - 0.2) ** 2
        + abs(parameters["width"] - 200) / 500
        + abs(parameters["depth"] - 4) / 8
        + (parameters["optimizer"] != "adam") * 0.1
        + (parameters["batch_size"] != 64) * 0.1
    )


def optuna_storage(kind: str, address: str) -> Any:
    """Return the storage of Optuna at an address."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if kind == "optuna-grpc":
        host, _, port = address.rpartition(":")
        return optuna.storages.GrpcStorageProxy(host=host, port=int(port))
    return optuna.storages.RDBStorage(address, engine_kwargs={"pool_size": 32})


def optuna_trials(kind: str, address: str, name: str, clients: int) -> list[Trial]:
    """Return how each client makes a whole trial with Optuna."""
    import optuna

    storage = optuna_storage(kind, address)

    def client() -> Trial:
        study = optuna.load_study(
            study_name=name, storage=storage, sampler=optuna.samplers.RandomSampler()
        )

        def trial() -> None:
            asked = study.ask()
            parameters = {
                "lr": asked.suggest_float("lr", 1e-5, 1e-1, log=True),
                "dropout": asked.suggest_float("dropout", 0.0, 0.5),
                "width": asked.suggest_int("width", 16, 512),
                "depth": asked.suggest_int("depth", 1, 8),
                "optimizer": asked.suggest_categorical("optimizer", ["adam", "sgd", "rmsprop"]),
                "batch_size": asked.suggest_categorical("batch_size", [16, 32, 64, 128]),
            }
            study.tell(asked, objective(parameters))

        return trial

    return [client() for _ in range(clients)]


def vizier_trials(address: str, name: str, clients: int) -> list[Trial]:
    """Return how each client makes a whole trial with Vizier."""
    from vizier.service import clients as vizier
    from vizier.service import pyvizier

    vizier.environment_variables.server_endpoint = address
    # One second by default, which would be most of a trial.
    vizier.environment_variables.new_suggestion_polling_secs = 0.01

    def client() -> Trial:
        study = vizier.Study.from_resource_name(name)
        client_id = uuid.uuid4().hex

        def trial() -> None:
            (suggested,) = study.suggest(count=1, client_id=client_id)
            value = objective(dict(suggested.parameters))
            suggested.complete(pyvizier.Measurement({"loss": value}))

        return trial

    return [client() for _ in range(clients)]


def create_study(kind: str, address: str) -> str:
    """Create a study for random search over six parameters, and return its name."""
    if kind != "vizier":
        import optuna

        return optuna.create_study(storage=optuna_storage(kind, address)).study_name
    from vizier.service import clients as vizier
    from vizier.service import pyvizier

    vizier.environment_variables.server_endpoint = address
    config = pyvizier.StudyConfig(algorithm=pyvizier.Algorithm.RANDOM_SEARCH)
    root = config.search_space.root
    root.add_float_param("lr", 1e-5, 1e-1, scale_type=pyvizier.ScaleType.LOG)
    root.add_float_param("dropout", 0.0, 0.5)
    root.add_int_param("width", 16, 512)
    root.add_int_param("depth", 1, 8)
    root.add_categorical_param("optimizer", ["adam", "sgd", "rmsprop"])
    root.add_discrete_param("batch_size", [16, 32, 64, 128])
    config.metric_information.append(
        pyvizier.MetricInformation("loss", goal=pyvizier.ObjectiveMetricGoal.MINIMIZE)
    )
    study = vizier.Study.from_study_config(config, owner="bench", study_id=uuid.uuid4().hex)
    return str(study.resource_name)


def work(
    kind: str, address: str, name: str, clients: int, begin: float, end: float
) -> tuple[list[float], int]:
    """Return the seconds of each trial within a time, and how many failed; runs in a process."""
    if kind == "vizier":
        trials = vizier_trials(address, name, clients)
    else:
        trials = optuna_trials(kind, address, name, clients)

    def client(trial: Trial) -> tuple[list[float], int]:
        latencies = []
        failed = 0
        while (started := time.time()) < end:
            try:
                trial()
            except Exception as error:
                # Whatever a peer raises: such a trial does not count.
                print(f"{type(error).__name__}: {error}"[:300], file=sys.stderr)
                failed += 1
                continue
            if begin <= started and time.time() <= end:
                latencies.append(time.time() - started)
        return latencies, failed

    with ThreadPoolExecutor(clients) as threads:
        found = list(threads.map(client, trials))
    return [latency for each, _ in found for latency in each], sum(failed for _, failed in found)


def load(kind: str, address: str, clients: int, seconds: float) -> None:
    """Print what some clients measured."""
    name = create_study(kind, address)
    processes = min(PROCESSES, clients)
    begin = time.time() + WARM_UP
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        futures = [
            pool.submit(work, kind, address, name, clients // processes, begin, begin + seconds)
            for _ in range(processes)
        ]
        results = [future.result() for future in futures]
    latencies = [latency for found, _ in results for latency in found]
    failed = sum(count for _, count in results)
    print(json.dumps({"latencies": latencies, "failed": failed}), flush=True)


def serve(kind: str, database_url: str) -> None:
    """Serve until SIGTERM."""
    if kind == "vizier":
        from vizier.service import servers

        server = servers.DefaultVizierServer(host="localhost", database_url=database_url)
        print(server.endpoint, flush=True)
        signal.pause()
    else:
        from optuna.storages import run_grpc_proxy_server

        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        print(f"127.0.0.1:{port}", flush=True)
        run_grpc_proxy_server(
            optuna_storage("optuna-rdb", database_url), host="127.0.0.1", port=port
        )


def main(arguments: list[str]) -> None:
    """Serve, or make a load."""
    match arguments:
        case ["serve", kind, database_url]:
            serve(kind, database_url)
        case ["load", kind, address, clients, seconds]:
            load(kind, address, int(clients), float(seconds))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
