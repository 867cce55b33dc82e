import numpy as np
import pandas as pd
import pytest

from smug.drawing import save_figure, save_table
from smug.errors import SmugError
from smug.figures.mnist_masks import mnist_masks
from smug.figures.mnist_ood import TITLES, ExplainedDigit, mnist_ood
from smug.figures.solvers import solver_scaling, solvers_table
from smug.pipeline.results import COLUMNS, as_table, load_results, save_results


def test_a_figure_with_nothing_to_draw_is_an_error():
    with pytest.raises(SmugError, match="nothing to draw"):
        mnist_ood([])


def score_rows():
    rows = []
    for solver, sizes, status in (("highs", (3, 5), "optimal"), ("z3", (6, np.inf), "timeout")):
        for i, size in enumerate(sizes):
            values = {"mask_size": size, "sparsity": size / 100 if size < np.inf else np.nan}
            values |= {"target": 7, "masked_class": 7 - i, "masked_confidence": 0.5 + i / 10}
            for metric, value in values.items():
                rows.append(
                    {
                        "run": "t",
                        "dataset": "mnist",
                        "image": f"d{i}",
                        "method": "smug",
                        "encoding": "first_layer",
                        "window": 2,
                        "solver": solver,
                        "metric": metric,
                        "value": value,
                        "status": status,
                        "bound": 3.0,
                        "gap": 0.0,
                        "solve_seconds": 1.0 + i,
                    }
                )
    return as_table(rows)


def test_the_mask_table_summarises_only_what_was_found():
    table = mnist_masks(score_rows()).set_index("solver")
    assert table.loc["highs", "mask_size"] == 4
    assert table.loc["highs", "proven"] == 1
    assert table.loc["highs", "keeps_class"] == 0.5
    assert table.loc["highs", "solve_seconds"] == 1.5
    assert table["status"].to_dict() == {"highs": "optimal 2", "z3": "timeout 2"}
    assert table.loc["z3", ["digits", "no_mask", "proven", "mask_size"]].tolist() == [2, 1, 0, 6]


def timing_rows():
    return as_table(
        [
            {
                "run": "t",
                "dataset": "mnist",
                "image": f"d{i}",
                "method": "smug",
                "top_k": k,
                "window": 4,
                "solver": solver,
                "metric": "mask_size",
                "value": 10.0,
                "status": "optimal" if solver == "highs" or k == 4 else "feasible",
                "bound": 10.0,
                "gap": 0.0,
                "solve_seconds": k / 10 + i,
            }
            for solver in ("highs", "z3")
            for k in (4, 8)
            for i in range(3)
        ]
    )


def test_the_solver_table_takes_medians_and_counts_proofs():
    table = solvers_table(timing_rows()).set_index(["solver", "top_k"])
    assert table.loc[("highs", 8), "solve_seconds"] == pytest.approx(1.8)
    assert table.loc[("z3", 8), "proven"] == 0
    assert table.loc[("z3", 4), "problems"] == 3


def test_figures_are_written_in_both_formats_and_alike_each_time(tmp_path):
    mask = np.eye(28, dtype=bool)
    image = np.full((28, 28), 9, np.uint8)
    digit = ExplainedDigit(image, 3, 0.9, mask, image * mask, 3, 0.8, mask, mask * 1.0)
    figure = mnist_ood([digit, digit])
    assert [axis.get_title() for axis in figure.axes[: len(TITLES)]] == list(TITLES)
    save_figure(figure, tmp_path / "a.png", tmp_path / "a.pdf")
    save_figure(mnist_ood([digit, digit]), tmp_path / "b.png", tmp_path / "b.pdf")
    for kind in ("png", "pdf"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()
    save_figure(solver_scaling(timing_rows()), tmp_path / "c.png")
    assert (tmp_path / "c.png").stat().st_size > 10_000


def test_tables_are_written_as_csv_and_latex(tmp_path):
    table = pd.DataFrame({"a_b": ["50% & more", "x"], "value": [0.123456, np.nan]})
    save_table(table, tmp_path / "t.csv", tmp_path / "t.tex", caption="What it shows.")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "t.csv"), table)
    text = (tmp_path / "t.tex").read_text()
    assert r"50\% \& more" in text
    assert "0.123 " in text
    assert "What it shows." in text


def test_result_tables_come_back_and_add_up(tmp_path):
    table = timing_rows()
    save_results(tmp_path / "a.parquet", table)
    again = load_results(tmp_path / "a.parquet", tmp_path / "a.parquet")
    assert len(again) == 2 * len(table)
    assert list(again.columns) == list(COLUMNS)
    table.rename(columns={"solve_seconds": "seconds"}).to_parquet(tmp_path / "old.parquet")
    with pytest.raises(SmugError, match=r"old\.parquet .*'seconds', 'solve_seconds'.*delete it"):
        load_results(tmp_path / "old.parquet")
    (tmp_path / "b.parquet").write_bytes(b"PAR1 nonsense")
    with pytest.raises(SmugError, match=r"b\.parquet is damaged"):
        load_results(tmp_path / "b.parquet")
    with pytest.raises(SmugError, match=r"no file .*c\.parquet"):
        load_results(tmp_path / "c.parquet")
    with pytest.raises(SmugError, match=r"unknown columns \['colour'\]"):
        as_table([{"colour": 1}])
