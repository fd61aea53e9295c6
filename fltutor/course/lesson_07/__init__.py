"""Lesson 07, correcting drift: its checks, widgets and words."""
