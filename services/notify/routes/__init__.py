"""The pages of notify: messages for everybody, letters and the mailbox for the centre."""

from services.notify.routes.inbox import inbox
from services.notify.routes.letters import letters
from services.notify.routes.messages import messages

BLUEPRINTS = (messages, letters, inbox)
