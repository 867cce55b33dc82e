"""Growth of cost: planning a run against its images; a finished run's jobs against images and k.

Run with ``python benchmarks/bench_growth.py``: Snakemake plans the steps up to the table of curves
for images that are there by name only, in datasets of 5,000; nothing is run. With
``--run results/<run> --figure growth.png`` the records of a finished run are read instead:
processor seconds and peak memory of its jobs, step by step, and seconds of the mask searches by
their k and window.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns

from smug.drawing import TWO_COLUMNS, save_figure, use_style
from smug.io import load_json
from smug.pipeline.shards import SolvedShard

#: Images of a dataset, and of a job.
PART, SHARD = 5000, 100
#: Steps that have a job for every shard.
SHARDED = ("attribute", "explain", "solve_masks", "saliency", "score_images")


def name_images(folder: Path, count: int) -> list[str]:
    """Make files without content, some in each of several folders; returns the folders' names."""
    names = []
    for number, first in enumerate(range(0, count, PART)):
        names.append(f"part{number}")
        (folder / names[-1]).mkdir()
        for image in range(first, min(first + PART, count)):
            (folder / names[-1] / f"{image}.jpg").touch()
    (folder / "network.keras").touch()
    return names


def plan(count: int) -> dict[str, float]:
    """Let Snakemake plan the run of so many images."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts = name_images(folder, count)
        words = ["workflow.run=planned", f"workflow.datasets=[{','.join(parts)}]"]
        for part in parts:
            words += [
                f"{part}:dataset.kind=images",
                f"{part}:dataset.root={folder / part}",
                f"{part}:model.file={folder / 'network.keras'}",
                f"{part}:dataset.explained={PART}",
                f"{part}:dataset.shard_size={SHARD}",
            ]
        command = [sys.executable, "-m", "snakemake", "-n", "--quiet", "reason", "--config"]
        command += [f"override={' '.join(words)}", "--"]
        command += ["results/planned/tables/attribution_curves.csv"]
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
        said = subprocess.run(command, capture_output=True, text=True, check=True)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
    jobs = re.findall(r"^total +(\d+)", said.stdout + said.stderr, re.MULTILINE)
    return {
        "images": count,
        "jobs": int(jobs[-1]),
        "seconds": perf_counter() - start,
        "processor seconds": used.ru_utime - before.ru_utime,
        "peak MiB": used.ru_maxrss / 1024,
    }


def jobs_of(run: Path, dataset: str) -> pd.DataFrame:
    """Every job of the shards of a dataset that a run has finished, one row a job."""
    rows = []
    for step in SHARDED:
        for path in sorted((run / step / dataset).rglob("*.json")):
            told = load_json(path)
            method = told["config"].get("method", {})
            rows.append(
                {
                    "step": step,
                    "path": path.relative_to(run).with_suffix(".npz"),
                    "variant": path.parent.name,
                    "shard": int(path.stem),
                    "images": told["summary"].get("inputs"),
                    "seconds": told["cpu_seconds"],
                    "peak": told["peak_mib"],
                    "top_k": method.get("top_k"),
                    "window": method.get("window"),
                }
            )
    jobs = pd.DataFrame(rows)
    finished = jobs.groupby("shard").step.transform("nunique") == jobs.step.nunique()
    images = jobs[jobs.step == "attribute"].set_index("shard").images
    jobs = jobs[finished].assign(images=jobs.shard.map(images))
    return jobs[jobs.images > 0]


def grown(jobs: pd.DataFrame) -> pd.DataFrame:
    """Seconds of every step for the first images of a run, shard by shard, of its main variants."""
    main = jobs[~jobs.variant.str.startswith("method.")]
    seconds = main.pivot_table(index="shard", columns="step", values="seconds", aggfunc="sum")
    seconds = seconds.reindex(columns=[step for step in SHARDED if step in seconds]).cumsum()
    seconds["together"] = seconds.sum(axis=1)
    images = main.groupby("shard").images.first().cumsum().astype(int)
    return seconds.set_index(images)


def searched(run: Path, jobs: pd.DataFrame) -> pd.DataFrame:
    """Mask searches by their window and k: images, share proven, share of the image kept, time."""
    rows = []
    for job in jobs[jobs.step == "solve_masks"].itertuples():
        solved = SolvedShard.load(run / job.path)
        found = solved.has_mask()
        rows += [
            {
                "window": int(job.window),
                "top_k": int(job.top_k),
                "proven": status == "optimal",
                "kept": kept if made else float("nan"),
                "seconds an image": job.seconds / len(found),
            }
            for status, kept, made in zip(
                solved.status, solved.masks.mean(axis=(1, 2)), found, strict=True
            )
        ]
    groups = pd.DataFrame(rows).groupby(["window", "top_k"])
    means = groups[["proven", "seconds an image"]].mean()
    return means.assign(images=groups.size(), kept=groups.kept.median()).reset_index()


def draw(seconds: pd.DataFrame, masks: pd.DataFrame, jobs: pd.DataFrame, path: Path) -> None:
    """Draw seconds against images, memory against the images of a job, searches against k."""
    use_style()
    figure, axes = plt.subplots(1, 3, figsize=(TWO_COLUMNS, 2.6), layout="constrained")
    long = seconds.reset_index().melt("images", var_name="step", value_name="seconds")
    sns.lineplot(long, x="images", y="seconds", hue="step", style="step", ax=axes[0])
    axes[0].set(ylabel="processor seconds", xlim=(0, None), ylim=(0, None))
    axes[0].legend(fontsize=6, frameon=False)
    memory = jobs.groupby("step").peak.max().reindex(seconds.columns[:-1]).reset_index()
    sns.barplot(memory, x="peak", y="step", ax=axes[1])
    axes[1].set(xlabel=f"peak MiB of a job, {jobs.images.max():.0f} images", ylabel="")
    ends = {"hue": "window", "style": "window", "palette": "colorblind", "markers": True}
    sns.lineplot(masks, x="top_k", y="seconds an image", ax=axes[2], **ends)
    axes[2].set(xlabel="nodes k", ylabel="processor s an image", ylim=(0, None))
    axes[2].legend(title="window", ncols=2, fontsize=6, title_fontsize=6, loc="lower left")
    save_figure(figure, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--run", type=Path, help="folder of a finished run")
    parser.add_argument("--dataset", default="imagenet", help="whose jobs of the run")
    parser.add_argument("--figure", type=Path, help="where to draw its growth")
    asked = parser.parse_args()
    if asked.run is None:
        os.chdir(Path(__file__).parents[1])
        print(pd.DataFrame(map(plan, sorted(asked.images))).round(1).to_string(index=False))
        return
    jobs = jobs_of(asked.run, asked.dataset)
    seconds, masks = grown(jobs), searched(asked.run, jobs)
    print(seconds.round(0).to_string(), jobs.groupby("step").peak.max(), sep="\n")
    print(masks.round(3).to_string(index=False))
    if asked.figure:
        draw(seconds, masks, jobs, asked.figure)


if __name__ == "__main__":
    main()
