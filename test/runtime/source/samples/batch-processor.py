class BatchProcessor(fal.App):
    machine_type = "GPU-H100"

    @fal.endpoint("/batch")
    def process_batch(self, items: list[str]) -> list[dict]:
        """Process multiple items efficiently."""
        results = []
        for item in items:
            result = self.process_single(item)
            results.append(result)
        return results
