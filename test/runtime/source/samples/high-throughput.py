class HighThroughput(fal.App):
    machine_type = "GPU-H100"
    min_concurrency = 2   # Always have 2 containers ready
    max_concurrency = 10  # Scale up to 10 containers
