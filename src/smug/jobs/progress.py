"""The state of a run in one line: finished steps, running rules, time left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

#: Share of the steps that must be finished before the time left is guessed.
_KNOWN = 0.1


class Progress:
    """Steps of a run: how many there are by rule, which run, how long those took that ended."""

    def __init__(self) -> None:
        self.finished = 0
        self._planned: Counter[str] = Counter()
        self._running: dict[int, tuple[str, float]] = {}
        self._took: dict[str, list[float]] = {}
        self._began: float | None = None

    @property
    def total(self) -> int:
        """Steps of the run."""
        return self._planned.total()

    def plan(self, steps: Mapping[str, int]) -> None:
        """Tell how many steps of each rule the run has."""
        self._planned = Counter(steps)

    def start(self, step: int, rule: str, time: float) -> None:
        """Tell that a step runs from a time on, in seconds."""
        self._began = time if self._began is None else self._began
        self._running[step] = (rule, time)

    def finish(self, step: int, time: float) -> None:
        """Tell that a step ended well at a time, in seconds."""
        self.finished += 1
        if step in self._running:
            rule, began = self._running.pop(step)
            self._took.setdefault(rule, []).append(time - began)

    def fail(self, step: int) -> None:
        """Tell that a step runs no longer, and is not done."""
        self._running.pop(step, None)

    def seconds_left(self, time: float) -> float | None:
        """Guess the seconds that the run still takes.

        A step is taken to last as long as the finished ones of its rule, on average; one of a rule
        that has none, as long as all finished steps. As many steps are taken to run at a time as
        did until now.

        Parameters
        ----------
        time : float
            Now, in seconds.

        Returns
        -------
        float or None
            None as long as fewer than a tenth of the steps are finished.
        """
        took = [seconds for rule in self._took.values() for seconds in rule]
        if self._began is None or not took or self.finished < _KNOWN * self.total:
            return None
        means = {rule: sum(seconds) / len(seconds) for rule, seconds in self._took.items()}
        mean = sum(took) / len(took)
        spent = {step: time - began for step, (_, began) in self._running.items()}
        # What runs longer than expected may end at any moment.
        work = sum(
            max(means.get(rule, mean) - spent[step], 0.0)
            for step, (rule, _) in self._running.items()
        )
        running = Counter(rule for rule, _ in self._running.values())
        for rule, planned in self._planned.items():
            waiting = planned - len(self._took.get(rule, ())) - running[rule]
            work += max(waiting, 0) * means.get(rule, mean)
        busy = (sum(took) + sum(spent.values())) / max(time - self._began, 1e-9)
        return work / max(busy, 1.0)

    def line(self, time: float) -> str:
        """Write the state at a time, in seconds."""
        parts = [f"{self.finished} of {self.total} steps"]
        left = self.seconds_left(time)
        if left is not None and self.finished < self.total:
            parts.append(f"{_spoken(left)} left")
        running = Counter(rule for rule, _ in self._running.values())
        rules = [f"{count} {rule}" if count > 1 else rule for rule, count in running.items()]
        return ", ".join(parts) + (f"; running: {', '.join(rules)}" if rules else "")


def _spoken(seconds: float) -> str:
    """Duration as a person would say it of a guess."""
    if seconds < 60:
        return "less than a minute"
    if seconds < 90 * 60:
        return f"about {seconds / 60:.0f} min"
    return f"about {seconds / 3600:.1f} h"
