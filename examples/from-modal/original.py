"""A class for Modal: telegrams from texts. `app.py` is the same as a fal.App."""

from collections.abc import Iterator

import modal

app = modal.App("telegraph")
image = modal.Image.debian_slim().pip_install("inflect==7.5.0")


@app.cls(image=image, cpu=1, min_containers=0, max_containers=4, scaledown_window=60, timeout=120)
@modal.concurrent(max_inputs=2)
class Telegraph:
    @modal.enter()
    def load(self) -> None:
        import inflect

        self.numbers = inflect.engine()

    @modal.method()
    def send(self, text: str, stops: bool = True) -> str:
        return self.telegram(text, stops)

    @modal.method()
    def send_by_sentence(self, text: str) -> Iterator[str]:
        for sentence in text.split(". "):
            yield self.telegram(sentence, stops=True)

    @modal.exit()
    def close(self) -> None:
        print("the line is closed")

    def telegram(self, text: str, stops: bool) -> str:
        words = [self.numbers.number_to_words(word) if word.isdigit() else word for word in text.rstrip(".").split()]
        return " ".join(words).upper().replace(".", " STOP" if stops else "")
