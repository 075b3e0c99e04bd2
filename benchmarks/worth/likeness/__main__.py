"""How like unseen units the product's lives are, by three judges of windows.

`python -m benchmarks.worth.likeness FOLDER` measures the sets of `benchmarks.worth`. A draw is a
few known units of a set and up to 40 others; judges separate windows of the lives that the product
makes out of the known units from windows of the others. The null is how well they separate two
halves of a set.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.worth.draws import FEWEST_ASKED, drawn
from benchmarks.worth.likeness.comparison import Verdict, halves_of, verdicts
from benchmarks.worth.likeness.judges import JUDGES
from benchmarks.worth.sets import all_sets
from benchmarks.worth.sides.product import ours
from errors import InvalidInput

#: With 100 known units only MIT has enough others.
KNOWN_UNITS, DRAWS, HALVES = (3, 10, 20, 50, 100), 3, 5
#: Three times as many windows as when worth is measured: nets need more than boosting.
OF_A_LIFE = 30

Entry = dict[str, Any]


def main() -> None:
    """Measure all sets."""
    import torch

    torch.set_num_threads(1)
    options = _options()
    sources = all_sets(options.folder, options.cmapss)
    entries: list[Entry] = []
    for name in options.sets or sources:
        entries += judged(name, sources[name]())
        print("\n".join(table(entries)), flush=True)  # noqa: T201
        if options.json:
            lines = ",\n".join(json.dumps(entry) for entry in entries)
            options.json.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", help="measured cells")
    parser.add_argument("--cmapss", type=Path, help="folder with train_FD001.txt")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--sets", nargs="+")
    return parser.parse_args()


def judged(name: str, frame: pd.DataFrame) -> Iterator[Entry]:
    """The null of a set, then one entry for each number of known units."""
    halves = [verdicts(*halves_of(frame, number), OF_A_LIFE) for number in range(HALVES)]
    yield {"set": name, "known": None, "refused": 0} | _means(halves)
    for known in KNOWN_UNITS:
        if frame["unit_id"].nunique() - known >= FEWEST_ASKED:
            found = list(_of_draws(frame, known))
            yield {"set": name, "known": known, "refused": DRAWS - len(found)} | _means(found)


def _of_draws(frame: pd.DataFrame, known: int) -> Iterator[dict[str, Verdict]]:
    """What the judges say of each draw whose known units the product accepts."""
    for number in range(DRAWS):
        draw = drawn(frame, known, number)
        try:
            lives = ours(draw.known, number)
        except InvalidInput:
            continue
        yield verdicts(lives, draw.unseen, OF_A_LIFE)


def _means(found: Iterable[Mapping[str, Verdict]]) -> Entry:
    """Mean AUC and discriminative score of each judge."""
    each = list(found)
    return {
        judge: Verdict(*np.mean([one[judge] for one in each], axis=0).tolist())._asdict()
        for judge in JUDGES
        if each
    }


def table(entries: Iterable[Entry]) -> Iterator[str]:
    """AUC and discriminative score of each judge, in Markdown."""
    yield f"| set | known | {' | '.join(f'{judge}: AUC, score' for judge in JUDGES)} |"
    yield "|---" * (len(JUDGES) + 2) + "|"
    for entry in entries:
        shown = (
            f"{entry[judge]['auc']:.2f}, {entry[judge]['discriminative']:.2f}"
            if judge in entry
            else "refused"
            for judge in JUDGES
        )
        yield f"| {entry['set']} | {entry['known'] or 'halves'} | {' | '.join(shown)} |"


if __name__ == "__main__":
    main()
