"""Lesson 02, FedAvg from scratch: its checks, widgets and words."""
