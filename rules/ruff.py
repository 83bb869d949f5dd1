"""What the security rules of ruff.toml must find: behind each line stands which."""

import hashlib
import pickle
import random
import sqlite3
import subprocess
import tempfile
from datetime import datetime

from markupsafe import Markup

import yaml


def run(text: str, connection: sqlite3.Connection) -> None:
    connection.execute(f"SELECT * FROM users WHERE name = '{text}'")  # finds: S608
    connection.execute("SELECT * FROM users WHERE name = '%s'" % text)  # finds: S608
    connection.execute("SELECT * FROM users WHERE name = " + text)  # finds: S608
    subprocess.run(text, shell=True, check=True)  # finds: S602
    subprocess.run([text], check=True)  # finds: S603
    pickle.loads(text.encode())  # finds: S301
    yaml.load(text)  # finds: S506
    eval(text)  # finds: S307
    exec(text)  # finds: S102
    Markup(f"<b>{text}</b>")  # finds: S704
    hashlib.md5(text.encode())  # finds: S324
    tempfile.mktemp()  # finds: S306
    random.random()  # finds: S311
    datetime.now()  # finds: DTZ005


def swallow() -> None:
    password = "let me in"  # finds: S105
    try:
        run(password, sqlite3.connect("/tmp/x"))  # finds: S108
    except Exception:  # finds: S110 BLE001
        pass
    for _ in password:
        try:
            run("", sqlite3.connect(":memory:"))
        except:  # finds: E722 S112
            continue
