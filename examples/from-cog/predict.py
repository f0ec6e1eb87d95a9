"""A model for Cog: the words that a text uses most. `app.py` is the same as a fal.App."""

from collections import Counter
from collections.abc import Iterator

from cog import BasePredictor, Input, streaming


class Predictor(BasePredictor):
    def setup(self) -> None:
        self.ignored = {"a", "an", "and", "is", "of", "the", "to"}

    @streaming
    def predict(
        self,
        text: str = Input(description="What to read"),
        limit: int = Input(description="How many words", default=3, ge=1, le=10),
    ) -> Iterator[str]:
        words = Counter(word for word in text.lower().split() if word not in self.ignored)
        for word, _ in words.most_common(limit):
            print(f"found {word}")
            yield word
