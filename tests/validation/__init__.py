"""Tests of the validation service."""
