"""How the platform is run: on one machine, as images, on Kubernetes."""
