"""The forms of intake: fields and their messages. What needs more than the form itself is refused by the rules."""
