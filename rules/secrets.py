"""What rules/secrets.yaml must find, and what it must leave."""

# ruleid: random-from-the-system
from random import choice

# ok: random-from-the-system
import random

# ruleid: random-from-the-system
dice = random.Random(7)
# ok: random-from-the-system
pause_s = random.uniform(0.5, 1.0)


def compared(self, sent, token, known, session, csrf_token, mac):
    # ruleid: compared-in-constant-time
    if sent == token:
        return True
    # ruleid: compared-in-constant-time
    if csrf_token != sent:
        return False
    # ruleid: compared-in-constant-time
    if self.setup_token == sent:
        return True
    # ruleid: compared-in-constant-time
    if _mac(known, sent) != mac:
        return False
    # ruleid: compared-in-constant-time
    if token in known:
        return True
    # ok: compared-in-constant-time
    if token is None or token == "":
        return False
    # ok: compared-in-constant-time
    if len(token) != 32 or session.kind == "page":
        return False
    # ok: compared-in-constant-time
    return hmac.compare_digest(sent, token)


def logged(log, self, password, key, request, form):
    # ruleid: nothing-secret-logged
    log.info("came with {password}", event="came")
    # ruleid: nothing-secret-logged
    log.warn("came with {form.token}", form=form)
    # ruleid: nothing-secret-logged
    log.error(f"came with {request.session_cookie!r}")
    # ruleid: nothing-secret-logged
    log.info("came", csrf=1)
    # ruleid: nothing-secret-logged
    log.info("came", room_key=1)
    # ruleid: nothing-secret-logged
    log.debug("came with {x}", x=password)
    # ruleid: nothing-secret-logged
    self.log.debug("came with {x}", x=form["password"] + form.token)
    # ruleid: nothing-secret-logged
    log.failure("came with {x}", x=repr(self._root_key))
    # ruleid: nothing-secret-logged
    log.emit(level, "came with {x}", x=self.secret.decode())
    # ok: nothing-secret-logged
    log.info("{username} has changed the password", event="password_changed", username=1)
    # ok: nothing-secret-logged
    log.error("the key {kid} cannot be given", kid=key.kid, keyring="…")
    # ok: nothing-secret-logged
    answer.tell("{password}", password=password)
