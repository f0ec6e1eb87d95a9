"""The no-op task on Celery."""

import os

from celery import Celery
from celery.signals import worker_ready

app = Celery("noop", broker=os.environ["BENCH_REDIS"], backend=os.environ["BENCH_REDIS"])
app.conf.broker_pool_limit = 64


@worker_ready.connect
def say_ready(**_):
    print("The worker is ready", flush=True)


@app.task(name="noop")
def noop(prompt):
    return {"text": prompt}
