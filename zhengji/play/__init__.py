"""The whole campaign as a play: actors who know nothing but the public doors, and an accounting that trusts nobody."""
