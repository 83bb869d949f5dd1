"""What rules/sql.yaml must find, and what it must leave."""


def must_be_found(tx, cursor, self, pool, room, rooms, log, act):
    # ruleid: sql-of-constants
    tx.run(f"UPDATE rooms SET name = '{room}'")
    # ruleid: sql-of-constants
    tx.one("SELECT name FROM rooms WHERE id = '%s'" % room)
    # ruleid: sql-of-constants
    tx.all("SELECT name FROM rooms WHERE id = '" + room + "'")
    # ruleid: sql-of-constants
    tx.all("SELECT name FROM rooms WHERE id = '{}'".format(room))
    # ruleid: sql-of-constants
    tx.all(ROOMS.format(rooms=",".join(rooms)), room)
    # ruleid: sql-of-constants
    tx.all(ROOMS.format(rooms=marks(rooms), order=room), *rooms)
    # ruleid: sql-of-constants
    tx.all(ROOMS + room)
    # ruleid: sql-of-constants
    act.tx.run(room.statement, room.id)
    # ruleid: sql-of-constants
    self._tx.run_many(f"INSERT INTO {room} VALUES (?)", [[1]])
    # ruleid: sql-of-constants
    self._all(f"PRAGMA {room}")
    # ruleid: sql-of-constants
    cursor.execute("SET SESSION names = %s" % room)
    # ruleid: sql-of-constants
    cursor.executemany(room, [[1]])
    # ruleid: sql-of-constants
    self._ask(self._cursor.execute, f"DROP TABLE {room}", ())
    # ruleid: sql-of-constants
    pool.runQuery("SELECT " + room)
    # ruleid: sql-of-constants
    pool.runOperation(f"DROP TABLE {room}")
    # ruleid: sql-of-constants
    sql = f"SELECT {room}"
    # ruleid: sql-of-constants
    sql += room
    # ruleid: sql-of-constants
    tx.run(
        room +
        sql
    )
    # ruleid: sql-of-constants
    tx.run_each([sql, name], room)
    return tx.all(sql)


def must_be_left(tx, cursor, self, log, act, rooms, writes, dialect):
    # ok: sql-of-constants
    tx.one("SELECT 1")
    # ok: sql-of-constants
    tx.run(RENAME, act.name, act.room)
    # ok: sql-of-constants
    act.tx.run(places.NAME, act.name)
    # ok: sql-of-constants
    tx.run_each(BELONGINGS, act.user)
    # ok: sql-of-constants
    tx.one(PERSON + tx.for_update, act.user)
    # ok: sql-of-constants
    tx.all(ROOMS.format(rooms=marks(rooms), users=marks(rooms)), *rooms, *rooms)
    # ok: sql-of-constants
    tx.all(TABLES[tx.dialect_name])
    # ok: sql-of-constants
    tx.all(" UNION ALL ".join([COUNTS] * len(rooms)), *rooms)
    # ok: sql-of-constants
    sql = ROOMS.format(rooms=marks(rooms))
    # ok: sql-of-constants
    cursor.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
    # ok: sql-of-constants
    return log.all(f"not a transaction {rooms}"), all(one for one in rooms)
