"""Learning on one core: the others belong to who talks with customers, and small fits are quicker so."""

from contextlib import AbstractContextManager

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types


def one_thread() -> AbstractContextManager[object]:
    found: AbstractContextManager[object] = threadpool_limits(limits=1)
    return found
