"""Lesson 05, client drift: its checks, widgets and words."""
