"""Time BoARIO on a table, in an interpreter that has it: PYTHON bench/boario_peer.py TABLE.npz DAYS OUT.npz.

Prints seconds a step and peak memory as JSON; the table holds Z, Y, x and the labels of regions and sectors.
"""

import json
import resource
import sys
import time
import warnings

import numpy as np
import pandas as pd
import pymrio
from boario.event import from_series
from boario.extended_models import ARIOPsiModel
from boario.simulation import Simulation


def mrio(data) -> pymrio.IOSystem:
    labels = pd.MultiIndex.from_arrays([data["region"], data["sector"]], names=["region", "sector"])
    final = pd.MultiIndex.from_product([np.unique(data["region"]), ["Final demand"]], names=["region", "category"])
    Y = np.zeros((labels.size, final.size))
    Y[np.arange(labels.size), np.unique(data["region"], return_inverse=True)[1]] = data["Y"]
    table = pymrio.IOSystem(
        Z=pd.DataFrame(data["Z"], labels, labels), Y=pd.DataFrame(Y, labels, final),
        x=pd.DataFrame(data["x"], labels, ["indout"]),
    )  # fmt: skip
    return table.calc_all()


def main() -> None:
    warnings.simplefilter("ignore")  # the peer's own
    with np.load(sys.argv[1]) as data:
        table, days = mrio(data), int(sys.argv[2])
        hit = (str(data["region"][int(data["hit"])]), str(data["sector"][int(data["hit"])]))
    seconds = {}
    for n_days in (3, 3 + days):
        model = ARIOPsiModel(table)
        run = Simulation(model, n_temporal_units_to_sim=n_days, show_progress=False)
        run.add_event(from_series(
            pd.Series({hit: 0.3}), event_type="arbitrary", occurrence=1, duration=1, recovery_tau=30,
        ))  # fmt: skip
        start = time.process_time()
        run.loop()
        seconds[n_days] = time.process_time() - start
    made = np.asarray(run.production_realised, dtype=np.float64)
    np.savez(sys.argv[3], made=made)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"value": days / (seconds[3 + days] - seconds[3]), "peak_mb": peak}))


if __name__ == "__main__":
    main()
