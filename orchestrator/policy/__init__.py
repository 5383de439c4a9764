"""Judgement: values in, decision values out. No clock, no I/O; `now` is a parameter."""
