"""Playbooks: model, check, texts, and the plan for a signal."""
