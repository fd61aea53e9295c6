"""Lesson 03, local work for communication: its checks, widgets and words."""
