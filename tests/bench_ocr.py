"""What recognition costs: seconds and memory a page, beside the library's own bare time.

    python -m tests.bench_ocr [PICTURE ...]

Without pictures a drawn page of 26 lines is read, clean and as a scan with skew, noise and a seal.
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path
from statistics import median

import cv2

from ingest.readers import ocr
from ingest.readers.images import Pixels, pages_of
from ingest.readers.recognised_pages import _recognise
from ingest.readers.source import PageSize
from tests.ingest.readers.drawn import page, pixels, scanned, sealed, wrapped

_TIMES = 3
_WORDS = "各责任单位要按照职责分工，细化工作举措，明确时间节点，确保到2025年底前全面完成各项目标任务，城乡供水覆盖率达到95%以上。"


def pictures(paths: list[str]) -> dict[str, Pixels]:
    """Pages by name."""
    if paths:
        return {
            f"{Path(path).name} {number}": found
            for path in paths
            for number, found in enumerate(pages_of(Path(path).read_bytes(), path, 300), start=1)
        }
    drawn = page(wrapped(_WORDS * 12))
    return {"clean": pixels(drawn), "scan": pixels(scanned(sealed(drawn, 1100, 1500)))}


def seconds(work: object) -> float:
    """The median time of some runs, of the processor."""
    taken = []
    for _ in range(_TIMES):
        began = time.process_time()
        work()  # type: ignore[operator]
        taken.append(time.process_time() - began)
    return median(taken)


def main(paths: list[str]) -> None:
    """Print a line a page, then the most memory."""
    engine = ocr._engine()
    for name, shown in pictures(paths).items():
        bgr = cv2.cvtColor(shown, cv2.COLOR_RGB2BGR)
        engine(bgr)
        bare = seconds(lambda bgr=bgr: engine(bgr))
        ours = seconds(lambda shown=shown: _recognise(shown, 1, PageSize(595.28, 841.89)))
        print(f"{name}: {ours:.2f} s, rapidocr alone {bare:.2f} s: {ours / bare:.2f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"most memory {peak:.0f} MB")


if __name__ == "__main__":
    main(sys.argv[1:])
