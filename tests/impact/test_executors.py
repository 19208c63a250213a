"""Executors change where batches run and nothing else; a cluster that loses a worker half way loses no result."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures import wait as finish
from dataclasses import fields

import numpy as np
import pytest
from scipy import sparse

from detente.impact import batches, executors, packages
from detente.impact.calibration import Calibration, calibrate
from detente.impact.cascade import EsriResult, esri_from
from detente.impact.executors import executor_of, shared
from detente.impact.packages import Losses, evaluate, prepare_links
from detente.record import DetenteError

NOT_JITTED = os.environ.get("NUMBA_DISABLE_JIT") == "1"


def network(n: int) -> tuple[Calibration, np.ndarray]:
    draw = np.random.default_rng(4)
    size = draw.pareto(1.5, n) + 0.1
    seller, buyer = (draw.choice(n, 3 * n, p=w / w.sum()) for w in (size, draw.permutation(size)))
    W = sparse.coo_array((draw.lognormal(0, 1, 3 * n), (seller, buyer)), shape=(n, n))
    industry = np.append(np.arange(9), draw.integers(0, 9, n - 9))
    return calibrate(W, industry, draw.integers(0, 3, (9, 9))), industry


def same(one: EsriResult | Losses, other: EsriResult | Losses) -> None:
    for field in fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        a, b = (x.toarray() if sparse.issparse(x) else x for x in (a, b))
        np.testing.assert_array_equal(a, b, err_msg=field.name)


def test_the_forms_of_names() -> None:
    with executor_of(None) as none:
        assert none is None
    with executor_of("threads:2") as threads:
        assert isinstance(threads, ThreadPoolExecutor)
        assert shared(threads, "x") == "x"
    with pytest.raises(RuntimeError, match="after shutdown"):
        threads.submit(int)
    with executor_of("processes:1") as processes:
        assert isinstance(processes, ProcessPoolExecutor)


@pytest.mark.parametrize(
    "name",
    ["", "threads", "threads:0", "threads:-1", "threads:99999", "fibres:2", "dask://host", "dask://h:1/x", "dask"],
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(DetenteError, match="expected threads:N, processes:N or dask://HOST:PORT"), executor_of(name):
        pass


def test_without_dask_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(DetenteError, match=r"pip install 'detente\[dask\]'"), executor_of("dask://127.0.0.1:8786"):
        pass


def test_where_no_scheduler_answers_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "CONNECT_S", 0.2)
    with (
        pytest.raises(DetenteError, match="No Dask scheduler answers at 127"),
        executor_of("dask://127.0.0.1:1"),
    ):
        pass


@pytest.fixture(scope="module")
def cluster() -> Iterator[object]:
    """A scheduler and two worker processes."""
    if NOT_JITTED:
        pytest.skip("the workers would take minutes")
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        silence_logs=50,
        scheduler_kwargs={"dashboard": False},
    ) as started:
        yield started


def address(cluster: object) -> str:
    return f"dask://{cluster.scheduler_address.removeprefix('tcp://')}"


def test_a_cluster_gives_what_this_thread_gives(cluster: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "BATCH_S", 0.0)
    draw = np.random.default_rng(1)
    ready = prepare_links(
        9, draw.integers(0, 9, 30), draw.integers(0, 9, 30), draw.lognormal(0, 1, 30), np.arange(9) % 3,
        np.full(30, 2), np.full(9, 20.0),
    )  # fmt: skip
    allowed = draw.choice([0.0, 0.5, 1.0], (60, 30))
    with executor_of(address(cluster)) as executor:
        for reading, found in evaluate(ready, allowed, executor=executor).items():
            same(found, evaluate(ready, allowed)[reading])


def test_a_worker_that_dies_half_way_loses_nothing(cluster: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of two workers is killed once some batches are done and most are not."""
    monkeypatch.setattr(batches, "LEAST_S", 1e-3)
    monkeypatch.setattr(batches, "SHARES", 125)
    n, K = 8000, 4000
    calibration, industry = network(n)
    options = {"shocks": sparse.eye_array(n, K), "market": industry, "tolerance": 1e-4, "keep": range(0, K, 100)}
    local = esri_from(calibration, **options)
    with executor_of(address(cluster)) as executor, ThreadPoolExecutor(1) as thread:
        running = thread.submit(esri_from, calibration, executor=executor, **options)
        left, until = killed_half_way(cluster), time.monotonic() + 120
        finish([running], timeout=until - time.monotonic())
        remote = running.result()
    assert left > 10
    same(local, remote)


def killed_half_way(cluster: object) -> int:
    """Kill a worker when some batches are done; return how many were not."""
    tasks, until = cluster.scheduler.tasks, time.monotonic() + 120
    while time.monotonic() < until:
        states = [task.state for task in list(tasks.values()) if task.key.startswith("run_batch")]
        if sum(state in ("memory", "forgotten") for state in states) >= 4:
            victim = next(iter(cluster.workers.values()))
            pid = victim.pid
            os.kill(pid, signal.SIGKILL)
            while victim.pid == pid and time.monotonic() < until:
                time.sleep(0.01)
            assert victim.pid != pid
            return sum(state not in ("memory", "forgotten") for state in states)
        time.sleep(0.005)
    raise AssertionError("no batch was done in two minutes")


def test_workers_of_another_version_are_refused(cluster: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executors, "VERSION", "0-other")
    with (
        pytest.raises(DetenteError, match="detente 0-other on each; got tcp"),
        executor_of(address(cluster)),
    ):
        pass
