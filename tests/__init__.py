"""Tests of the package, and the brute force and strategies that they share."""
