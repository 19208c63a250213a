"""Where batches run: in this thread, in threads or processes of this machine, or on a Dask cluster."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, TypeVar

from detente.record import DetenteError
from detente.version import __version__

T = TypeVar("T")
FORMS = "threads:N, processes:N or dask://HOST:PORT"
VERSION = __version__
CONNECT_S = 20  # how long a scheduler may take to answer
RETRIES = 3  # how often a batch that failed on the cluster is tried again; the loss of a worker is none of these


@contextmanager
def executor_of(name: str | None) -> Iterator[Executor | None]:
    """Open the executor that a name stands for, and close it in the end.

    Args:
        name: ``threads:N`` or ``processes:N`` on this machine, ``dask://HOST:PORT`` for the scheduler of a running Dask
            cluster (`pip install 'detente[dask]'`, here and on every worker), None for this thread. The compiled loops
            hold no lock, so threads do as well as processes and start at once.

    Yields:
        The executor, or None. Results are the same to the last bit, whichever it is. On a cluster, batches of workers
        that are lost are run again by others; the network is sent once to every worker.

    Raises:
        DetenteError: the name is none of these, no scheduler answers, or a worker does not have this version.

    >>> from detente.impact.packages import evaluate, prepare_links
    >>> chips = prepare_links(3, [0, 1], [2, 2], [60.0, 40.0], ["chip", "chip", "phone"], [2, 2], [100, 100, 400])
    >>> with executor_of("threads:2") as executor:
    ...     evaluate(chips, [[0, 1]], executor=executor)["low"].loss
    array([[0.6 , 0.24, 0.6 ]])
    """
    if name is None:
        yield None
        return
    local = re.fullmatch(r"(threads|processes):([1-9]\d{0,3})", name)
    remote = re.fullmatch(r"dask://([^/\s:]+|\[[0-9a-fA-F:]+\]):(\d{1,5})", name)
    if local is not None:
        workers = int(local[2])
        with _local(local[1], workers) as pool:
            yield pool
    elif remote is not None:
        yield from _cluster(f"{remote[1]}:{remote[2]}")
    else:
        raise DetenteError(f"executor: got {name!r}; expected {FORMS}.")


def shared(executor: Executor | None, value: T) -> T:
    """Send what every batch needs to all workers of a cluster once; elsewhere return it as it is.

    What is returned stands for the value only as an argument of work given to this executor.
    """
    client = getattr(executor, "_client", None)
    if client is None:
        return value
    (sent,) = client.scatter([value], broadcast=True, hash=False)
    return sent  # type: ignore[no-any-return]  # a future, which the worker that gets it turns back into the value


def _local(kind: str, workers: int) -> Executor:
    if kind == "threads":
        return ThreadPoolExecutor(workers)
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"))  # a fork of threads may hang


def _cluster(address: str) -> Iterator[Executor]:
    try:
        import distributed  # only here: it takes a second to load, and most have no cluster
    except ImportError as error:
        raise DetenteError(f"dask://{address} needs Dask: pip install 'detente[dask]'.") from error
    connect: Any = distributed.Client  # it has no types
    try:
        client = connect(f"tcp://{address}", timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise DetenteError(f"No Dask scheduler answers at {address}: start one with `dask scheduler`.") from error
    with client:
        _check_workers(client, address)
        yield client.get_executor(pure=False, retries=RETRIES)


def _check_workers(client: Any, address: str) -> None:
    found = client.run(_version, on_error="return")
    other = {worker: v for worker, v in found.items() if v != VERSION}
    if not found or other:
        what = ", ".join(f"{worker}: {v!r}" for worker, v in sorted(other.items())) or "there is none"
        raise DetenteError(f"Workers of {address}: expected detente {VERSION} on each; got {what}.")


def _version() -> str:
    """Return the version here, wherever that is."""
    return VERSION
