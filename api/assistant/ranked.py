"""Which of the clauses and sentences that retrieval found a question is about."""

from __future__ import annotations

from collections.abc import Sequence

from api.assistant.reply import Composer
from api.assistant.search import Found, Sentence, sentences


class Ranked(Composer):
    """Clauses and sentences in the order of how well they hold what is asked about."""

    def _focus(self, f: Found, words: Sequence[str]) -> float:
        if f.clause is None:
            return 0.0
        texts = [f.clause.heading, *(s.text for s in sentences(f.extraction, f.clause))]
        return max(self.search.coverage(words, t) for t in texts)

    def _ranked(self, found: Sequence[Found], words: Sequence[str]) -> list[Found]:
        """Clauses by place in the list and by their best sentence."""
        top = found[0].score or 1.0

        def worth(f: Found) -> float:
            if f.clause is None:
                return 0.0
            inside = (s.text for s in sentences(f.extraction, f.clause))
            heading = self.search.coverage(words, f.clause.heading) + 0.15
            best = max((self.search.coverage(words, t) for t in inside), default=0.0)
            return f.score / top + 0.8 * max(heading, best)

        return sorted(found, key=worth, reverse=True)

    def _best_sentences(
        self, found: Sequence[Found], words: Sequence[str]
    ) -> list[tuple[float, Found, Sentence]]:
        """Sentences of the clauses found, best first: cover and place in the list count."""
        top = found[0].score or 1.0
        ranked = []
        for f in found:
            if f.clause is None:
                continue
            for s in sentences(f.extraction, f.clause):
                cover = self.search.coverage(words, s.text)
                ranked.append((cover + 0.4 * f.score / top, f, s))
        return sorted(ranked, key=lambda r: -r[0])
