"""Lower bounds on the mask size from small blocks of variables that must agree with each other.

All nodes that see the same few mask variables form a *block*; its valid patterns are listed once
(at most ``2^16``). A mask picks one valid pattern per block, and blocks agree on every variable
and every pair of variables they share. Replacing agreement by prices (Lagrangian relaxation)
leaves one independent table look-up per block:

``sum(m) >= sum_b  min over valid patterns x of  theta_b . phi(x),    phi(x) = (x_i x_j, i <= j)``

for all prices that sum over the blocks to 1 for a variable and to 0 for a pair: every ``theta``
met on the way proves a bound, and raising it needs no branching. The linear relaxation of the
rows themselves is worthless at ``gamma = 0``, where any fraction of a mask scales; valid patterns
do not scale, and agreement on pairs makes neighbouring blocks act almost as one.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

#: Largest block whose patterns are listed, and the most memory (bytes) all lists may take.
BLOCK_LIMIT, TABLE_LIMIT = 16, 400_000_000
#: Slack that only ever admits more patterns, so that rounding cannot make a bound too high.
SLACK = 1e-9
#: Added to the price of an invalid pattern; real prices are a few variables' worth.
IMPOSSIBLE = 1e6
#: Tables are float32; no entry is a sum of more than this many rounded terms.
ROUNDING = 32 * float(np.finfo(np.float32).eps)
#: Start and end of the temperature of the soft minimum, in units of one mask variable.
HOT, COLD = 0.05, 0.003
#: Patterns per block that one exact pricing may add to the active ones.
FRESH = 16

#: Every 0/1 pattern of up to half a block, lowest bit first.
_BITS = [
    ((np.arange(1 << k)[:, None] >> np.arange(k)) & 1).astype(np.float32)
    for k in range(BLOCK_LIMIT // 2 + 1)
]

#: BLAS on several threads takes 50 times as long for products as small as these.
_one_blas_thread = threadpool_limits.wrap(limits=1, user_api="blas")


class BlockBound:
    """Blocks of a mask problem, the prices that tie them, and the bound these prove.

    Parameters
    ----------
    A : scipy.sparse.csr_array, shape (rows, variables)
        Rows of the problem, indices sorted. Rows with more than :data:`BLOCK_LIMIT` variables
        are left out, which keeps the bound valid.
    demand : numpy.ndarray, shape (rows,)
        Right-hand sides.

    Attributes
    ----------
    bound : float
        Best proven lower bound so far, and the one that the present prices prove.
    covered : int
        Number of rows that take part.
    settled : bool
        Whether further rounds promise little.
    """

    def __init__(self, A: sparse.csr_array, demand: np.ndarray) -> None:
        members = _group_rows(A)
        self.columns = [np.frombuffer(key, A.indices.dtype) for key in members]
        self.covered = sum(map(len, members.values()))
        self.bound, self.settled, self.variables = 0.0, False, A.shape[1]
        if not members:
            return
        self.invalid = [_invalid_patterns(A, demand, np.array(rows)) for rows in members.values()]
        self.pairs = [np.triu_indices(len(columns)) for columns in self.columns]
        self.start = np.concatenate([[0], np.cumsum([len(i) for i, _ in self.pairs])])
        ends = [
            np.stack([columns[i], columns[j]]).astype(np.int64)
            for columns, (i, j) in zip(self.columns, self.pairs, strict=True)
        ]
        i, j = np.concatenate(ends, axis=1)
        self.feature = np.unique(i * A.shape[1] + j, return_inverse=True)[1]
        self.share = np.bincount(self.feature)
        self.single = i == j
        self.theta = np.where(self.single, 1.0 / self.share[self.feature], 0.0)
        self.block, self.code = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self.phi = sparse.csr_array((0, len(self.theta)))
        self._temperature, self._steps, self._rounds = HOT, 10.0, 0
        self._gains: list[float] = []
        least = self._price(self.theta, np.full(len(self.columns), IMPOSSIBLE / 2))
        self.bound = self._certified(least, self.theta)

    def improve(self) -> None:
        """One round: climb on the active patterns, then price all patterns exactly.

        A round whose exact value falls has left the active patterns' realm: its prices are
        dropped, its patterns kept, and the next climb is shorter.
        """
        theta = self._climb()
        value = np.minimum.reduceat(self.phi @ theta, self.first)
        least = self._price(theta, value + self._temperature)
        exact, hoped = self._certified(least, theta), value.sum()
        self._rounds += 1
        if exact > self.bound:
            self._gains.append((exact - self.bound) / max(abs(exact), 1.0))
            self.theta, self.bound = theta, exact
            self._steps = min(self._steps * 1.4, 40.0)
        else:
            self._gains.append(0.0)
            self._steps = max(self._steps * 0.4, 2.0)
        if hoped - exact < 0.01 * abs(hoped):
            self._temperature = max(0.8 * self._temperature, COLD)
        self.settled = self._temperature == COLD and sum(self._gains[-8:]) < 1e-3

    @_one_blas_thread
    def reduced_costs(self) -> tuple[np.ndarray, np.ndarray]:
        """Rise of the bound if a variable is chosen, and if it is left out.

        Returns
        -------
        chosen, left_out : numpy.ndarray, shape (variables,)
            ``bound + chosen[j]`` bounds every mask with ``m_j = 1``, likewise ``left_out``;
            :data:`IMPOSSIBLE` and more where no valid pattern has that value.
        """
        chosen, left_out = np.zeros(self.variables), np.zeros(self.variables)
        for b, columns in enumerate(self.columns):
            value, half = self._values(b, self.theta), len(columns) // 2
            # Double precision: the differences below must not be rounded once more.
            first, second = (value.min(axis=axis).astype(np.float64) for axis in (1, 0))
            least = first.min()
            for bits, best, names in (
                (_BITS[half] > 0, first, columns[:half]),
                (_BITS[len(columns) - half] > 0, second, columns[half:]),
            ):
                on = np.where(bits, best[:, None], np.inf).min(axis=0) - least
                off = np.where(bits, np.inf, best[:, None]).min(axis=0) - least
                chosen[names] = np.maximum(chosen[names], on)
                left_out[names] = np.maximum(left_out[names], off)
        return chosen, left_out

    def _certified(self, least: np.ndarray, theta: np.ndarray) -> float:
        """Sum of block minima less everything that rounding may have added to it."""
        return float(least.sum() - ROUNDING * np.abs(theta).sum())

    def _values(self, b: int, theta: np.ndarray) -> np.ndarray:
        """Price of every pattern of one block, as first × second half of its bits.

        ``phi`` is a quadratic form, so one small matrix product fills the whole table.
        """
        k = len(self.columns[b])
        half, form = k // 2, np.zeros((k, k), np.float32)
        form[self.pairs[b]] = theta[self.start[b] : self.start[b + 1]]
        first, second = _BITS[half], _BITS[k - half]
        own_first = ((first @ form[:half, :half]) * first).sum(axis=1)
        own_second = ((second @ form[half:, half:]) * second).sum(axis=1)
        left = np.column_stack([first @ form[:half, half:], own_first, np.ones_like(own_first)])
        value = left @ np.column_stack([second, np.ones_like(own_second), own_second]).T
        # Far faster than assigning through a boolean mask; adds exactly 0 to valid patterns.
        value += np.multiply(self.invalid[b], IMPOSSIBLE, dtype=np.float32)
        return value

    @_one_blas_thread
    def _price(self, theta: np.ndarray, below: np.ndarray) -> np.ndarray:
        """Exact minimum of every block; patterns cheaper than ``below`` become active."""

        def cheapest(b: int) -> tuple[float, np.ndarray]:
            value, size = self._values(b, theta), len(self.columns[b])
            second = value.argmin(axis=1)
            best = value[np.arange(len(second)), second]
            first = np.flatnonzero(best < below[b])
            first = first[np.argsort(best[first], kind="stable")[:FRESH]]
            return best.min(), (first << (size - size // 2)) + second[first]

        priced = [cheapest(b) for b in range(len(self.columns))]
        codes = [found for _, found in priced]
        blocks = np.repeat(np.arange(len(codes)), [len(found) for found in codes])
        self._activate(blocks, np.concatenate(codes))
        return np.array([least for least, _ in priced], np.float64)

    def _activate(self, blocks: np.ndarray, codes: np.ndarray) -> None:
        """Append patterns that are not yet active, keeping blocks contiguous in ``phi``."""
        known = self.block << BLOCK_LIMIT | self.code
        fresh = ~np.isin(blocks << BLOCK_LIMIT | codes, known)
        blocks, codes = blocks[fresh], codes[fresh]
        sizes = np.array([len(columns) for columns in self.columns])[blocks]
        rows, cols = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for k in np.unique(sizes):
            at, half = np.flatnonzero(sizes == k), k // 2
            second = codes[at] & ((1 << (k - half)) - 1)
            bits = np.hstack([_BITS[half][codes[at] >> (k - half)], _BITS[k - half][second]]) > 0
            i, j = np.triu_indices(k)
            pattern, pair = np.nonzero(bits[:, i] & bits[:, j])
            rows.append(at[pattern])
            cols.append(self.start[blocks[at[pattern]]] + pair)
        r, c = np.concatenate(rows), np.concatenate(cols)
        new = sparse.csr_array((np.ones(len(r)), (r, c)), shape=(len(blocks), self.phi.shape[1]))
        self.block, self.code = np.append(self.block, blocks), np.append(self.code, codes)
        order = np.argsort(self.block, kind="stable")
        self.block, self.code = self.block[order], self.code[order]
        self.phi = sparse.csr_array(sparse.vstack([self.phi, new]).tocsr()[order])
        self.phi_t = sparse.csr_array(self.phi.T)
        self.first = np.searchsorted(self.block, np.arange(len(self.columns)))

    def _climb(self) -> np.ndarray:
        """Accelerated gradient ascent (with restarts) on the soft minimum of active patterns."""
        step, momentum, last = 0.8 * self._temperature, 1.0, -np.inf
        theta = ahead = self.theta
        for _ in range(int(self._steps)):
            value, gradient = self._smooth(ahead)
            if value < last:
                step, momentum, last, ahead = 0.7 * step, 1.0, -np.inf, theta
                continue
            last = value
            new = ahead + step * gradient
            following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
            ahead = new + (momentum - 1) / following * (new - theta)
            theta, momentum = new, following
        return theta

    def _smooth(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """Soft-minimum dual over the active patterns and its gradient within the price sums."""
        value, T = self.phi @ theta, self._temperature
        low = np.minimum.reduceat(value, self.first)
        weight = np.exp((low[self.block] - value) / T)
        total = np.add.reduceat(weight, self.first)
        gradient = self.phi_t @ (weight / total[self.block])
        if self._rounds < 4:
            gradient *= self.single  # pairs only once single variables have found their price
        gradient -= (np.bincount(self.feature, gradient) / self.share)[self.feature]
        return float((low - T * np.log(total)).sum()), gradient


def _group_rows(A: sparse.csr_array) -> dict[bytes, list[int]]:
    """Rows by the variables they see, small ones first, while their tables fit in memory."""
    size = np.diff(A.indptr)
    members: dict[bytes, list[int]] = {}
    room = TABLE_LIMIT
    for row in np.argsort(size, kind="stable"):
        if not 0 < size[row] <= BLOCK_LIMIT:
            continue
        key = A.indices[A.indptr[row] : A.indptr[row + 1]].tobytes()
        if key not in members:
            room -= 1 << int(size[row])
            if room < 0:
                break
        members.setdefault(key, []).append(int(row))
    return members


def _invalid_patterns(A: sparse.csr_array, demand: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """1 for patterns that miss a row of a block; axes: first and second half of its bits."""
    coef = np.stack([A.data[A.indptr[row] : A.indptr[row + 1]] for row in rows])
    half = coef.shape[1] // 2
    first = coef[:, :half] @ _BITS[half].T.astype(np.float64)
    second = coef[:, half:] @ _BITS[coef.shape[1] - half].T.astype(np.float64)
    invalid = np.zeros((first.shape[1], second.shape[1]), bool)
    for a, b, d in zip(first, second, demand[rows], strict=True):
        invalid |= a[:, None] + b[None] < d - SLACK * (1 + abs(d))
    return invalid.view(np.uint8)
