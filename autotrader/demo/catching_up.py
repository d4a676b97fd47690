"""temporary"""
import time
def until_caught_up(opened, report):
    last, since = None, time.monotonic()
    while time.monotonic() - since < 4:
        opened.check()
        now = dict(opened.counts.events)
        if now != last: last, since = now, time.monotonic()
        time.sleep(0.2)
