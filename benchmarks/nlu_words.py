"""The plain comparison: TF-IDF of words and characters with a linear support vector machine, from scikit-learn."""

import time

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

from benchmarks.nlu_sets import Trial


def figures(trial: Trial) -> dict[str, object]:
    model = make_pipeline(
        make_union(
            TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
        ),
        LinearSVC(C=1),
    )
    started = time.process_time()
    model.fit([one.text for one in trial.train], [one.intent for one in trial.train])
    cost_s = time.process_time() - started
    found = model.predict([one.text for one in trial.test])
    right = sum(answer == one.intent for answer, one in zip(found, trial.test, strict=True))
    return {"accuracy": round(100 * right / len(trial.test), 2), "train_cpu_s": round(cost_s, 1), "n": len(trial.test)}
