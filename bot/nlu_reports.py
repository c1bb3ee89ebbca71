"""Models of the NLU judged and compared, as text for the terminal and as Markdown."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from nlu.engine import NluEngine, Zone
from nlu.regression import Expected

_EXAMPLES = 3
_LONGEST = 100


def evaluation_text(description: Mapping[str, object]) -> str:
    """What cross-validation said when the model was trained, by language."""
    lines = [f"{description['model_id']}, {description['texts']} examples, judged on examples it had not seen", ""]
    lines += [f"{'':<4}{'texts':>7}{'accuracy':>10}{'answered':>10}{'asked':>8}{'person':>8}{'wrong':>8}{'ECE':>8}"]
    languages = description["languages"]
    for language, part in languages.items() if isinstance(languages, dict) else ():
        judged = part["judgement"]
        zones = judged["zones"]
        shares = [
            judged["accuracy"],
            *(zones[zone] for zone in ("answer", "clarify", "handoff")),
            judged["wrong_answers"],
        ]
        figures = "".join(f"{share:>{width}.1%}" for share, width in zip(shares, (10, 10, 8, 8, 8), strict=True))
        lines.append(f"{language:<4}{judged['texts']:>7}{figures}{judged['calibration_error']:>8.3f}")
    return "\n".join(lines)


def labelled_text(engine: NluEngine, expectations: Sequence[Expected], languages: Sequence[str]) -> str:
    """Accuracy, coverage and wrong answers on labelled texts, by language."""
    lines = [f"{'':<4}{'texts':>7}{'accuracy':>10}{'answered':>10}{'wrong':>8}"]
    by_language: dict[str, list[Expected]] = defaultdict(list)
    for expected in expectations:
        by_language[expected.language].append(expected)
    for language, mine in by_language.items():
        results = [(engine.parse(one.text, languages=languages, hint=language), one.intent) for one in mine]
        right = sum(result.intent == intent for result, intent in results)
        answered = [(result, intent) for result, intent in results if result.zone is Zone.ANSWER]
        wrong = sum(result.intent != intent for result, intent in answered)
        shares = (right / len(mine), len(answered) / len(mine), wrong / len(mine))
        lines.append(f"{language:<4}{len(mine):>7}{shares[0]:>10.1%}{shares[1]:>10.1%}{shares[2]:>8.1%}")
    return "\n".join(lines)


def comparison_text(old: NluEngine, new: NluEngine, texts: Sequence[tuple[str, str]], languages: Sequence[str]) -> str:
    """Markdown: what changes by language and intent, with examples. `texts` are (text, language)."""
    changes: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    zones: Counter[tuple[str, str]] = Counter()
    for text, language in texts:
        before, after = (engine.parse(text, languages=languages, hint=language) for engine in (old, new))
        zones[before.zone.value, after.zone.value] += 1
        if before.intent != after.intent:
            changes[before.language, before.intent, after.intent].append(text)
    changed = sum(map(len, changes.values()))
    lines = [
        f"# {new.model_id} beside {old.model_id}",
        "",
        f"{len(texts)} messages, {changed} with another intent.",
        "",
    ]
    lines += ["| was | would be | messages |", "|---|---|---|"]
    lines += [f"| {was} | {would_be} | {count} |" for (was, would_be), count in sorted(zones.items())]
    for (language, was, would_be), examples in sorted(changes.items(), key=lambda item: -len(item[1])):
        lines += ["", f"## {language}: {was} → {would_be} ({len(examples)})", ""]
        lines += [f"* {' '.join(example.split())[:_LONGEST]}" for example in examples[:_EXAMPLES]]
    return "\n".join(lines) + "\n"
