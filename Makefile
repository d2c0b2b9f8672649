# What one does with the platform on one machine; `make help` lists it.
.DEFAULT_GOAL := help
.PHONY: help up-servers down
LOCAL := python3 -m deploy.local

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

up-servers: ## start MongoDB, Kafka, MinIO and the mail server only
	@$(LOCAL) servers

down: ## stop what was started from here, and nothing else
	@$(LOCAL) down
