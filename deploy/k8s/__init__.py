"""The platform on Kubernetes: manifests made from the same table that starts it on one machine."""
