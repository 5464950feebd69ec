"""What the scripts that time libraries on a GPU share.

Each writes one JSON object, again after every work, so that what was timed is kept if the process is ended: versions, and for each
precision and way the seconds of each kind of work, null where it failed, with the reason under "errors". Names of works are those of
drift bench without gpu/.
"""
import argparse
import json
import os
import time

REPETITIONS, ROUNDS = 10, 3


def arguments(description, seconds):
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--small", action="store_true", help="sizes that a processor can manage, on one where there is no GPU")
    options.add_argument("--seconds", type=float, default=seconds, help="no work begins later")
    options.add_argument("--out", default="/dev/stdout", help="the file to write")
    return options.parse_args()


def least(step, wait):
    """The least time of one step among rounds of ten between two waits, after one round that is not counted."""
    times = []
    for _ in range(1 + ROUNDS):
        wait()
        start = time.perf_counter()
        for _ in range(REPETITIONS):
            step()
        wait()
        times.append((time.perf_counter() - start) / REPETITIONS)
    return min(times[1:])


class Report:
    """A result that grows by one work at a time."""

    def __init__(self, options, result):
        self.options, self.result, self.start = options, result, time.perf_counter()

    def add(self, precision, way, name, prepare):
        """Times a kind of work. prepare makes a step, and what waits for the steps begun."""
        found = self.result[precision].setdefault(way, {})
        try:
            if time.perf_counter() - self.start > self.options.seconds:
                raise TimeoutError(f"the {self.options.seconds:.0f} seconds for all works were over")
            found[name] = least(*prepare())
        except Exception as failure:  # a way that one work does not take must not hide the others
            found[name] = None
            self.result["errors"][f"{precision} {way} {name}"] = " ".join(f"{type(failure).__name__}: {failure}".split())[:400]
        if not self.to_device():
            self.save()

    def to_device(self):
        return self.options.out.startswith("/dev/")

    def save(self):
        with open(self.options.out + ".part", "w") as f:
            json.dump(self.result, f)
        os.replace(self.options.out + ".part", self.options.out)

    def close(self):
        if self.to_device():
            print(json.dumps(self.result))
