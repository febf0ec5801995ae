"""Prints the figures of `reins bench --json` as a table, and each aim beside what was measured.

    python3 tests/bench/aims.py target/bench/bench.json
"""

import json
import sys

ENVOY, NGINX, MEMORY = "envoy", "nginx", "reins, memory"
PROCESS, POWER = "reins, process", "reins, power"


class Figures:
    """The medians of one run."""

    def __init__(self, report):
        self.report = report
        self.medians = {(f["what"], f["of"]): f["median"] for f in report["figures"]}

    def __call__(self, what, of=PROCESS):
        return self.medians[what, of]

    def table(self):
        rows, columns = {}, {}
        for figure in self.report["figures"]:
            columns.setdefault(figure["of"])
            median, low, high = figure["median"], figure["low"], figure["high"]
            cell = f"{median}" if low == high else f"{median} ({low}–{high})"
            rows.setdefault((figure["what"], figure["unit"]), {})[figure["of"]] = cell
        yield ["", *columns]
        for (what, unit), cells in rows.items():
            name = f"{what.replace('_', ' ')}, {unit}"
            yield [name, *(cells.get(of, "") for of in columns)]


def aims(of):
    """What is aimed at: a sentence, the figure, and the line it has to keep to."""
    added, first = "one_client_p50_added", "streams_first_chunk_p50"
    yield "one client, p50 added, process: what Envoy adds", of(added), "≤", of(added, ENVOY)
    yield "… 3 × what nginx adds", of(added), "≤", 3 * of(added, NGINX)
    yield "one client, p50 added, power: 2 × Envoy", of(added, POWER), "≤", 2 * of(added, ENVOY)
    rate, p99 = "ten_clients_rate", "ten_clients_p99"
    yield "ten clients, calls/s, process: Envoy's", of(rate), "≥", of(rate, ENVOY)
    yield "… 0.6 of nginx's", of(rate), "≥", of(rate, NGINX) * 6 // 10
    yield "ten clients, p99, process: Envoy's", of(p99), "≤", of(p99, ENVOY)
    yield "streams, first chunk, process: Envoy's", of(first), "≤", of(first, ENVOY)
    yield "streams, calls/s: Envoy's", of("streams_rate"), "≥", of("streams_rate", ENVOY)
    yield "400 KB prompt, p50 added, µs", of("long_prompt_p50_added"), "≤", 2_000
    yield "hold, judge, settle in memory, p99, ns", of("decision_p99", MEMORY), "≤", 10_000
    yield "hold, judge, settle in memory, calls/s", of("decision_rate", MEMORY), "≥", 200_000
    yield "durable, 256 in flight, process, calls/s", of("durable_rate"), "≥", 60_000
    yield "durable, 256 in flight, power, calls/s", of("durable_rate", POWER), "≥", 60_000
    calls = of("memory_calls")
    yield f"memory after {calls} calls, KiB", of("memory_after_calls"), "≤", 80 * 1024
    yield "ready, ms", of("ready"), "≤", 300


def aligned(rows):
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()


def verdict(figure, sign, line):
    met = figure <= line if sign == "≤" else figure >= line
    return "met" if met else "MISSED"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        of = Figures(json.load(file))
    rounds, cores = of.report["rounds"], of.report["cores"]
    print(f"\nmedian (range) of {rounds} rounds; all of it shares {cores} cores\n")
    print("\n".join(aligned(of.table())))
    print()
    print("\n".join(aligned([*aim, verdict(*aim[1:])] for aim in aims(of))))


if __name__ == "__main__":
    main()
