"""For `twistd -ny securechat.tac`: settings come from the environment and SECURECHAT_CONFIG."""

import os
import sys

from twisted.application.service import Application
from twisted.logger import ILogObserver

from securechat.config import ConfigError, load_config
from securechat.log import log_observer
from securechat.service import makeService

try:
    config = load_config({}, os.environ)
except ConfigError as error:
    raise SystemExit("\n".join(error.reasons)) from None

application = Application("SecureChat")
application.setComponent(ILogObserver, log_observer(config.log_format, sys.stdout))
makeService(config).setServiceParent(application)
