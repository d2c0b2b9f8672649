"""The version of what runs: pages, manifests and images name it."""

VERSION = "0.1.0"
