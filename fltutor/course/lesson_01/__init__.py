"""Lesson 01, why federate: its checks, widgets and words."""
