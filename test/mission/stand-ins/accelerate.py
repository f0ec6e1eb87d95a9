"""Stands in for Hugging Face Accelerate, which the samples require and do not import."""
