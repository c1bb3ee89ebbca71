"""Messages the way people really type them: `python -m benchmarks.nlu_messy`. Prints what went wrong."""

import yaml

from benchmarks.nlu_sets import ENCODERS, LANGUAGES
from benchmarks.report import ROOT, tell
from nlu.encoders.plan import planned
from nlu.encoders.shelf import EncoderShelf
from nlu.engine import NluResult, Zone
from nlu.native import NativeEngine
from nlu.training import train_only

NOT_FOR_US = "none"
_ASKED_BACK = 3


def is_served(result: NluResult, accepted: list[str]) -> bool:
    """The right intent answered, or asked back among others; what is not for us is not carried out."""
    if accepted[0] == NOT_FOR_US and result.zone is not Zone.ANSWER:
        return True
    if result.zone is Zone.ANSWER:
        return result.intent in accepted
    return result.zone is Zone.CLARIFY and any(name in accepted for name, _ in result.intents[:_ASKED_BACK])


def main() -> None:
    plan = planned("auto", EncoderShelf(ENCODERS), lambda _stage, _share: None)
    engine = NativeEngine.load(train_only(ROOT / "config" / "nlu", ROOT / "var" / "models", plan), plan.shelf)
    figures: dict[str, object] = {}
    for language in LANGUAGES:
        cases = yaml.safe_load((ROOT / "tests" / "nlu" / "messy" / f"{language}.yml").read_text(encoding="utf-8"))
        results = [
            (text, engine.parse(text, languages=LANGUAGES, hint=language), names) for text, names in cases.items()
        ]
        served = sum(is_served(result, accepted) for _, result, accepted in results)
        wrong = [(text, result, names) for text, result, names in results
                 if result.zone is Zone.ANSWER and result.intent not in names]  # fmt: skip
        for text, result, accepted in results:
            if not is_served(result, accepted):
                print(f"{language}: {text!r} {result.zone} {result.intents[:3]}, not {accepted}")
        share = 100 / len(results)
        figures[language] = {
            "served": round(served * share, 1), "wrong_carried_out": round(len(wrong) * share, 1), "n": len(results)
        }  # fmt: skip
    tell(figures, n=len(figures), seed=0)


if __name__ == "__main__":
    main()
