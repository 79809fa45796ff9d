"""Tests of the launcher and of the suite itself."""
