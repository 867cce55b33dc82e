"""Time one solver on real mask problems of a dataset."""

from types import SimpleNamespace

from smug.jobs.run import run
from smug.pipeline.results import as_table, dataset_label, save_results
from smug.pipeline.shards import AttributedShard
from smug.pipeline.solve_masks import solve_shard


def main(config, paths):
    """Write one result row per input, number of nodes and window."""
    shard = AttributedShard.load(paths.attribution).first(config.timing.inputs)
    solver = SimpleNamespace(**vars(config.solver))
    solver.timeout = config.timing.timeout
    label = dataset_label(vars(config.dataset), generated=shard.generated)
    rows = []
    for window in config.timing.windows:
        for top_k in config.timing.top_k:
            method = SimpleNamespace(**{**vars(config.method), "window": window, "top_k": top_k})
            solved = solve_shard(shard, method, solver)
            rows += [
                {
                    "run": config.workflow.run,
                    "dataset": label,
                    "image": name,
                    "method": f"{solver.name},top_k={top_k},window={window}",
                    "metric": "mask_size",
                    "value": solved.objective[i],
                    "status": solved.status[i],
                    "bound": solved.bound[i],
                    "gap": solved.gap()[i],
                    "seconds": solved.solve_seconds[i],
                }
                for i, name in enumerate(solved.ids.tolist())
            ]
    save_results(paths.scores, as_table(rows))
    return {"rows": len(rows)}


if __name__ == "__main__":
    run(main)
