"""Cases by the thousand against the API: `python -m benchmarks.api_cases`. Valid and broken ones; none may be a 5xx."""

import sys
import tempfile
import time
from pathlib import Path

from tests.support.api_process import send_cases, served_api
from tests.support.postgres import migrated_database, running_postgres

WANTED, EXAMPLES, SEED = 5_000, 300, 20261126


def main() -> int:
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o711)
        with running_postgres(Path(directory)) as server, served_api(migrated_database(server, "cases")) as served:
            began = time.monotonic()
            verdict = send_cases(served, examples=EXAMPLES, seed=SEED)
            took_s = time.monotonic() - began
    state = "no 5xx" if verdict.is_clean else "with faults"
    print(f"{verdict.cases} cases in {took_s:.0f} s, {state}, seed {SEED}")
    if not verdict.is_clean or verdict.cases < WANTED:
        print(verdict.told)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
